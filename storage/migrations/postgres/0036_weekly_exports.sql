-- expand
-- Which part of the log each person gets as a file every Monday. view_id: as bot/domain/log_views.py
-- counts, 0 the whole log. not_before: when it is tried again, after it has failed.
CREATE TABLE export_plans (
    employee_id BIGINT NOT NULL REFERENCES employees (id) ON DELETE CASCADE,
    view_id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('xlsx', 'csv')),
    due_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (employee_id, view_id)
);
