-- SPDX-License-Identifier: EUPL-1.2
-- Keys for open data: free, of programs and not of persons. They open nothing that is closed.

-- Of a key only the SHA-256 is kept: it holds 256 random bits, so no slow hash is needed.
CREATE TABLE registers.open_key (
    key_id            text        PRIMARY KEY CHECK (key_id ~ '^[0-9a-f]{12}$'),
    key_digest        bytea       NOT NULL UNIQUE CHECK (octet_length(key_digest) = 32),
    application       text        NOT NULL CHECK (length(application) BETWEEN 3 AND 80),
    purpose           text        NOT NULL CHECK (length(purpose) BETWEEN 10 AND 500),
    requests_per_day  bigint      NOT NULL CHECK (requests_per_day > 0),
    created_at        timestamptz NOT NULL,
    revoked_at        timestamptz,
    revoked_by        text        CHECK (revoked_by IN ('owner', 'operator')),
    CHECK (num_nonnulls(revoked_at, revoked_by) IN (0, 2))
);
COMMENT ON TABLE registers.open_key IS 'reference: few. Programs that read open data with a key.';

CREATE TABLE registers.open_use (
    key_id    text   NOT NULL REFERENCES registers.open_key,
    day       date   NOT NULL,
    requests  bigint NOT NULL CHECK (requests > 0),
    PRIMARY KEY (key_id, day)
);
COMMENT ON TABLE registers.open_use IS
    'reference: one row per key and day. How often a key was used; not for what.';

-- A withdrawn key stays, so that it can not be given out again.
GRANT SELECT, INSERT ON registers.open_key, registers.open_use TO landschap_registers;
GRANT UPDATE (revoked_at, revoked_by, requests_per_day) ON registers.open_key TO landschap_registers;
GRANT UPDATE (requests) ON registers.open_use TO landschap_registers;
