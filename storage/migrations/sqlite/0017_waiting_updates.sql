-- Updates of Telegram that are acknowledged before they are handled, because many come at once.
CREATE TABLE waiting_updates (
    update_id INTEGER PRIMARY KEY,
    body      TEXT NOT NULL
) STRICT;
