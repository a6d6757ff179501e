-- Feeds of sources: live connections, and what is asked again and again (bot/sources/base.py).
-- cursor: where the feed goes on. read_until: the moment up to which its history was read.
-- connected_at: since when it answers; failed_at: since when it does not, and why. told_at: when
-- the administrators were told that it does not.
CREATE TABLE feeds (
    source TEXT NOT NULL,
    feed TEXT NOT NULL,
    cursor TEXT,
    read_until INTEGER,
    connected_at INTEGER,
    failed_at INTEGER,
    error TEXT,
    told_at INTEGER,
    PRIMARY KEY (source, feed)
) STRICT;
