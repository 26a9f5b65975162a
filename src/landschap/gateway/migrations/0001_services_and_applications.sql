-- SPDX-License-Identifier: EUPL-1.2
-- What the Inway offers, and which applications of our own may use the Outway.

-- `body` is the declaration as JSON: the truth as it was applied.
CREATE TABLE service (
    name text PRIMARY KEY,
    body text NOT NULL,
    applied_at timestamptz NOT NULL
);
COMMENT ON TABLE service IS 'reference: few, read by every decider and by the carrier';
-- In nginx the names of upstreams do not differ by case alone.
CREATE UNIQUE INDEX service_lower_name ON service (lower(name));

-- Of a key only the SHA-256 is kept: it holds 256 random bits, so no slow hash is needed.
CREATE TABLE application (
    name text PRIMARY KEY,
    key_digest bytea UNIQUE CHECK (octet_length(key_digest) = 32),
    certificate_thumbprint text UNIQUE,
    added_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (num_nonnulls(key_digest, certificate_thumbprint) = 1)
);
COMMENT ON TABLE application IS 'reference: few, read by every decider';

GRANT SELECT, INSERT, UPDATE, DELETE ON service TO landschap_gateway;
-- A revoked application stays: the log names it.
GRANT SELECT, INSERT ON application TO landschap_gateway;
GRANT UPDATE (revoked_at) ON application TO landschap_gateway;
