-- SPDX-License-Identifier: EUPL-1.2
-- Who received a value that was corrected since must be told, also without having asked for it.
--
-- That goes by the deliveries of notices: per register and organisation one subscription that is a
-- duty of ours. It reads no assertions on; what it has to bring is put there one by one, and that
-- it was taken is kept, so that nobody is told twice.

ALTER TABLE registers.subscription ADD COLUMN duty boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX subscription_duty ON registers.subscription (register, peer) WHERE duty;

CREATE TABLE registers.told (
    subscription_id  uuid        NOT NULL REFERENCES registers.subscription ON DELETE CASCADE,
    number           bigint      NOT NULL,
    queued_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    received_at      timestamptz,
    PRIMARY KEY (subscription_id, number)
);
COMMENT ON TABLE registers.told IS
    'distributed: subscription_id. Which correction an organisation was told, and when it took it.';

GRANT SELECT, INSERT, UPDATE ON registers.told TO landschap_registers;
