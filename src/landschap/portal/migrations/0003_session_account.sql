-- SPDX-License-Identifier: EUPL-1.2
-- Which sessions are over when the provider says that somebody logged out there. Here stand only
-- keyed digests of what the provider calls the person and the session.
-- Source: OpenID Connect Back-Channel Logout 1.0.

CREATE TABLE portal.session_account (
    session_hash  bytea  NOT NULL REFERENCES portal.session ON DELETE CASCADE,
    account       bytea  NOT NULL CHECK (octet_length(account) = 32),
    PRIMARY KEY (session_hash, account)
);
COMMENT ON TABLE portal.session_account IS
    'distributed: session_hash - it goes with its session';

CREATE INDEX session_by_account ON portal.session_account (account);

GRANT SELECT, INSERT ON portal.session_account TO landschap_portal;
