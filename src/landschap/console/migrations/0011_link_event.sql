-- SPDX-License-Identifier: EUPL-1.2
-- A link that is found broken is told to the watch, in its own transaction: with whom, what is wrong
-- and how many of these at once. The numbers of the transactions stand in the console.
CREATE FUNCTION console.tell_broken_links() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform.note_security_event('link_broken', jsonb_build_object(
        'peer', peer, 'what', word, 'times', count(*)), clock_timestamp())
       FROM added WHERE word <> 'equal' GROUP BY peer, word;
    RETURN NULL;
END
$$;
CREATE TRIGGER tell_broken_links AFTER INSERT ON console.broken_link
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION console.tell_broken_links();
