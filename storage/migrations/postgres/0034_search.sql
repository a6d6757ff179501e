-- expand
-- What calls are found by.
-- client_digits: every end of a client's number, of three digits or more: what begins with the digits
-- that are looked for is in the number.
-- contact_words, comment_words: as search.py of bot/domain spells them. backwards: the word from its end.
CREATE TABLE client_digits (
    digits TEXT COLLATE "C" NOT NULL,
    client TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (digits, client)
);

CREATE TABLE contact_words (
    word TEXT COLLATE "C" NOT NULL,
    contact_id BIGINT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    backwards TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (word, contact_id)
);
CREATE INDEX contact_words_of ON contact_words (contact_id);
CREATE INDEX contact_words_backwards ON contact_words (backwards);

CREATE TABLE comment_words (
    word TEXT COLLATE "C" NOT NULL,
    call_id BIGINT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    PRIMARY KEY (word, call_id)
);
CREATE INDEX comment_words_of ON comment_words (call_id, word);

INSERT INTO client_digits (digits, client)
    SELECT substr(c.client, n.place), c.client
    FROM (SELECT DISTINCT client FROM calls WHERE client IS NOT NULL) AS c
    JOIN (SELECT 1 AS place UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5
    UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9 UNION ALL SELECT 10
    UNION ALL SELECT 11 UNION ALL SELECT 12 UNION ALL SELECT 13 UNION ALL SELECT 14) AS n
    ON length(c.client) >= n.place + 2 AND substr(c.client, n.place, 1) <> '+'
    ORDER BY 1, 2;

-- The words of what there is are written by and by: contacts are put into order anew, comments looked through.
UPDATE contacts SET key_version = -1;
ALTER TABLE comments ADD COLUMN words_version BIGINT NOT NULL DEFAULT -1;
CREATE INDEX comments_without_words ON comments (call_id) WHERE words_version <> version;

-- The log, walked by what a client's number contains.
DROP INDEX calls_by_position;
CREATE INDEX calls_by_position ON calls (position, id, traits, client);
