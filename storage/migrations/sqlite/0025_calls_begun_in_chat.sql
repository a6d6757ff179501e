-- Calls that people have begun from chat (storage/dials.py), each written before the PBX is asked.
-- press: the press of a button, which counts once however often Telegram tells of it. ref: the id
-- we choose for the call, for a PBX that lets us; external_id: the one the PBX has told.
-- origin_id: the call on whose card, or on whose case, it was pressed. call_id: the call it became.
-- over_at: since when the phone is free for another.
CREATE TABLE dials (
    id INTEGER PRIMARY KEY,
    press TEXT NOT NULL UNIQUE,
    ref TEXT NOT NULL UNIQUE,
    employee_id INTEGER NOT NULL REFERENCES employees (id),
    source TEXT NOT NULL,
    extension TEXT NOT NULL,
    number TEXT NOT NULL,
    origin_id INTEGER REFERENCES calls (id) ON DELETE SET NULL,
    asked_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'asked', 'begun', 'refused', 'unsure', 'silent', 'not_picked_up', 'busy', 'unreachable'
    )),
    reason TEXT,
    external_id TEXT,
    call_id INTEGER REFERENCES calls (id) ON DELETE SET NULL,
    over_at INTEGER
) STRICT;

CREATE INDEX dials_under_way ON dials (asked_at) WHERE over_at IS NULL;
CREATE INDEX dials_by_number ON dials (number, asked_at);
CREATE INDEX dials_by_id ON dials (external_id) WHERE external_id IS NOT NULL;
CREATE INDEX dials_by_origin ON dials (origin_id);
CREATE INDEX dials_by_call ON dials (call_id);
CREATE INDEX dials_by_age ON dials (asked_at);
