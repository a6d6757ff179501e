-- noted: the due_at of the weekly file that stands in the audit already, however often it is tried.
ALTER TABLE export_plans ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;

-- The export that each person has under way, in whatever process: one for each. token: which it
-- is. lasts_until: a process that is alive moves that on; one that has died keeps nobody waiting.
CREATE TABLE exports_under_way (
    employee_id INTEGER PRIMARY KEY REFERENCES employees (id) ON DELETE CASCADE,
    token INTEGER NOT NULL,
    lasts_until INTEGER NOT NULL
) STRICT;
