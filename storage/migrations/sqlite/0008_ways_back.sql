-- Who made an invitation (NULL: the command line), and when it was taken back.
ALTER TABLE invites ADD COLUMN created_by INTEGER REFERENCES employees (id);
ALTER TABLE invites ADD COLUMN revoked_at INTEGER;

-- A closing by hand can be undone: it becomes 'unclosed', and who did so adds 'reopened'.
CREATE TABLE case_deeds (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'taken', 'returned', 'handed', 'asked', 'extended', 'freed', 'closed', 'unclosed',
        'reopened'
    )),
    employee_id INTEGER REFERENCES employees (id),
    other_id INTEGER REFERENCES employees (id),
    text TEXT
) STRICT;

INSERT INTO case_deeds (id, case_id, at, kind, employee_id, other_id, text)
SELECT id, case_id, at, kind, employee_id, other_id, text FROM case_events;

DROP TABLE case_events;
ALTER TABLE case_deeds RENAME TO case_events;

CREATE INDEX case_events_by_case ON case_events (case_id, id);
