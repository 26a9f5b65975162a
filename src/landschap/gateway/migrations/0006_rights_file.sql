-- SPDX-License-Identifier: EUPL-1.2
-- Files that are made for a person whose request was granted: a copy of their data, to take along.

CREATE TABLE rights_file (
    request uuid PRIMARY KEY REFERENCES rights_request (request),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    told_at timestamptz,
    done integer NOT NULL DEFAULT 0 CHECK (done >= 0),
    total integer NOT NULL DEFAULT 0 CHECK (total >= 0),
    attempts integer NOT NULL DEFAULT 0,
    -- The archive, readable by us alone; gone thirty days after it was made.
    sealed bytea,
    digest bytea CHECK (octet_length(digest) = 32),
    made_at timestamptz
);
CREATE INDEX rights_file_open ON rights_file (asked_at) WHERE made_at IS NULL;
COMMENT ON TABLE rights_file IS 'reference: copies of their data that are made for persons';

GRANT SELECT, INSERT ON rights_file TO landschap_gateway;
GRANT UPDATE (told_at, done, total, attempts, sealed, digest, made_at) ON rights_file
    TO landschap_gateway;
