-- What was said of anything but cases, for RETENTION_DAYS.
CREATE INDEX outbox_said ON outbox (done_at) WHERE case_id IS NULL AND state <> 'pending';
