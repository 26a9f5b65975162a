-- SPDX-License-Identifier: EUPL-1.2
-- What was read of the access log of nginx, and what it said.

-- A file is known by the hash of its first line; `read_bytes` is how far it was read.
CREATE TABLE access_file (
    file_key text PRIMARY KEY,
    read_bytes bigint NOT NULL CHECK (read_bytes >= 0),
    read_at timestamptz NOT NULL
);
COMMENT ON TABLE access_file IS 'reference: few, one row per file that is kept';

-- Totals since the beginning, for figures that only rise.
CREATE TABLE access_total (
    door text NOT NULL,
    upstream text NOT NULL,
    status int NOT NULL,
    answers bigint NOT NULL,
    bytes_sent bigint NOT NULL,
    seconds double precision NOT NULL,
    PRIMARY KEY (door, upstream, status)
);
COMMENT ON TABLE access_total IS 'reference: bounded by doors, services, peers and statuses';

-- Counted by the minute, so that an attack fills no table.
CREATE TABLE security_event (
    minute timestamptz NOT NULL,
    kind text NOT NULL,
    door text NOT NULL,
    reason text NOT NULL,
    serial text NOT NULL,
    times bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    PRIMARY KEY (minute, kind, door, reason, serial)
);
COMMENT ON TABLE security_event IS 'distributed: minute - refused certificates and peers over their rate';

-- Until when every intent has its outcome.
CREATE TABLE access_swept (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    until timestamptz NOT NULL
);
COMMENT ON TABLE access_swept IS 'reference: only_row - how far the sweeper came';

GRANT SELECT, INSERT, UPDATE, DELETE ON access_file TO landschap_gateway;
GRANT SELECT, INSERT, UPDATE ON access_total, access_swept TO landschap_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON security_event TO landschap_gateway;
