-- SPDX-License-Identifier: EUPL-1.2
-- That an objection or restriction which was upheld holds no longer, and since when its person
-- knows.

CREATE TABLE rights_lifted (
    request uuid PRIMARY KEY REFERENCES rights_request (request),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    author text NOT NULL CHECK (author <> ''),
    reason text NOT NULL CHECK (reason <> ''),
    told_on date NOT NULL
);
COMMENT ON TABLE rights_lifted IS 'reference: upheld requests that hold no longer; only added to';

GRANT SELECT, INSERT ON rights_lifted TO landschap_gateway;
