-- SPDX-License-Identifier: EUPL-1.2
-- Questions to services that write their lines themselves, of which nginx saw no whole answer: were
-- the lines written? Looked at when it can be told, then gone.
CREATE TABLE unfinished (
    transaction_id uuid PRIMARY KEY,
    at timestamptz NOT NULL
);
COMMENT ON TABLE unfinished IS
    'distributed: transaction_id - questions that ended without a whole answer, for some minutes';
CREATE INDEX unfinished_by_time ON unfinished (at);

GRANT SELECT, INSERT, DELETE ON unfinished TO landschap_gateway;
