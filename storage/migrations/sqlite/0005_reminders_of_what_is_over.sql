-- Whether the case of its call was over when it was asked for: then it fires all the same.
ALTER TABLE reminders ADD COLUMN was_over INTEGER NOT NULL DEFAULT 0;
