-- Which part of the log each person gets as a file every Monday. view_id: as bot/domain/log_views.py
-- counts, 0 the whole log. not_before: when it is tried again, after it has failed.
CREATE TABLE export_plans (
    employee_id INTEGER NOT NULL REFERENCES employees (id) ON DELETE CASCADE,
    view_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('xlsx', 'csv')),
    due_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (employee_id, view_id)
) STRICT, WITHOUT ROWID;
