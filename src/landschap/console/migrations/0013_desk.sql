-- SPDX-License-Identifier: EUPL-1.2
-- The desk: who looked up which person and why, whose identity was checked by which document, what
-- was done in a visit, and which letters about it were sent by whom. Never a copy of a document and
-- at most four characters of its number. Persons stand here as pseudonyms; who it is and where a
-- letter goes is sealed, and is wiped with the document after the term of the settings.

CREATE TABLE console.desk_look (
    look_id uuid        PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    subject text        NOT NULL CHECK (subject <> ''),
    name    text        NOT NULL,
    sought  text        NOT NULL CHECK (sought IN ('nummer', 'naam')),
    reason  text        NOT NULL CHECK (length(reason) BETWEEN 10 AND 500)
);
COMMENT ON TABLE console.desk_look IS 'reference: few; who looked somebody up, before anything shows';
CREATE INDEX desk_look_by_subject ON console.desk_look (lower(subject), at);

CREATE TABLE console.desk_found (
    look_id uuid    PRIMARY KEY REFERENCES console.desk_look,
    person  bytea   NOT NULL CHECK (octet_length(person) = 16),
    key_id  integer NOT NULL CHECK (key_id > 0)
);
COMMENT ON TABLE console.desk_found IS 'reference: few; whom a look found, as a pseudonym';

CREATE TABLE console.desk_visit (
    visit_id     uuid        PRIMARY KEY,
    look_id      uuid        NOT NULL UNIQUE REFERENCES console.desk_found,
    subject      text        NOT NULL CHECK (subject <> ''),
    name         text        NOT NULL,
    -- The session of the employee: with it the visit ends.
    session_hash bytea       NOT NULL CHECK (octet_length(session_hash) = 32),
    begun_at     timestamptz NOT NULL,
    until        timestamptz NOT NULL CHECK (until > begun_at),
    document     text        CHECK (document <> ''),
    characters   text        CHECK (characters ~ '^[A-Z0-9]{0,4}$'),
    sealed       bytea,
    -- Where the log-in does not tell an employee's own number, a colleague says it is another person.
    waits        boolean     NOT NULL,
    seen_at      timestamptz,
    seen_by      text        CHECK (lower(seen_by) <> lower(subject)),
    ended_at     timestamptz,
    ended_why    text
);
COMMENT ON TABLE console.desk_visit IS 'reference: few; one visit of one person at the desk';
-- One person at a time.
CREATE UNIQUE INDEX desk_visit_open ON console.desk_visit (lower(subject)) WHERE ended_at IS NULL;

CREATE TABLE console.desk_deed (
    visit_id  uuid        NOT NULL REFERENCES console.desk_visit,
    kind      text        NOT NULL CHECK (kind <> ''),
    reference uuid        NOT NULL,
    about     text        NOT NULL,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (visit_id, kind, reference)
);
COMMENT ON TABLE console.desk_deed IS 'reference: few; what was done in a visit, by its own number';

CREATE TABLE console.desk_letter (
    reference uuid        NOT NULL,
    letter    text        NOT NULL CHECK (letter <> ''),
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    subject   text        NOT NULL CHECK (subject <> ''),
    name      text        NOT NULL,
    PRIMARY KEY (reference, letter)
);
COMMENT ON TABLE console.desk_letter IS 'reference: few; letters that were sent, and by whom';

GRANT SELECT, INSERT ON console.desk_look, console.desk_found, console.desk_visit,
    console.desk_deed, console.desk_letter TO landschap_console;
GRANT UPDATE (document, characters, sealed, seen_at, seen_by, ended_at, ended_why)
    ON console.desk_visit TO landschap_console;
