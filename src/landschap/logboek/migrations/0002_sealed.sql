-- SPDX-License-Identifier: EUPL-1.2
-- The form in which a writer hands over records: one array of rows instead of an array per column,
-- which costs the writer an eighth less time per batch.

CREATE TYPE logboek.sealed AS (
    record_id              uuid,
    kind                   smallint,
    at                     timestamptz,
    trace_id               bytea,
    span_id                bytea,
    transaction_id         uuid,
    subject                bytea,
    key_id                 smallint,
    peer                   text,
    source_delegator       text,
    destination_delegator  text,
    service                text,
    grant_hash             text,
    activity               text,
    salt                   bytea,
    leaf                   bytea,
    payload                bytea
);
