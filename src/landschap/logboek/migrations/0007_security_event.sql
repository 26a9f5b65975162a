-- SPDX-License-Identifier: EUPL-1.2
-- The key of the organisation signed the ends of the log: told to the watch, in its transaction.
-- Who misses it for minutes knows that the log is no longer anchored.
CREATE FUNCTION logboek.tell_anchor() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform.note_security_event('key_used', jsonb_build_object(
        'what', 'anchor', 'thumbprint', encode(sha256(NEW.certificate), 'hex')), NEW.at);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER tell_anchor AFTER INSERT ON logboek.anchor
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION logboek.tell_anchor();
