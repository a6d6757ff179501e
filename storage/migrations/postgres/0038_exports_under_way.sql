-- expand
-- noted: the due_at of the weekly file that stands in the audit already, however often it is tried.
ALTER TABLE export_plans ADD COLUMN noted BIGINT NOT NULL DEFAULT 0;
