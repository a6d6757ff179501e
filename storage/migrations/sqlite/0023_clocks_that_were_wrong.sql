-- The latest moment the clock has ever shown: what is too far ahead is judged by it, also while the
-- clock is set back.
ALTER TABLE clock ADD COLUMN latest_at INTEGER NOT NULL DEFAULT 0;
UPDATE clock SET latest_at =
    CASE WHEN jumped_from > noted_at THEN jumped_from ELSE noted_at END;

-- When a reminder was due whose case was over by then: it is given after all if the case is opened
-- again, as after an expiry by a clock that was wrong.
ALTER TABLE reminders ADD COLUMN lapsed_at INTEGER;

-- Calls that do not stand at their begin, as the clock was wrong while they came.
CREATE INDEX calls_out_of_place ON calls (started_at) WHERE position < started_at;
