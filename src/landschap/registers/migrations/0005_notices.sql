-- SPDX-License-Identifier: EUPL-1.2
-- Who is told of changes, how far that is, and what others told us.
--
-- The assertions are the outbox: a notice follows from one of them. Here stands only which of them
-- a subscription still has to be sent. These tables are memory of deliveries and no truth of a
-- register, so they are updated and emptied.

CREATE TABLE registers.subscription (
    subscription_id  uuid        PRIMARY KEY,
    register         text        NOT NULL,
    peer             text        NOT NULL,
    purpose          text        NOT NULL,
    policy           text        NOT NULL,
    reference        text        NOT NULL,
    sink             text        NOT NULL,
    type_keys        text[]      NOT NULL CHECK (cardinality(type_keys) > 0),
    acts             text[]      NOT NULL,
    groups           text[]      NOT NULL,
    objects          text[]      NOT NULL,
    bundled          boolean     NOT NULL,
    position         bigint      NOT NULL CHECK (position >= 0),
    state            text        NOT NULL
        CHECK (state IN ('aangevraagd', 'actief', 'gepauzeerd', 'beeindigd')),
    reason           text        NOT NULL DEFAULT '',
    failures         integer     NOT NULL DEFAULT 0,
    failing_since    timestamptz,
    next_try_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_success_at  timestamptz,
    rate             integer     CHECK (rate > 0),
    transaction_id   uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.subscription IS
    'reference: subscription_id. Who is told of changes of a register, and how far that is.';
CREATE INDEX subscription_peer ON registers.subscription (register, peer);
CREATE INDEX subscription_busy ON registers.subscription (next_try_at)
    WHERE state IN ('aangevraagd', 'actief');

CREATE TABLE registers.notice (
    subscription_id  uuid        NOT NULL REFERENCES registers.subscription ON DELETE CASCADE,
    number           bigint      NOT NULL,
    object_type      text        NOT NULL,
    object_id        text        NOT NULL,
    kind             text        NOT NULL,
    registered_at    timestamptz NOT NULL,
    dead             boolean     NOT NULL DEFAULT false,
    attempts         integer     NOT NULL DEFAULT 0,
    first_at         timestamptz,
    next_try_at      timestamptz NOT NULL,
    last_error       text        NOT NULL DEFAULT '',
    PRIMARY KEY (subscription_id, number)
);
COMMENT ON TABLE registers.notice IS
    'distributed: subscription_id. What is still to be sent, and what could not be.';
CREATE INDEX notice_of_object ON registers.notice
    (subscription_id, object_type, object_id, number) WHERE NOT dead;

CREATE TABLE registers.received (
    source       text        NOT NULL,
    event_id     text        NOT NULL,
    place        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    type         text        NOT NULL,
    subject      text        NOT NULL,
    sequence     bigint,
    dataref      text        NOT NULL,
    event_time   timestamptz,
    peer         text        NOT NULL,
    received_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    handled_at   timestamptz,
    attempts     integer     NOT NULL DEFAULT 0,
    next_try_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_error   text        NOT NULL DEFAULT '',
    PRIMARY KEY (source, event_id)
);
COMMENT ON TABLE registers.received IS
    'distributed: source. Notices of others, each once, and whether they were acted upon.';
CREATE INDEX received_waiting ON registers.received (source, subject, place)
    WHERE handled_at IS NULL;
CREATE INDEX received_moment ON registers.received (received_at);

GRANT SELECT, INSERT, UPDATE ON registers.subscription TO landschap_registers;
GRANT SELECT, INSERT, UPDATE, DELETE ON registers.notice, registers.received
    TO landschap_registers;
