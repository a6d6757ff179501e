-- expand
-- handed_on: 1 while a call that was wished on one machine waits for the leader to begin it.
ALTER TABLE dials ADD COLUMN handed_on BIGINT NOT NULL DEFAULT 0;
