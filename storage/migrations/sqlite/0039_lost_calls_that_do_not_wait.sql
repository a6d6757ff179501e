-- Lost calls that wait for nothing, by how their case ended: each state in the order of the log, as
-- storage/traits.py asks for it. Those that wait are in calls_waiting.
CREATE INDEX calls_not_waiting ON calls ((traits & 249856), position, id, traits, lost)
    WHERE lost = 1 AND traits & 20480 = 0;
