-- SPDX-License-Identifier: EUPL-1.2
-- What one person proposes and another decides on: a register of purposes, or a package. Append only.

CREATE TABLE proposal (
    number int PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('register', 'package')),
    name text NOT NULL,
    based_on text NOT NULL,
    body bytea NOT NULL,
    given jsonb NOT NULL,
    author text NOT NULL,
    reason text NOT NULL,
    proposed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE proposal IS 'reference: changes as they were proposed; waiting until a row in verdict';
COMMENT ON COLUMN proposal.based_on IS 'the version of the register in force when it was proposed';
COMMENT ON COLUMN proposal.given IS 'of a package: values, choices and the signer it must be of';

CREATE TABLE verdict (
    number int PRIMARY KEY REFERENCES proposal,
    approved boolean NOT NULL,
    person text NOT NULL,
    reason text NOT NULL,
    given_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE verdict IS 'reference: what another person decided on a proposal, once';

GRANT SELECT, INSERT ON proposal, verdict TO landschap_packages;
