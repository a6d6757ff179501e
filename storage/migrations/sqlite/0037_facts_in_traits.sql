-- Facts about clients among what the log is filtered by: storage/traits.py. What there is is looked
-- through by and by (storage/older_programs.py): until then the calls without 8192 are asked of the
-- tables that the facts follow from.
CREATE INDEX calls_first ON calls (position, id, traits, lost, client, started_at, line, queue)
    WHERE traits & 2048 = 2048;
CREATE INDEX calls_waiting ON calls (position, id, traits) WHERE traits & 20480 <> 0;
CREATE INDEX calls_unknown ON calls (position, id, traits, lost, client, line, queue)
    WHERE coalesce(traits, 0) & 8192 = 0;
CREATE INDEX call_extensions_marked
    ON call_extensions (extension, position, call_id, traits, lost, line, queue)
    WHERE traits & 4056 <> 0;
DROP INDEX call_extensions_lost;
CREATE INDEX call_extensions_lost
    ON call_extensions (extension, position, call_id, lost, traits, line, queue) WHERE lost = 1;
CREATE INDEX call_extensions_unknown
    ON call_extensions (extension, position, call_id, traits, lost, client, line, queue)
    WHERE coalesce(traits, 0) & 8192 = 0;
