-- SPDX-License-Identifier: EUPL-1.2
-- Which declarations were used, and for which span: one memory for all lanes, for some minutes.
-- Written in the statement of the record itself. Logged, so that a crash of the server does not
-- make every declaration of the last minutes new again (docs/adr/0011).

CREATE TABLE logboek.used_declaration (
    issuer      text        NOT NULL,  -- OIN of who signed it
    jti         uuid        NOT NULL,
    span        bytea       NOT NULL,  -- of the question that it counts for
    expires_at  timestamptz NOT NULL,  -- from then on no decider takes it any more
    PRIMARY KEY (jti, issuer)
);
COMMENT ON TABLE logboek.used_declaration IS
    'distributed: jti - used declarations of all lanes until they expire, some minutes';

CREATE INDEX used_declaration_by_end ON logboek.used_declaration (expires_at);

-- Forget at most so many that ended over a minute ago: clocks of machines may differ by a minute.
-- Whoever claims one at this moment is not waited for.
CREATE FUNCTION logboek.forget_declarations(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    forgotten integer;
BEGIN
    IF coalesce(most, 0) NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'declarations at once: 1 to 100000, not %', most;
    END IF;
    WITH ended AS (
        SELECT jti, issuer FROM logboek.used_declaration
        WHERE expires_at < statement_timestamp() - interval '1 minute'
        ORDER BY expires_at LIMIT most FOR UPDATE SKIP LOCKED
    )
    DELETE FROM logboek.used_declaration AS held USING ended
    WHERE held.jti = ended.jti AND held.issuer = ended.issuer;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;

REVOKE ALL ON FUNCTION logboek.forget_declarations(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION logboek.forget_declarations(integer) TO landschap_logboek;

-- A claim can be made and kept longer; it is never changed, and only its end takes it away.
GRANT SELECT, INSERT ON logboek.used_declaration TO landschap_logboek;
GRANT UPDATE (expires_at) ON logboek.used_declaration TO landschap_logboek;
