-- SPDX-License-Identifier: EUPL-1.2
-- What the council is told of a quarter, kept as it was made; the orders to make one; data breaches
-- (AVG art. 33 lid 5: each is documented); and during which stretches the log could be written to.

CREATE TABLE console.quarter_report (
    quarter  text        NOT NULL CHECK (quarter ~ '^[0-9]{4}-Q[1-4]$'),
    version  integer     NOT NULL CHECK (version > 0),
    made_at  timestamptz NOT NULL,
    made_by  text        NOT NULL CHECK (made_by <> ''),
    content  text        NOT NULL,
    digest   bytea       NOT NULL,
    PRIMARY KEY (quarter, version),
    CONSTRAINT is_of_content CHECK (digest = sha256(convert_to(content, 'UTF8')))
);
COMMENT ON TABLE console.quarter_report IS 'reference: some ten a year, never changed';
GRANT SELECT, INSERT ON console.quarter_report TO landschap_console;

CREATE TABLE console.report_order (
    order_id uuid        PRIMARY KEY,
    quarter  text        NOT NULL CHECK (quarter ~ '^[0-9]{4}-Q[1-4]$'),
    asked_at timestamptz NOT NULL,
    asked_by text        NOT NULL CHECK (asked_by <> ''),
    seen_at  timestamptz,
    ended_at timestamptz,
    -- Without a version, ended is failed.
    version  integer,
    CONSTRAINT whole CHECK (version IS NULL OR ended_at IS NOT NULL)
);
COMMENT ON TABLE console.report_order IS 'reference: some ten a year';
CREATE UNIQUE INDEX report_order_one_open ON console.report_order (quarter)
    WHERE ended_at IS NULL;
GRANT SELECT, INSERT ON console.report_order TO landschap_console;
GRANT UPDATE (seen_at, ended_at, version) ON console.report_order TO landschap_console;

CREATE TABLE console.incident (
    incident_id uuid        PRIMARY KEY,
    found_at    timestamptz NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    noted_by    text        NOT NULL CHECK (noted_by <> ''),
    words       text        NOT NULL CHECK (length(words) BETWEEN 10 AND 500)
);
COMMENT ON TABLE console.incident IS 'reference: few; only ever added to';
CREATE INDEX incident_by_moment ON console.incident (found_at);

CREATE TABLE console.incident_step (
    incident_id uuid        NOT NULL REFERENCES console.incident,
    step        text        NOT NULL CHECK (step IN ('autoriteit', 'betrokkenen', 'afgesloten')),
    at          timestamptz NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    noted_by    text        NOT NULL CHECK (noted_by <> ''),
    words       text        NOT NULL CHECK (length(words) BETWEEN 10 AND 500),
    PRIMARY KEY (incident_id, step)
);
COMMENT ON TABLE console.incident_step IS 'reference: few; only ever added to';
GRANT SELECT, INSERT ON console.incident, console.incident_step TO landschap_console;

-- One row per stretch in which the worker saw each minute that the database takes writing.
CREATE TABLE console.log_up (
    began_at timestamptz PRIMARY KEY,
    seen_at  timestamptz NOT NULL CHECK (seen_at >= began_at)
);
COMMENT ON TABLE console.log_up IS 'reference: one row per stretch without an outage';
GRANT SELECT, INSERT ON console.log_up TO landschap_console;
GRANT UPDATE (seen_at) ON console.log_up TO landschap_console;
