-- expand
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

-- How many calls are so: of what stands in bits nothing is known otherwise, and it is taken for rare.
CREATE STATISTICS calls_with_3 ON (traits & 3) FROM calls;
CREATE STATISTICS calls_with_4 ON (traits & 4) FROM calls;
CREATE STATISTICS calls_with_8 ON (traits & 8) FROM calls;
CREATE STATISTICS calls_with_16 ON (traits & 16) FROM calls;
CREATE STATISTICS calls_with_96 ON (traits & 96) FROM calls;
CREATE STATISTICS calls_with_1920 ON (traits & 1920) FROM calls;
CREATE STATISTICS calls_with_2048 ON (traits & 2048) FROM calls;
CREATE STATISTICS calls_with_20480 ON (traits & 20480) FROM calls;
CREATE STATISTICS calls_with_8192 ON (traits & 8192) FROM calls;
CREATE STATISTICS calls_with_4056 ON (traits & 4056) FROM calls;
CREATE STATISTICS call_extensions_with_3 ON (traits & 3) FROM call_extensions;
CREATE STATISTICS call_extensions_with_4 ON (traits & 4) FROM call_extensions;
CREATE STATISTICS call_extensions_with_8 ON (traits & 8) FROM call_extensions;
CREATE STATISTICS call_extensions_with_16 ON (traits & 16) FROM call_extensions;
CREATE STATISTICS call_extensions_with_96 ON (traits & 96) FROM call_extensions;
CREATE STATISTICS call_extensions_with_1920 ON (traits & 1920) FROM call_extensions;
CREATE STATISTICS call_extensions_with_2048 ON (traits & 2048) FROM call_extensions;
CREATE STATISTICS call_extensions_with_20480 ON (traits & 20480) FROM call_extensions;
CREATE STATISTICS call_extensions_with_8192 ON (traits & 8192) FROM call_extensions;
CREATE STATISTICS call_extensions_with_4056 ON (traits & 4056) FROM call_extensions;
ANALYZE calls;
ANALYZE call_extensions;
