-- When new calls of each source were heard of, by the quarter of an hour since 1970: how many, the
-- first, the last, and the most seconds between two; bot/domain/silence.py says which calls count.
CREATE TABLE heard (
    source   TEXT NOT NULL,
    quarter  INTEGER NOT NULL,
    calls    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    longest  INTEGER NOT NULL,
    PRIMARY KEY (source, quarter)
) STRICT, WITHOUT ROWID;

-- What is known from before: calls that came within two hours of their end, of the last weeks.
INSERT INTO heard (source, quarter, calls, first_at, last_at, longest)
SELECT source, received_at / 900, count(*), min(received_at), max(received_at),
    coalesce(max(gap), 0)
FROM (
    SELECT source, received_at, received_at - lag(received_at) OVER (
        PARTITION BY source, received_at / 900 ORDER BY received_at
    ) AS gap
    FROM calls
    WHERE received_at > (SELECT max(received_at) - 56 * 86400 FROM calls)
        AND received_at - coalesce(ended_at, started_at) BETWEEN -7200 AND 7200
) AS timely
GROUP BY source, received_at / 900;

-- How each source is silent now: since when, how many calls would have come by counted_until (in
-- thousandths), and whether the administrators were told.
CREATE TABLE silences (
    source        TEXT PRIMARY KEY,
    since         INTEGER NOT NULL,
    counted_until INTEGER NOT NULL,
    missed        INTEGER NOT NULL DEFAULT 0,
    told_at       INTEGER
) STRICT;
