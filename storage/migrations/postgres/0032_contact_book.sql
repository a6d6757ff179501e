-- expand
-- The book of contacts. added_by: an employee; NULL: nobody of the bot (the command line), or before this was kept.
-- removed_at: taken out of the book, with all its numbers, and soon deleted for good.
-- sort_key: the name as the book is ordered by, as of key_version; behind a later version it is old.
ALTER TABLE contacts ADD COLUMN added_at BIGINT;
ALTER TABLE contacts ADD COLUMN added_by BIGINT;
ALTER TABLE contacts ADD COLUMN removed_at BIGINT;
ALTER TABLE contacts ADD COLUMN sort_key TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE contacts ADD COLUMN key_version BIGINT NOT NULL DEFAULT -1;

CREATE INDEX contacts_in_order ON contacts (sort_key, id) WHERE removed_at IS NULL;
CREATE INDEX contacts_removed ON contacts (removed_at) WHERE removed_at IS NOT NULL;
CREATE INDEX contacts_unsorted ON contacts (id) WHERE key_version <> version;
