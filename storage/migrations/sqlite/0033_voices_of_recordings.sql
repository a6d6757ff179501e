-- The ids under which Telegram keeps the voice messages of recordings, part by part; parts: how many
-- there are. bot_id: each bot knows a file by an id of its own. recording: a digest of the call's
-- recording_url. kind: what it was sent as; the id of one is not taken for the other.
CREATE TABLE recording_files (
    call_id INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('voice', 'audio')),
    part INTEGER NOT NULL,
    parts INTEGER NOT NULL,
    bot_id INTEGER NOT NULL,
    recording TEXT NOT NULL,
    file_id TEXT NOT NULL,
    PRIMARY KEY (call_id, kind, part)
) STRICT, WITHOUT ROWID;
