-- Working hours of the company (line '') and of lines that differ. week: JSON, for each weekday,
-- Monday first, its spans of [from, to) in minutes of the day.
CREATE TABLE working_hours (
    line TEXT PRIMARY KEY,
    week TEXT NOT NULL
) STRICT;

-- Days on which nobody works, as YYYY-MM-DD.
CREATE TABLE holidays (
    day TEXT PRIMARY KEY
) STRICT;

-- Numbers the administrators choose, see bot/domain/company.py; and opening_at, when the next list
-- of open cases is due.
CREATE TABLE company_numbers (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

ALTER TABLE employees ADD COLUMN quiet_from INTEGER;
ALTER TABLE employees ADD COLUMN quiet_to INTEGER;

-- Of a case, fired only if it is still open then, or of any other call.
CREATE TABLE reminders (
    id INTEGER PRIMARY KEY,
    employee_id INTEGER NOT NULL REFERENCES employees (id) ON DELETE CASCADE,
    call_id INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    due_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX reminders_due ON reminders (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX reminders_by_call ON reminders (call_id);
CREATE INDEX reminders_by_employee ON reminders (employee_id);
