-- SPDX-License-Identifier: EUPL-1.2
-- The register as it was and is: documents by their hash, who adopted which when, and every
-- activity through time, so that a resident reads the words that held on the day of the use.

-- `body` is the canonical JSON whose SHA-256 is `version`.
CREATE TABLE document (
    version text PRIMARY KEY CHECK (version LIKE 'sha256-%'),
    body bytea NOT NULL
);
COMMENT ON TABLE document IS 'reference: one per version of the register, read by every decider';

-- The highest number is in force. Two people stand behind each change.
CREATE TABLE adoption (
    number bigint PRIMARY KEY CHECK (number > 0),
    version text NOT NULL REFERENCES document,
    adopted_at timestamptz NOT NULL,
    author text NOT NULL CHECK (author <> ''),
    approver text NOT NULL CHECK (approver <> ''),
    reason text NOT NULL,
    CONSTRAINT two_people CHECK (lower(author) <> lower(approver))
);
COMMENT ON TABLE adoption IS 'reference: who put which version in force, and when';

-- A row holds until the next one of the same activity; a row without body ends it.
CREATE TABLE activity_state (
    uri text NOT NULL,
    since timestamptz NOT NULL,
    version integer,
    body bytea,
    CONSTRAINT whole_or_ended CHECK ((version IS NULL) = (body IS NULL)),
    PRIMARY KEY (uri, since)
);
COMMENT ON TABLE activity_state IS 'reference: activities through time, read when a use is shown';

GRANT SELECT, INSERT ON document, adoption, activity_state TO landschap_purposes;
