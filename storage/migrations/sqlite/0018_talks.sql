-- Whether the call was a talk (bot/domain/talks.py): a network error before the answer is none.
ALTER TABLE calls ADD COLUMN talked INTEGER NOT NULL DEFAULT 0;

UPDATE calls SET talked = 1 WHERE status = 'answered' OR talk > 0
    OR (status = 'network_error' AND answered_at IS NOT NULL);
