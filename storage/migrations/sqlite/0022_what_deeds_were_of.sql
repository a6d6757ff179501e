-- What people did with a case is of its client as it was then: of all numbers the client had, and of
-- the lost calls the case had, or has got since in the hands it came into. So whose a client is
-- follows from these, whatever becomes known later.
CREATE TABLE event_numbers (
    number TEXT NOT NULL,
    event_id INTEGER NOT NULL REFERENCES case_events (id) ON DELETE CASCADE,
    PRIMARY KEY (number, event_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_numbers_by_event ON event_numbers (event_id);

CREATE TABLE event_calls (
    call_id INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    event_id INTEGER NOT NULL REFERENCES case_events (id) ON DELETE CASCADE,
    PRIMARY KEY (call_id, event_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX event_calls_by_event ON event_calls (event_id);

INSERT INTO event_numbers (number, event_id) SELECT number, event_id FROM closings;
DROP TABLE closings;

-- Closings of hidden numbers, and of cases in somebody's hands the deed that put them there.
INSERT INTO event_calls (call_id, event_id)
SELECT y.call_id, v.id FROM case_events AS v JOIN cases AS k ON k.id = v.case_id
JOIN case_calls AS y ON y.case_id = k.id AND y.part = 'lost'
WHERE v.kind = 'closed' OR v.id IN (
    SELECT max(w.id) FROM case_events AS w JOIN cases AS j ON j.id = w.case_id
    WHERE w.kind IN ('taken', 'handed') AND coalesce(w.other_id, w.employee_id) = j.owner_id
    GROUP BY w.case_id
);

INSERT INTO event_numbers (number, event_id)
SELECT DISTINCT c.client, x.event_id FROM event_calls AS x JOIN calls AS c ON c.id = x.call_id
JOIN case_events AS v ON v.id = x.event_id
WHERE v.kind IN ('taken', 'handed') AND c.client IS NOT NULL;
