-- SPDX-License-Identifier: EUPL-1.2
-- Lists of persons to be written to about a data breach: who asked for one and why, and which other
-- person released it. No number and no pseudonym of a person stands here, only how many, and the
-- digest of each list. Source: AVG art. 34.

CREATE TABLE console.letter_request (
    request_id uuid        PRIMARY KEY,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked_by   text        NOT NULL CHECK (btrim(asked_by) <> ''),
    words      text        NOT NULL CHECK (length(words) BETWEEN 10 AND 500),
    collection text        NOT NULL CHECK (collection ~ '^[^/]+/[^/]+$'),
    persons    integer     NOT NULL CHECK (persons > 0),
    scope      bytea       NOT NULL CHECK (octet_length(scope) = 32)  -- SHA-256 of the list
);
COMMENT ON TABLE console.letter_request IS 'reference: few; only ever added to';

CREATE TABLE console.letter_release (
    request_id  uuid        PRIMARY KEY REFERENCES console.letter_request,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    released_by text        NOT NULL CHECK (btrim(released_by) <> ''),
    found       integer     NOT NULL CHECK (found >= 0),
    letters     bytea       NOT NULL CHECK (octet_length(letters) = 32)  -- SHA-256 of what came out
);
COMMENT ON TABLE console.letter_release IS 'reference: few; only ever added to';

CREATE FUNCTION console.another_releases() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM console.letter_request AS asked
               WHERE asked.request_id = NEW.request_id
                 AND lower(btrim(asked.asked_by)) = lower(btrim(NEW.released_by))) THEN
        RAISE EXCEPTION 'a letter list is released by another than who asks for it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER another_releases BEFORE INSERT ON console.letter_release
    FOR EACH ROW EXECUTE FUNCTION console.another_releases();

GRANT SELECT, INSERT ON console.letter_request, console.letter_release TO landschap_console;
