-- SPDX-License-Identifier: EUPL-1.2
-- Packages that were taken in: what came, with which values, by whom. Append only.

CREATE TABLE applied (
    number int PRIMARY KEY,
    name text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    signer text NOT NULL,
    signer_name text NOT NULL,
    given jsonb NOT NULL,
    body bytea NOT NULL,
    author text NOT NULL,
    approver text NOT NULL,
    reason text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE applied IS 'reference: packages as they came; the newest of a name is in force';
COMMENT ON COLUMN applied.digest IS 'SHA-256 of the manifest, which holds that of every file';
COMMENT ON COLUMN applied.given IS 'the values of this organisation for the parameters of the package';
COMMENT ON COLUMN applied.body IS 'the package itself: the old side when a newer one comes';

GRANT SELECT, INSERT ON applied TO landschap_packages;
