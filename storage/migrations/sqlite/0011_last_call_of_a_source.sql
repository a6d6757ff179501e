-- When a source was last heard of, however many calls others have brought since: /health.
CREATE INDEX calls_by_source ON calls (source, received_at);
