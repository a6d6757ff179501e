-- Not only whether a new message is due in place of that in the chat, but the version at which it was
-- last asked for, 0 if it is not: one asked for while another is on its way is told from that.
ALTER TABLE outbox ADD COLUMN ping_version INTEGER NOT NULL DEFAULT 0;

UPDATE outbox SET ping_version = version WHERE ping = 1;

ALTER TABLE outbox DROP COLUMN ping;
