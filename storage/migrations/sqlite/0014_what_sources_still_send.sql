-- Whether a source has sent a price, a recording, of late: one that stopped promises nothing.
DROP INDEX calls_with_price;
DROP INDEX calls_with_recording;
CREATE INDEX calls_with_price ON calls (source, started_at) WHERE price IS NOT NULL;
CREATE INDEX calls_with_recording ON calls (source, started_at) WHERE recording_url IS NOT NULL;
