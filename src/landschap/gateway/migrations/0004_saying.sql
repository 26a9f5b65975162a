-- SPDX-License-Identifier: EUPL-1.2
-- What persons said about the use of their data, in our portal or in that of another organisation.

CREATE TABLE statement_heard (
    issuer text NOT NULL CHECK (issuer <> ''),
    statement uuid NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    subject bytea NOT NULL CHECK (octet_length(subject) = 16),
    kind text NOT NULL,
    about text NOT NULL,
    receiver text NOT NULL,
    holds boolean NOT NULL,
    said_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text NOT NULL,
    -- By which it is found in the register of purposes, or the request; absent when nothing was done.
    receipt uuid,
    proof text NOT NULL,
    PRIMARY KEY (issuer, statement)
);
CREATE INDEX statement_heard_receipt ON statement_heard (receipt);
COMMENT ON TABLE statement_heard IS 'reference: statements that other organisations brought';

CREATE TABLE statement_sent (
    statement uuid NOT NULL,
    peer text NOT NULL CHECK (peer <> ''),
    subject bytea NOT NULL CHECK (octet_length(subject) = 16),
    key_id integer NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    receiver text NOT NULL,
    holds boolean NOT NULL,
    said_at timestamptz NOT NULL,
    trace_id bytea NOT NULL CHECK (octet_length(trace_id) = 16),
    -- The statement itself, readable by us alone; gone as soon as it was brought.
    sealed bytea,
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text NOT NULL DEFAULT 'onderweg',
    code text NOT NULL DEFAULT '',
    proof text NOT NULL DEFAULT '',
    settled_at timestamptz,
    PRIMARY KEY (statement, peer)
);
CREATE INDEX statement_sent_due ON statement_sent (next_at) WHERE settled_at IS NULL;
CREATE INDEX statement_sent_subject ON statement_sent (subject, said_at DESC);
COMMENT ON TABLE statement_sent IS 'reference: statements on their way to other organisations';

CREATE TABLE statement_proof (
    receipt uuid PRIMARY KEY,
    proof text NOT NULL CHECK (proof <> ''),
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE statement_proof IS 'reference: signed receipts that we gave, by their number';

CREATE TABLE statement_place (
    peer text NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    receiver text NOT NULL,
    told jsonb NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (peer, kind, about, receiver)
);
COMMENT ON TABLE statement_place IS
    'reference: about what one can say something where, as told last; nothing of a person';

CREATE TABLE rights_request (
    request uuid PRIMARY KEY,
    right_asked text NOT NULL CHECK (right_asked <> ''),
    subject bytea NOT NULL CHECK (octet_length(subject) = 16),
    key_id integer NOT NULL CHECK (key_id > 0),
    about text NOT NULL,
    activities text[] NOT NULL,
    at_once boolean NOT NULL,
    -- Through whose portal or desk; our own number for ours.
    via text NOT NULL CHECK (via <> ''),
    said_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Who it is and why, readable by us alone.
    sealed bytea NOT NULL
);
CREATE INDEX rights_request_subject ON rights_request (subject, received_at DESC);
COMMENT ON TABLE rights_request IS 'reference: what persons asked by their rights';

CREATE TABLE rights_event (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    request uuid NOT NULL REFERENCES rights_request (request),
    state text NOT NULL CHECK (
        state IN ('ontvangen', 'verlengd', 'toegewezen', 'afgewezen', 'ingetrokken')),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL CHECK (author <> ''),
    reason text NOT NULL DEFAULT ''
);
CREATE INDEX rights_event_request ON rights_event (request, number);
-- Decided is decided, whoever is quicker.
CREATE UNIQUE INDEX rights_event_end ON rights_event (request)
    WHERE state IN ('toegewezen', 'afgewezen', 'ingetrokken');
COMMENT ON TABLE rights_event IS 'reference: what became of a request; the last row holds';

GRANT SELECT, INSERT ON statement_heard, statement_proof, rights_request, rights_event
    TO landschap_gateway;
GRANT SELECT, INSERT, UPDATE ON statement_place TO landschap_gateway;
GRANT SELECT, INSERT ON statement_sent TO landschap_gateway;
GRANT UPDATE (sealed, attempts, next_at, outcome, code, proof, settled_at) ON statement_sent
    TO landschap_gateway;
