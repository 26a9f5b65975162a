-- SPDX-License-Identifier: EUPL-1.2
-- How well each service answered: by Dutch calendar day, and by how long it took.

CREATE TABLE measured (
    day date NOT NULL,
    service text NOT NULL,
    step smallint NOT NULL CHECK (step BETWEEN 0 AND 62),
    answers bigint NOT NULL CHECK (answers > 0),
    failed bigint NOT NULL CHECK (failed BETWEEN 0 AND answers),
    PRIMARY KEY (service, day, step)
);
COMMENT ON TABLE measured IS 'reference: bounded by services, days of 400 and steps of time';

GRANT SELECT, INSERT, UPDATE, DELETE ON measured TO landschap_gateway;
