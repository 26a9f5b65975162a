-- SPDX-License-Identifier: EUPL-1.2
-- Doubt that others report about what a register says, and what was decided about it.

CREATE TABLE registers.report (
    report_id       uuid        PRIMARY KEY,
    object_type     text        NOT NULL,
    object_id       text        NOT NULL,
    paths           text[]      NOT NULL CHECK (cardinality(paths) > 0),
    since           date        NOT NULL,
    explanation     text        NOT NULL,
    peer            text        NOT NULL,
    transaction_id  uuid        NOT NULL,
    reported_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.report IS
    'reference: report_id. What others doubt; only ever added to.';
CREATE INDEX report_object ON registers.report (object_type, object_id);

CREATE TABLE registers.report_decision (
    report_id   uuid        PRIMARY KEY REFERENCES registers.report,
    upheld      boolean     NOT NULL,
    reason      text        NOT NULL,
    document    text        NOT NULL,
    decided_by  text        NOT NULL,
    decided_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.report_decision IS
    'reference: report_id. One decision per report; only ever added to.';

GRANT SELECT, INSERT ON registers.report, registers.report_decision TO landschap_registers;
