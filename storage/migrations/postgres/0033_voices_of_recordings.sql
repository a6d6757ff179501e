-- expand
-- The ids under which Telegram keeps the voice messages of recordings, part by part; parts: how many
-- there are. bot_id: each bot knows a file by an id of its own. recording: a digest of the call's
-- recording_url. kind: what it was sent as; the id of one is not taken for the other.
CREATE TABLE recording_files (
    call_id BIGINT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('voice', 'audio')),
    part BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    bot_id BIGINT NOT NULL,
    recording TEXT COLLATE "C" NOT NULL,
    file_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (call_id, kind, part)
);
