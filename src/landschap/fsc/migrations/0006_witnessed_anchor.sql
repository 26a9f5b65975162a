-- SPDX-License-Identifier: EUPL-1.2
-- The signed ends of other organisations' logs that we keep for them. Nobody may change or remove
-- a row: two anchors that contradict each other are the proof that a log was rewritten.

CREATE TABLE witnessed_anchor (
    peer_id text NOT NULL,
    digest bytea NOT NULL CHECK (length(digest) = 32),
    anchor_id uuid NOT NULL,
    at timestamptz NOT NULL,
    jws text NOT NULL,
    certificate bytea NOT NULL,
    chain bytea[] NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (peer_id, digest)
);
COMMENT ON TABLE witnessed_anchor IS 'distributed: peer_id - one row per anchor that a peer brought';
CREATE INDEX witnessed_anchor_order ON witnessed_anchor (peer_id, anchor_id, digest);

GRANT SELECT, INSERT ON witnessed_anchor TO landschap_fsc;
