-- SPDX-License-Identifier: EUPL-1.2
-- Which quarterly reports anybody may read, by whose decision. Only ever added to; what is held back
-- now is left out when it is read.

CREATE TABLE console.report_publication (
    quarter      text        NOT NULL,
    version      integer     NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    published_by text        NOT NULL CHECK (published_by <> ''),
    PRIMARY KEY (quarter, version),
    FOREIGN KEY (quarter, version) REFERENCES console.quarter_report (quarter, version)
);
COMMENT ON TABLE console.report_publication IS 'reference: some four a year';
GRANT SELECT, INSERT ON console.report_publication TO landschap_console;
