-- SPDX-License-Identifier: EUPL-1.2
-- Verifications of the log that an officer asked for: the worker carries them out and says how far
-- it is; what came out is kept. At most one is open.

CREATE TABLE console.verification (
    verification_id uuid        PRIMARY KEY,
    asked_at        timestamptz NOT NULL,
    -- The last sign of life of the worker that does it.
    seen_at         timestamptz,
    ended_at        timestamptz,
    done            bigint      NOT NULL DEFAULT 0 CHECK (done >= 0),
    total           bigint      NOT NULL CHECK (total >= 0),
    -- Without an outcome, ended is failed.
    outcome         jsonb,
    CONSTRAINT whole CHECK (outcome IS NULL OR ended_at IS NOT NULL)
);
COMMENT ON TABLE console.verification IS 'reference: few, read by privacy officers';
CREATE UNIQUE INDEX verification_one_open ON console.verification ((true)) WHERE ended_at IS NULL;
CREATE INDEX verification_by_moment ON console.verification (asked_at);

GRANT SELECT, INSERT ON console.verification TO landschap_console;
GRANT UPDATE (seen_at, ended_at, done, outcome) ON console.verification TO landschap_console;
