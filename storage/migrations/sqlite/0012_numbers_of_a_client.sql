-- One client may have several numbers: a contact has a name, or none yet, and all of them.
-- former_name: what it was called before the latest naming, or forgetting, so that this can be
-- undone; version counts those.
INSERT INTO counters (name, value) VALUES ('contacts', 0), ('contact_numbers', 0);

ALTER TABLE contacts RENAME TO named_numbers;

CREATE TABLE contacts (
    id INTEGER PRIMARY KEY,
    name TEXT,
    former_name TEXT,
    version INTEGER NOT NULL DEFAULT 0
) STRICT;

-- contact_id NULL: taken away from former_id, to which it can be brought back.
CREATE TABLE contact_numbers (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    contact_id INTEGER REFERENCES contacts (id),
    former_id INTEGER REFERENCES contacts (id) ON DELETE SET NULL
) STRICT;

CREATE INDEX contact_numbers_by_contact ON contact_numbers (contact_id, id);
CREATE INDEX contact_numbers_by_former ON contact_numbers (former_id) WHERE former_id IS NOT NULL;

INSERT INTO contacts (id, name)
SELECT row_number() OVER (ORDER BY number), name FROM named_numbers;
INSERT INTO contact_numbers (id, number, contact_id)
SELECT row_number() OVER (ORDER BY number), number, row_number() OVER (ORDER BY number)
FROM named_numbers;
UPDATE counters SET value = (SELECT count(*) FROM named_numbers)
WHERE name IN ('contacts', 'contact_numbers');

DROP TABLE named_numbers;

-- The numbers that a closing by hand was about: those of the case's lost calls. So it stays true
-- of each of them, whatever contact it is of later.
CREATE TABLE closings (
    number TEXT NOT NULL,
    event_id INTEGER NOT NULL REFERENCES case_events (id) ON DELETE CASCADE,
    PRIMARY KEY (number, event_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX closings_by_event ON closings (event_id);

INSERT INTO closings (number, event_id)
SELECT k.client, e.id FROM case_events AS e JOIN cases AS k ON k.id = e.case_id
WHERE e.kind = 'closed' AND k.client IS NOT NULL;
