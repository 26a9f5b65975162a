-- SPDX-License-Identifier: EUPL-1.2
-- What an employee at the desk had typed and could not send, so that it is not lost. The cookie
-- holds a random token; here stands only its hash, and what was typed is sealed with a key outside
-- the database.

CREATE TABLE console.draft (
    draft_hash  bytea       PRIMARY KEY CHECK (octet_length(draft_hash) = 32),
    sealed      bytea       NOT NULL CHECK (octet_length(sealed) BETWEEN 29 AND 65536),
    kept_at     timestamptz NOT NULL
);
COMMENT ON TABLE console.draft IS
    'distributed: draft_hash - every question is about one draft';

CREATE INDEX draft_by_age ON console.draft (kept_at);

GRANT SELECT, INSERT, DELETE ON console.draft TO landschap_console;
