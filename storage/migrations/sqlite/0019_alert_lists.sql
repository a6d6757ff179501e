-- Many lost calls at once are told of in lists, see storage/alert_lists.py. A list is a row of the
-- outbox; of a case's row, list_id is the list that tells of it in that chat, and listed_at since
-- when it is seen there. alerted_at: of a case's row, when its alert last got its place in the chat,
-- as a message or in a list; of a list, when it made a sound.
ALTER TABLE outbox ADD COLUMN list_id INTEGER REFERENCES outbox (id) ON DELETE SET NULL;
ALTER TABLE outbox ADD COLUMN listed_at INTEGER;
ALTER TABLE outbox ADD COLUMN alerted_at INTEGER;

CREATE INDEX outbox_listed ON outbox (list_id, id) WHERE list_id IS NOT NULL;
CREATE INDEX outbox_lists ON outbox (chat_id, thread_id, id) WHERE kind = 'list';
CREATE INDEX outbox_lists_due ON outbox (due_at) WHERE state = 'pending' AND kind = 'list';
CREATE INDEX outbox_alerted ON outbox (chat_id, thread_id, kind, alerted_at)
    WHERE alerted_at IS NOT NULL;

-- In a chat, what has been news for longest goes first.
DROP INDEX outbox_pending;
CREATE INDEX outbox_pending ON outbox (chat_id, priority, created_at, id, due_at)
    WHERE state = 'pending';

-- Questions to owners and warnings go before all else now.
UPDATE outbox SET priority = -1
WHERE state = 'pending' AND priority = 0 AND kind IN ('claim', 'warning');
