DROP INDEX calls_by_position;
DROP INDEX calls_by_client;
DROP INDEX calls_lost_by_position;
DROP INDEX call_extensions_by_client;
DROP INDEX call_extensions_lost;

CREATE INDEX calls_by_position ON calls (position, id, traits);
CREATE INDEX calls_by_client ON calls (client, position, id, lost, traits) WHERE client IS NOT NULL;
CREATE INDEX calls_by_line ON calls (line, position, id, traits, lost) WHERE line IS NOT NULL;
CREATE INDEX calls_by_queue ON calls (queue, position, id, traits, lost) WHERE queue IS NOT NULL;
CREATE INDEX calls_by_status ON calls ((traits & 1920), position, id, traits, lost);
CREATE INDEX calls_commented ON calls (position, id, traits, lost) WHERE traits & 16 = 16;
CREATE INDEX calls_long ON calls (position, id, traits, lost) WHERE traits & 96 >= 64;
CREATE INDEX calls_recorded ON calls (position, id, traits, lost) WHERE traits & 8 = 8;
CREATE INDEX calls_lost_by_position ON calls (position, id, lost, traits) WHERE lost = 1;
CREATE INDEX calls_without_traits ON calls (id) WHERE traits IS NULL;
CREATE INDEX call_extensions_by_client
    ON call_extensions (extension, client, position, call_id, lost, traits)
    WHERE client IS NOT NULL;
CREATE INDEX call_extensions_lost ON call_extensions (extension, position, call_id, lost, traits)
    WHERE lost = 1;
CREATE INDEX call_extensions_without_traits ON call_extensions (call_id) WHERE traits IS NULL;
