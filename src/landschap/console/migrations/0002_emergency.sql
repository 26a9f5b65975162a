-- SPDX-License-Identifier: EUPL-1.2
-- Emergency access (noodtoegang): who took which role, until when and why; what was looked at under
-- it; that it was ended early; and what a privacy officer says of it. Append only.

CREATE TABLE console.emergency (
    emergency_id uuid        PRIMARY KEY,
    subject      text        NOT NULL CHECK (subject <> ''),
    name         text        NOT NULL,
    own_roles    text[]      NOT NULL,
    role         text        NOT NULL CHECK (role <> ''),
    reason       text        NOT NULL CHECK (length(reason) BETWEEN 10 AND 500),
    begun_at     timestamptz NOT NULL,
    until        timestamptz NOT NULL,
    CONSTRAINT limited CHECK (until > begun_at AND until <= begun_at + interval '8 hours')
);
COMMENT ON TABLE console.emergency IS 'reference: few, read by privacy officers';
CREATE INDEX emergency_by_begin ON console.emergency (begun_at);

CREATE TABLE console.emergency_look (
    emergency_id   uuid        NOT NULL REFERENCES console.emergency,
    transaction_id uuid        NOT NULL,
    at             timestamptz NOT NULL,
    service        text        NOT NULL,
    action         text        NOT NULL,
    about          text        NOT NULL,
    purpose        text        NOT NULL,
    case_number    text        NOT NULL,
    allowed        boolean     NOT NULL,
    PRIMARY KEY (emergency_id, transaction_id)
);
COMMENT ON TABLE console.emergency_look IS
    'distributed: emergency_id - every question is about one emergency';

CREATE TABLE console.emergency_end (
    emergency_id uuid        PRIMARY KEY REFERENCES console.emergency,
    at           timestamptz NOT NULL,
    ended_by     text        NOT NULL CHECK (ended_by <> '')
);
COMMENT ON TABLE console.emergency_end IS 'reference: few, read with every click in an emergency';

-- A use is judged by another than who used it.
CREATE TABLE console.emergency_review (
    emergency_id uuid        PRIMARY KEY REFERENCES console.emergency,
    at           timestamptz NOT NULL,
    subject      text        NOT NULL CHECK (subject <> ''),
    name         text        NOT NULL,
    was_right    boolean     NOT NULL,
    words        text        NOT NULL CHECK (length(words) BETWEEN 3 AND 1000)
);
COMMENT ON TABLE console.emergency_review IS 'reference: few, read by privacy officers';

CREATE FUNCTION console.another_judges() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM console.emergency AS used
               WHERE used.emergency_id = NEW.emergency_id
                 AND lower(used.subject) = lower(NEW.subject)) THEN
        RAISE EXCEPTION 'emergency access is judged by another than who used it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER another_judges BEFORE INSERT ON console.emergency_review
    FOR EACH ROW EXECUTE FUNCTION console.another_judges();

GRANT SELECT, INSERT ON console.emergency, console.emergency_look, console.emergency_end,
    console.emergency_review TO landschap_console;
