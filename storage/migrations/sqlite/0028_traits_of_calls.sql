-- What the log is filtered by, in the bits of one number: storage/traits.py. NULL: an older program
-- has written the row.
ALTER TABLE calls ADD COLUMN traits INTEGER;
ALTER TABLE call_extensions ADD COLUMN traits INTEGER;
ALTER TABLE call_extensions ADD COLUMN line TEXT;
ALTER TABLE call_extensions ADD COLUMN queue TEXT;

UPDATE calls SET traits =
    CASE direction WHEN 'in' THEN 1 WHEN 'out' THEN 2 ELSE 3 END
    + CASE WHEN talked = 1 THEN 4 ELSE 0 END
    + CASE WHEN recording_url IS NOT NULL THEN 8 ELSE 0 END
    + CASE WHEN id IN (SELECT call_id FROM comments) THEN 16 ELSE 0 END
    + 32 * CASE WHEN talk >= 900 THEN 3 WHEN talk >= 300 THEN 2 WHEN talk >= 60 THEN 1 ELSE 0 END
    + 128 * CASE status WHEN 'answered' THEN 0 WHEN 'unreachable' THEN 1 WHEN 'rejected_by_subscriber' THEN 2
    WHEN 'no_answer' THEN 3 WHEN 'cancelled_by_operator' THEN 4 WHEN 'missed' THEN 5
    WHEN 'missed_called_back' THEN 6 WHEN 'unknown_error' THEN 7 WHEN 'network_error' THEN 8
    WHEN 'ringing' THEN 9 WHEN 'connecting_operator' THEN 10 WHEN 'no_channels' THEN 11 ELSE 12 END;

UPDATE call_extensions SET traits = c.traits, line = c.line, queue = c.queue
    FROM calls AS c WHERE c.id = call_extensions.call_id;
