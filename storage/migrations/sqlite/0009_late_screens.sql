-- Screens that Telegram wants later (429), the newest of each chat. No message_id: a new message.
CREATE TABLE late_screens (
    chat_id    INTEGER PRIMARY KEY,
    thread_id  INTEGER,
    message_id INTEGER,
    text       TEXT NOT NULL,
    markup     TEXT,
    asked_at   INTEGER NOT NULL
) STRICT;
