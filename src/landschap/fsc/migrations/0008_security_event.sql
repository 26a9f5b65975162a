-- SPDX-License-Identifier: EUPL-1.2
-- A signature under a contract, and a certificate that its authority revoked, are told to the
-- watch, in the transaction in which they count.
CREATE FUNCTION tell_signature() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform.note_security_event('contract_signed', jsonb_build_object(
        'contract', NEW.content_hash, 'peer', NEW.peer_id, 'what', NEW.kind,
        'thumbprint', NEW.thumbprint));
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER tell_signature AFTER INSERT ON signature
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tell_signature();

CREATE FUNCTION tell_revoked() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform.note_security_event('certificate_revoked', jsonb_build_object(
        'peer', NEW.peer_id, 'thumbprint', NEW.thumbprint));
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER tell_revoked AFTER UPDATE OF revoked_at ON certificate
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.revoked_at IS NOT NULL AND OLD.revoked_at IS NULL)
    EXECUTE FUNCTION tell_revoked();
