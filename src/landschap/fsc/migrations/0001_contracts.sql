-- SPDX-License-Identifier: EUPL-1.2
-- What peers agreed, who they are, and which tokens we hold. States are derived, never stored.

-- `content` holds the canonical bytes that were hashed: the truth. The other columns are found in
-- it too and stand here to be searched.
CREATE TABLE contract (
    content_hash text PRIMARY KEY,
    iv uuid NOT NULL UNIQUE,
    content bytea NOT NULL,
    profile text NOT NULL,
    created_at timestamptz NOT NULL,
    not_after timestamptz NOT NULL,
    own boolean NOT NULL,
    received_at timestamptz NOT NULL
);
COMMENT ON TABLE contract IS 'reference: few, read by every decider';
CREATE INDEX contract_created ON contract (created_at, content_hash);

CREATE TABLE participant (
    content_hash text NOT NULL REFERENCES contract,
    peer_id text NOT NULL,
    PRIMARY KEY (content_hash, peer_id)
);
COMMENT ON TABLE participant IS 'reference: who may see a contract and must sign it';
CREATE INDEX participant_peer ON participant (peer_id, content_hash);

CREATE TABLE contract_grant (
    grant_hash text PRIMARY KEY,
    content_hash text NOT NULL REFERENCES contract,
    grant_type text NOT NULL
);
COMMENT ON TABLE contract_grant IS 'reference: which contract a grant hash stands in';
CREATE INDEX contract_grant_contract ON contract_grant (content_hash, grant_type);

-- Certificates that signed something, ours and those of others, with their intermediates.
CREATE TABLE certificate (
    thumbprint text PRIMARY KEY,
    peer_id text NOT NULL,
    der bytea NOT NULL,
    chain bytea[] NOT NULL,
    not_before timestamptz NOT NULL,
    not_after timestamptz NOT NULL
);
COMMENT ON TABLE certificate IS 'reference: who signed, for as long as a contract rests on it';
CREATE INDEX certificate_peer ON certificate (peer_id);

-- The last verified signature of each kind of each peer; a renewed accept replaces the older one.
CREATE TABLE signature (
    content_hash text NOT NULL REFERENCES contract,
    peer_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('accept', 'reject', 'revoke')),
    jws text NOT NULL,
    signed_at timestamptz NOT NULL,
    thumbprint text NOT NULL REFERENCES certificate,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (content_hash, peer_id, kind)
);
COMMENT ON TABLE signature IS 'reference: what each participant said about a contract';

CREATE TABLE peer (
    peer_id text PRIMARY KEY,
    name text NOT NULL,
    manager_address text,
    announced_at timestamptz,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE peer IS 'reference: the peers that announced themselves or negotiated with us';

-- One row per signature of ours and peer that must hear of it; the queue below carries it out.
CREATE TABLE delivery (
    content_hash text NOT NULL REFERENCES contract,
    target text NOT NULL,
    task text NOT NULL CHECK (task IN ('submit', 'accept', 'reject', 'revoke')),
    state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'refused', 'ended')),
    attempts int NOT NULL DEFAULT 0,
    last_error text NOT NULL DEFAULT '',
    next_attempt_at timestamptz,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (content_hash, target, task)
);
COMMENT ON TABLE delivery IS 'reference: what is delivered, what waits, what was refused';

-- Tokens fetched ahead from other Managers, for our own Outway.
CREATE TABLE token (
    grant_hash text PRIMARY KEY REFERENCES contract_grant,
    token text NOT NULL DEFAULT '',
    inway_address text NOT NULL DEFAULT '',
    fetched_at timestamptz,
    expires_at timestamptz,
    last_error text NOT NULL DEFAULT '',
    failures int NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL
);
COMMENT ON TABLE token IS 'reference: short-lived, one row per connection we may use';

GRANT SELECT, INSERT ON contract, participant, contract_grant, certificate TO landschap_fsc;
GRANT SELECT, INSERT, UPDATE ON signature, peer, delivery, token TO landschap_fsc;
GRANT DELETE ON token TO landschap_fsc;
-- Locking a contract's row while it is signed asks for UPDATE on one column; nothing changes it.
GRANT UPDATE (received_at) ON contract TO landschap_fsc;
