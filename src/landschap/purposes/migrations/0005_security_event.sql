-- SPDX-License-Identifier: EUPL-1.2
-- A register of purposes and policies put in force is told to the watch, in its own transaction:
-- which version, never which people.
CREATE FUNCTION tell_adoption() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform.note_security_event('policy_changed', jsonb_build_object(
        'version', NEW.version, 'number', NEW.number), NEW.adopted_at);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER tell_adoption AFTER INSERT ON adoption
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_adoption();
