-- SPDX-License-Identifier: EUPL-1.2
-- That who decides on reports was reminded of one: before its term ends, and after it has passed.

CREATE TABLE registers.report_reminder (
    report_id    uuid        NOT NULL REFERENCES registers.report,
    day          date        NOT NULL,
    decide_by    date        NOT NULL,
    reminded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (report_id, day)
);
COMMENT ON TABLE registers.report_reminder IS
    'reference: report_id. When who decides was reminded; only ever added to.';

GRANT SELECT, INSERT ON registers.report_reminder TO landschap_registers;
