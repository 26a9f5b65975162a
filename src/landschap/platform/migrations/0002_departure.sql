-- SPDX-License-Identifier: EUPL-1.2
-- Employees who logged out at the provider, or left: with what they came before that moment they
-- are nobody any more, at the console with the next click and at the Outway with the next question.
-- The last word about an account counts; `left` holds until `back`.
-- Source: OpenID Connect Back-Channel Logout 1.0.

CREATE TABLE platform.departure (
    issuer text NOT NULL CHECK (issuer <> ''),
    account text NOT NULL CHECK (account ~ '^(sub|sid):.' AND length(account) <= 300),
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('logout', 'left', 'back')),
    said_by text NOT NULL CHECK (said_by <> '' AND length(said_by) <= 300),
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (issuer, account, at, kind)
);
COMMENT ON TABLE platform.departure IS
    'reference: few, read with every click of an employee and by every decider';

-- A logout is forgotten when no session and no token can be as old; a departure is not.
CREATE FUNCTION platform.note_departure(
    issuer text, account text, at timestamptz, kind text, said_by text
) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_new boolean;
BEGIN
    DELETE FROM platform.departure AS old
     WHERE old.kind = 'logout' AND old.said_at < clock_timestamp() - interval '2 days';
    INSERT INTO platform.departure (issuer, account, at, kind, said_by)
    VALUES (note_departure.issuer, note_departure.account, note_departure.at,
            note_departure.kind, note_departure.said_by)
    ON CONFLICT DO NOTHING;
    is_new := FOUND;
    IF is_new THEN
        PERFORM platform.bump_epoch();
    END IF;
    RETURN is_new;
END
$$;

GRANT SELECT ON platform.departure TO landschap_rooms;
GRANT EXECUTE ON FUNCTION platform.note_departure(text, text, timestamptz, text, text)
    TO landschap_rooms;
