-- SPDX-License-Identifier: EUPL-1.2
-- Reports that a value is wrong, on their way to the organisation that holds it, and those that
-- others brought to us. What is reported itself stands in the registers.

CREATE TABLE report_sent (
    report uuid PRIMARY KEY,
    register text NOT NULL CHECK (register <> ''),
    peer text NOT NULL CHECK (peer <> ''),
    subject bytea NOT NULL CHECK (octet_length(subject) = 16),
    key_id integer NOT NULL,
    said_at timestamptz NOT NULL,
    trace_id bytea NOT NULL CHECK (octet_length(trace_id) = 16),
    -- The report, and that it is taken back; readable by us alone, gone as soon as it was brought.
    sealed bytea,
    taken_back bytea,
    state text NOT NULL DEFAULT 'onderweg' CHECK (state IN
        ('onderweg', 'afgeleverd', 'besloten', 'ingetrokken', 'geweigerd', 'verlopen')),
    attempts integer NOT NULL DEFAULT 0,
    next_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    code text NOT NULL DEFAULT '',
    delivered_at timestamptz,
    number text NOT NULL DEFAULT '',
    decide_by date
);
CREATE INDEX report_sent_due ON report_sent (next_at)
    WHERE state IN ('onderweg', 'afgeleverd') OR taken_back IS NOT NULL;
COMMENT ON TABLE report_sent IS
    'reference: reports of persons on their way to who holds the register, and how they stand there';

CREATE TABLE report_heard (
    issuer text NOT NULL CHECK (issuer <> ''),
    report uuid NOT NULL,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    key_id integer NOT NULL,
    subject bytea NOT NULL CHECK (octet_length(subject) = 16),
    register text NOT NULL,
    -- Under which number it stands in the register; absent when it was taken back before it came.
    kept uuid,
    files text[] NOT NULL DEFAULT '{}',
    said_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (issuer, report)
);
COMMENT ON TABLE report_heard IS 'reference: reports of persons that other organisations brought';

GRANT SELECT, INSERT ON report_sent, report_heard TO landschap_gateway;
GRANT UPDATE (sealed, taken_back, state, attempts, next_at, code, delivered_at, number, decide_by)
    ON report_sent TO landschap_gateway;
