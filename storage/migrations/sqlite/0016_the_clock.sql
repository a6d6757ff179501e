-- What the clock showed when it was last looked at, so that a jump is known after a restart too;
-- what it showed after it last leapt by more than a day, until it has kept to that; its last jump.
CREATE TABLE clock (
    id          INTEGER PRIMARY KEY CHECK (id = 1),
    noted_at    INTEGER NOT NULL,
    leapt_at    INTEGER,
    jumped_from INTEGER,
    jumped_to   INTEGER
) STRICT;
