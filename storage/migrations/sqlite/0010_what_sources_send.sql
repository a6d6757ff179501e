-- Whether a source ever sent a price, a recording: a card promises only what can come.
CREATE INDEX calls_with_price ON calls (source) WHERE price IS NOT NULL;
CREATE INDEX calls_with_recording ON calls (source) WHERE recording_url IS NOT NULL;
