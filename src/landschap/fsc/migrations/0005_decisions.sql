-- SPDX-License-Identifier: EUPL-1.2
-- What was decided about contracts that others propose: at once by a rule, by our validator, or by
-- a person. Source: FSC External Contract Reference (audit of the decisions).

CREATE TABLE decision (
    content_hash text NOT NULL REFERENCES contract,
    decided_at timestamptz NOT NULL,
    way text NOT NULL CHECK (way IN ('auto', 'callout', 'manual')),
    outcome text NOT NULL CHECK (outcome IN ('accept', 'reject', 'revoke', 'manual')),
    reason text NOT NULL,
    decided_by text NOT NULL,
    PRIMARY KEY (content_hash, decided_at)
);
COMMENT ON TABLE decision IS 'reference: few, read when a contract is shown';

GRANT SELECT, INSERT ON decision TO landschap_fsc;
