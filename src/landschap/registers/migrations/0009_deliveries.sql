-- SPDX-License-Identifier: EUPL-1.2
-- Deliveries of whole collections: what was asked, and whether it was written to its end.

CREATE TABLE registers.delivery (
    delivery_id     uuid        PRIMARY KEY,
    register        text        NOT NULL,
    object_type     text        NOT NULL,
    peer            text        NOT NULL,
    purpose         text        NOT NULL,
    transaction_id  uuid        NOT NULL,
    asked           jsonb       NOT NULL,
    started_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.delivery IS
    'reference: delivery_id. Deliveries of whole collections; only ever added to.';

CREATE TABLE registers.delivery_end (
    delivery_id  uuid        PRIMARY KEY REFERENCES registers.delivery,
    whole        boolean     NOT NULL,
    manifest     jsonb       NOT NULL,
    ended_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.delivery_end IS
    'reference: delivery_id. How a delivery ended; only ever added to.';

GRANT SELECT, INSERT ON registers.delivery, registers.delivery_end TO landschap_registers;
