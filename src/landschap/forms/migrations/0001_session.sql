-- SPDX-License-Identifier: EUPL-1.2
-- Who is logged in at a form. The cookie holds a random token; here stands only its hash, and what the
-- session knows is sealed with a key outside the database, bound to that hash.

CREATE TABLE forms.session (
    session_hash  bytea       PRIMARY KEY CHECK (octet_length(session_hash) = 32),
    sealed        bytea       NOT NULL CHECK (octet_length(sealed) BETWEEN 29 AND 16384),
    begun_at      timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL CHECK (seen_at >= begun_at)
);
COMMENT ON TABLE forms.session IS
    'distributed: session_hash - every question is about one session';

CREATE INDEX session_by_seen ON forms.session (seen_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON forms.session TO landschap_forms;
