-- SPDX-License-Identifier: EUPL-1.2
-- Which versions of information models have been in force: what was written under an older one
-- stays readable, and a version that would break that is refused.

CREATE TABLE registers.model (
    object_type   text        NOT NULL,
    version       text        NOT NULL,
    -- The parts of the version as numbers, so that the newest is found.
    ranked        integer[]   NOT NULL CHECK (cardinality(ranked) = 3),
    adopted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    inhoud        jsonb       NOT NULL,
    PRIMARY KEY (object_type, version)
);
COMMENT ON TABLE registers.model IS
    'reference. The versions of object types that were in force, with their schemas. Only added to.';
GRANT SELECT, INSERT ON registers.model TO landschap_registers;
