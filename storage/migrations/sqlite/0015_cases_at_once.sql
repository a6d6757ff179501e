-- Batches: the clients that a person takes, or closes by hand, at once. done_at: when they said so.
INSERT INTO counters (name, value) VALUES ('batches', 0);

CREATE TABLE batches (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('take', 'close')),
    employee_id INTEGER NOT NULL REFERENCES employees (id),
    asked_at INTEGER NOT NULL,
    done_at INTEGER
) STRICT;

CREATE INDEX batches_by_age ON batches (asked_at);

-- Each case as it was when the person was asked (who had it, how often the client had called), in
-- the order shown, and what became of it. event_id: the action that the batch has in its history.
CREATE TABLE batch_cases (
    batch_id INTEGER NOT NULL REFERENCES batches (id) ON DELETE CASCADE,
    case_id INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    owner_id INTEGER,
    lost INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'asked' CHECK (state IN (
        'asked', 'done', 'left', 'undone', 'kept'
    )),
    event_id INTEGER,
    PRIMARY KEY (batch_id, case_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX batch_cases_by_case ON batch_cases (case_id);
