-- Which message of a person's own chat shows which card now: of a call, or of a case. origin: the
-- button that draws it again; shown: a digest of what it showed as of drawn_at.
CREATE TABLE open_cards (
    chat_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    call_id INTEGER REFERENCES calls (id) ON DELETE CASCADE,
    case_id INTEGER REFERENCES cases (id) ON DELETE CASCADE,
    origin TEXT NOT NULL,
    shown TEXT NOT NULL,
    drawn_at INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    PRIMARY KEY (chat_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX open_cards_by_call ON open_cards (call_id);
CREATE INDEX open_cards_by_case ON open_cards (case_id);
CREATE INDEX open_cards_by_age ON open_cards (opened_at);

-- The card that a screen kept for later is: JSON.
ALTER TABLE late_screens ADD COLUMN card TEXT;
