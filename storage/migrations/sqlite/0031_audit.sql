-- Who did what that others may ask about later (storage/audit.py). It refers to nothing, so that what
-- a row is about may go before it: ids are never handed out twice, and people are never deleted.
-- employee_id: who, 0 for the bot by itself and its command line. area: the group of the kind. count: of how many it was, where many were done at once: batch_id.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    employee_id INTEGER NOT NULL DEFAULT 0,
    area TEXT NOT NULL,
    kind TEXT NOT NULL,
    call_id INTEGER,
    case_id INTEGER,
    number TEXT,
    other_id INTEGER,
    batch_id INTEGER,
    count INTEGER NOT NULL DEFAULT 1,
    detail TEXT,
    UNIQUE (batch_id, kind)
) STRICT;

CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX audit_by_area ON audit (area, at, id);
CREATE INDEX audit_by_person ON audit (employee_id, at, id);
CREATE INDEX audit_by_person_and_area ON audit (employee_id, area, at, id);
