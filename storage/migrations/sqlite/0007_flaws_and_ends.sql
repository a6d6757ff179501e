-- Optional fields that were dropped or mended: `flaw` is "field: what was expected", never the value.
CREATE TABLE flaws (
    source TEXT NOT NULL,
    flaw TEXT NOT NULL,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (source, flaw)
) STRICT, WITHOUT ROWID;

-- Live calls whose end may never come.
CREATE INDEX calls_live ON calls (received_at) WHERE status IN ('ringing', 'connecting_operator');

-- By how many seconds the last `run` calls that hooks told the end of came late (or early, below 0):
-- times hours off mean a wrong time zone (bot/domain/clock.py).
CREATE TABLE clock_shifts (
    source TEXT PRIMARY KEY,
    shift INTEGER NOT NULL,
    run INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
