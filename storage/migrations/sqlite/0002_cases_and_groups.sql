-- caught_up: whether the calls recorded before there were cases have got theirs.
INSERT INTO counters (name, value) VALUES ('cases', 0);
INSERT INTO counters (name, value)
SELECT 'caught_up', CASE WHEN EXISTS (SELECT 1 FROM calls) THEN 0 ELSE 1 END;

-- One client whose lost calls nobody has returned yet: what its calls say (bot/domain/case_rules.py)
-- and who has taken it. client NULL: a hidden number, whose case is that one call. A case whose calls
-- turned out not to be lost stays as 'void', for the messages that told of it.
-- call_id: its latest lost call.
CREATE TABLE cases (
    id INTEGER PRIMARY KEY,
    client TEXT,
    call_id INTEGER REFERENCES calls (id) ON DELETE SET NULL,
    opened_at INTEGER NOT NULL,
    last_lost_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN (
        'open', 'called_back', 'got_through', 'by_hand', 'expired', 'void'
    )),
    closed_at INTEGER,
    owner_id INTEGER REFERENCES employees (id),
    owned_at INTEGER,
    claim_due_at INTEGER,
    asked_at INTEGER,
    repeat_at INTEGER
) STRICT;

CREATE INDEX cases_by_call ON cases (call_id);
CREATE INDEX cases_by_client ON cases (client, opened_at);
CREATE INDEX cases_by_opening ON cases (opened_at);
CREATE INDEX cases_open ON cases (opened_at, id) WHERE state = 'open';
CREATE INDEX cases_by_closing ON cases (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX cases_to_expire ON cases (expires_at) WHERE state = 'open';
CREATE INDEX cases_claimed ON cases (claim_due_at) WHERE claim_due_at IS NOT NULL;
CREATE INDEX cases_to_repeat ON cases (repeat_at) WHERE repeat_at IS NOT NULL;
CREATE INDEX cases_by_owner ON cases (owner_id) WHERE owner_id IS NOT NULL;

-- The calls of a case: those lost, those that failed to reach the client, the one that closed it.
CREATE TABLE case_calls (
    call_id INTEGER PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
    case_id INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    part TEXT NOT NULL CHECK (part IN ('lost', 'attempt', 'closing'))
) STRICT;

CREATE INDEX case_calls_by_case ON case_calls (case_id);

-- What people, and the bot for them, did with a case. 'closed' is a part of what decides its state.
CREATE TABLE case_events (
    id INTEGER PRIMARY KEY,
    case_id INTEGER NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN (
        'taken', 'returned', 'handed', 'asked', 'extended', 'freed', 'closed'
    )),
    employee_id INTEGER REFERENCES employees (id),
    other_id INTEGER REFERENCES employees (id),
    text TEXT
) STRICT;

CREATE INDEX case_events_by_case ON case_events (case_id, id);

-- Numbers whose lost calls make no case: in the log, nobody is told. `until` NULL: still so.
CREATE TABLE ignored_numbers (
    id INTEGER PRIMARY KEY,
    number TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    employee_id INTEGER REFERENCES employees (id)
) STRICT;

CREATE INDEX ignored_numbers_by_number ON ignored_numbers (number);

-- Group chats, or their topics (thread_id, 0: none), that hear of lost calls.
CREATE TABLE groups (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    thread_id INTEGER NOT NULL DEFAULT 0,
    title TEXT NOT NULL,
    language TEXT NOT NULL CHECK (language IN ('uk', 'en')),
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'left')),
    connected_by INTEGER REFERENCES employees (id),
    connected_at INTEGER NOT NULL,
    UNIQUE (chat_id, thread_id)
) STRICT;

-- The lines and queues a group hears of; none: all of them.
CREATE TABLE group_places (
    group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('line', 'queue')),
    name TEXT NOT NULL,
    PRIMARY KEY (group_id, kind, name)
) STRICT, WITHOUT ROWID;

-- What is owed to chats: one row per chat, kind and subject, for good. `version` grows whenever
-- there is something new to show; what is superseded before it was sent is never sent.
-- message_id: the message to edit; ping: a new one is due in its place.
-- is_late: of a later step of the escalation, which hears only of what nobody has taken by then.
CREATE TABLE owed (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    thread_id INTEGER NOT NULL DEFAULT 0,
    employee_id INTEGER REFERENCES employees (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    case_id INTEGER REFERENCES cases (id) ON DELETE CASCADE,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dropped')),
    priority INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    ping INTEGER NOT NULL DEFAULT 0 CHECK (ping IN (0, 1)),
    is_late INTEGER NOT NULL DEFAULT 0 CHECK (is_late IN (0, 1)),
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    message_id INTEGER,
    shown TEXT,
    done_at INTEGER,
    reason TEXT,
    UNIQUE (chat_id, thread_id, kind, subject)
) STRICT;

INSERT INTO owed (id, chat_id, employee_id, kind, subject, state, created_at, due_at, attempts,
    message_id, done_at, reason)
SELECT id, chat_id, employee_id, kind, subject, state, created_at, due_at, attempts, message_id,
    done_at, reason
FROM outbox WHERE kind <> 'lost_call' OR state <> 'pending';

DROP TABLE outbox;
ALTER TABLE owed RENAME TO outbox;

CREATE INDEX outbox_pending ON outbox (chat_id, priority, id, due_at) WHERE state = 'pending';
CREATE INDEX outbox_by_case ON outbox (case_id) WHERE case_id IS NOT NULL;
CREATE INDEX outbox_by_employee ON outbox (employee_id) WHERE employee_id IS NOT NULL;
