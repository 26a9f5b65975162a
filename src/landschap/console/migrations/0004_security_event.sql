-- SPDX-License-Identifier: EUPL-1.2
-- Emergency access is told to the watch, in its own transaction: which role and until when, never
-- who or why. The number leads to both, in the console, for who may see them.
CREATE FUNCTION console.tell_emergency() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_TABLE_NAME = 'emergency' THEN
        PERFORM platform.note_security_event('emergency_access', jsonb_build_object(
            'emergency', NEW.emergency_id, 'role', NEW.role), NEW.begun_at);
    ELSE
        PERFORM platform.note_security_event('emergency_ended', jsonb_build_object(
            'emergency', NEW.emergency_id), NEW.at);
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER tell_emergency AFTER INSERT ON console.emergency
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION console.tell_emergency();
CREATE CONSTRAINT TRIGGER tell_emergency AFTER INSERT ON console.emergency_end
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION console.tell_emergency();
