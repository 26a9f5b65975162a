-- SPDX-License-Identifier: EUPL-1.2
-- What was said of persons: consents, restrictions, upheld objections; which cases are open; and
-- who approved a use. All append only: the last row about one thing holds. A person stands here
-- as a pseudonym only.

CREATE TABLE standing (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receipt uuid NOT NULL UNIQUE,
    kind text NOT NULL CHECK (kind IN ('toestemming', 'beperking', 'bezwaar')),
    subject bytea NOT NULL CHECK (octet_length(subject) = 16),
    key_id integer NOT NULL CHECK (key_id > 0),
    -- The purpose of a consent, the activity of a restriction or objection.
    about text NOT NULL CHECK (about <> ''),
    -- For whom a consent is; empty for the other two, that hold for every receiver.
    receiver text NOT NULL,
    holds boolean NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL CHECK (author <> ''),
    reason text NOT NULL,
    CONSTRAINT consent_has_receiver CHECK ((kind = 'toestemming') = (receiver <> ''))
);
CREATE INDEX standing_of_person ON standing (subject, kind, about, receiver, number DESC);
CREATE INDEX standing_against ON standing (kind, about) WHERE kind <> 'toestemming';
COMMENT ON TABLE standing IS 'one row per statement of or about a person; read by person';

CREATE TABLE case_state (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_number text NOT NULL CHECK (case_number <> '' AND length(case_number) <= 200),
    is_open boolean NOT NULL,
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL CHECK (author <> '')
);
CREATE INDEX case_state_of ON case_state (case_number, number DESC);
COMMENT ON TABLE case_state IS 'one row per case that was opened or closed; its last row holds';

CREATE TABLE approval (
    receipt uuid PRIMARY KEY,
    purpose text NOT NULL CHECK (purpose <> ''),
    case_number text NOT NULL,
    asked_by text NOT NULL CHECK (asked_by <> ''),
    approved_by text NOT NULL CHECK (approved_by <> ''),
    said_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    CONSTRAINT two_people CHECK (lower(asked_by) <> lower(approved_by)),
    CONSTRAINT ends CHECK (until > said_at)
);
CREATE INDEX approval_until ON approval (until);
COMMENT ON TABLE approval IS 'who approved the use by whom, for what, until when';

GRANT SELECT, INSERT ON standing, case_state, approval TO landschap_purposes;
