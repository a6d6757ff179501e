-- What people have chosen to see of the log; saved_at: since when a person keeps the view at hand.
CREATE TABLE log_views (
    id          INTEGER PRIMARY KEY,
    employee_id INTEGER NOT NULL REFERENCES employees (id) ON DELETE CASCADE,
    chosen      TEXT NOT NULL,
    saved_at    INTEGER,
    UNIQUE (employee_id, chosen)
) STRICT;

CREATE INDEX log_views_saved ON log_views (employee_id, saved_at, id) WHERE saved_at IS NOT NULL;
