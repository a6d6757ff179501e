-- Times are Unix seconds, UTC. Enumerations are the values of bot/domain.

CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;

-- Ids of calls are handed out here and never again, so that a year-old button of a purged call
-- can never open another one.
INSERT INTO counters (name, value) VALUES ('calls', 0);

-- answered_at … talk_said are what the sources stated, see bot/domain/merging.py; strengths tells how
-- strongly each field was stated where that differs from (level, updated_at) of the status.
-- client … settles_at follow from them.
CREATE TABLE calls (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    external_id TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out', 'internal')),
    status TEXT NOT NULL CHECK (status IN (
        'answered', 'unreachable', 'rejected_by_subscriber', 'no_answer', 'cancelled_by_operator',
        'missed', 'missed_called_back', 'unknown_error', 'network_error', 'ringing',
        'connecting_operator', 'no_channels', 'missed_offline'
    )),
    level INTEGER NOT NULL,
    updated_at INTEGER,
    started_at INTEGER NOT NULL,
    raw_status TEXT,
    caller_name TEXT,
    caller_number TEXT,
    caller_sip TEXT,
    callee_name TEXT,
    callee_number TEXT,
    callee_sip TEXT,
    line TEXT,
    queue TEXT,
    extension TEXT,
    rang TEXT,
    answered_at INTEGER,
    ended_at INTEGER,
    wait_said INTEGER,
    talk_said INTEGER,
    ended_by TEXT CHECK (ended_by IN ('caller', 'callee', 'system')),
    price TEXT,
    currency TEXT,
    recording_url TEXT,
    strengths TEXT,
    client TEXT,
    wait INTEGER,
    talk INTEGER,
    lost INTEGER NOT NULL CHECK (lost IN (0, 1)),
    position INTEGER NOT NULL,
    settles_at INTEGER,
    received_at INTEGER NOT NULL,
    UNIQUE (source, external_id)
) STRICT;

CREATE INDEX calls_by_position ON calls (position, id);
-- lost stands in them too: without it each row counted would be looked up in the table.
CREATE INDEX calls_lost_by_position ON calls (position, id, lost) WHERE lost = 1;
CREATE INDEX calls_by_client ON calls (client, position, id, lost) WHERE client IS NOT NULL;
CREATE INDEX calls_to_settle ON calls (settles_at) WHERE settles_at IS NOT NULL;

-- Who may see a call as their own: a row per extension that was a party or was rung. It repeats
-- what the own log is ordered and filtered by, so that each of its pages walks one index.
CREATE TABLE call_extensions (
    extension TEXT NOT NULL,
    position INTEGER NOT NULL,
    call_id INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    lost INTEGER NOT NULL,
    client TEXT,
    PRIMARY KEY (extension, position, call_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX call_extensions_by_call ON call_extensions (call_id);
CREATE INDEX call_extensions_by_client
    ON call_extensions (extension, client, position, call_id, lost) WHERE client IS NOT NULL;
CREATE INDEX call_extensions_lost ON call_extensions (extension, position, call_id, lost)
    WHERE lost = 1;

CREATE TABLE contacts (
    number TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE employees (
    id INTEGER PRIMARY KEY,
    tg_id INTEGER NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'supervisor', 'operator', 'accountant')),
    language TEXT NOT NULL CHECK (language IN ('uk', 'en')),
    page_size INTEGER NOT NULL,
    alerts TEXT NOT NULL DEFAULT 'all' CHECK (alerts IN ('all', 'own', 'none')),
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'blocked', 'removed')),
    in_settings INTEGER NOT NULL DEFAULT 0,
    unreachable_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE employee_extensions (
    extension TEXT NOT NULL,
    employee_id INTEGER NOT NULL REFERENCES employees (id) ON DELETE CASCADE,
    PRIMARY KEY (extension, employee_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX employee_extensions_by_employee ON employee_extensions (employee_id);

CREATE TABLE invites (
    id INTEGER PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL CHECK (role IN ('administrator', 'supervisor', 'operator', 'accountant')),
    extensions TEXT NOT NULL,
    name TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    used_by INTEGER REFERENCES employees (id)
) STRICT;

CREATE TABLE comments (
    call_id INTEGER PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
    author_id INTEGER NOT NULL REFERENCES employees (id),
    text TEXT NOT NULL,
    written_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;

-- Every change of a comment; version is the comment's after it, old and new its text.
CREATE TABLE comment_changes (
    id INTEGER PRIMARY KEY,
    call_id INTEGER NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    author_id INTEGER NOT NULL REFERENCES employees (id),
    changed_at INTEGER NOT NULL,
    old TEXT,
    new TEXT,
    UNIQUE (call_id, version)
) STRICT;

-- What is owed to chats. Written in the transaction of what it tells of; sent at least once.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    employee_id INTEGER REFERENCES employees (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('lost_call', 'rejects', 'unreachable')),
    subject TEXT NOT NULL,
    call_id INTEGER REFERENCES calls (id) ON DELETE CASCADE,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dropped')),
    created_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    message_id INTEGER,
    done_at INTEGER,
    reason TEXT,
    UNIQUE (chat_id, kind, subject)
) STRICT;

CREATE INDEX outbox_pending ON outbox (chat_id, id) WHERE state = 'pending';
CREATE INDEX outbox_by_call ON outbox (call_id) WHERE call_id IS NOT NULL;

CREATE TABLE rejects (
    id INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    place INTEGER NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;

CREATE INDEX rejects_by_source ON rejects (source, id);

CREATE TABLE fsm (
    key TEXT PRIMARY KEY,
    state TEXT,
    data TEXT NOT NULL
) STRICT;
