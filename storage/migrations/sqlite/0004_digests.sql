-- When each person wants the digest: minutes of the local day, and the next moment it is due.
CREATE TABLE digests (
    employee_id INTEGER NOT NULL REFERENCES employees (id) ON DELETE CASCADE,
    minutes INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    PRIMARY KEY (employee_id, minutes)
) STRICT, WITHOUT ROWID;

CREATE INDEX digests_due ON digests (due_at);
