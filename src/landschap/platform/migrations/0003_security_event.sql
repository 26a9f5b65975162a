-- SPDX-License-Identifier: EUPL-1.2
-- What happened that a watch (SIEM, SOC) must know, kept until its receivers have it. A room tells
-- it inside the transaction of the deed itself, so neither is there without the other. Nothing is
-- kept while there is no receiver, and never more than `capacity`: what does not fit is counted,
-- and the count is an event of its own as soon as there is room.

CREATE TABLE platform.siem_state (
    one_row  boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    last_seq bigint  NOT NULL DEFAULT 0,
    capacity bigint  NOT NULL DEFAULT 1000000 CHECK (capacity > 0),
    lost     bigint  NOT NULL DEFAULT 0,
    told     bigint  NOT NULL DEFAULT 0,
    salt     bytea   NOT NULL DEFAULT
        sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
);
COMMENT ON TABLE platform.siem_state IS
    'reference: one row; its lock is held until commit, so the order of numbers is that of commits';
INSERT INTO platform.siem_state DEFAULT VALUES;

CREATE TABLE platform.siem_event (
    seq      bigint      PRIMARY KEY CHECK (seq > 0),
    event_id uuid        NOT NULL UNIQUE,
    at       timestamptz NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind     text        NOT NULL CHECK (kind ~ '^[a-z_]{3,40}$'),
    facts    jsonb       NOT NULL
);
COMMENT ON TABLE platform.siem_event IS
    'reference: bounded; what receivers do not have yet, and what they have for as long as it may be sent again';

CREATE TABLE platform.siem_receiver (
    name          text        PRIMARY KEY CHECK (name IN ('syslog', 'otlp')),
    confirmed_seq bigint      NOT NULL CHECK (confirmed_seq >= 0),
    at            timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE platform.siem_receiver IS 'reference: at most one row per way of sending';

-- How far the log was read for refusals, per lane: its records are the source of those events.
CREATE TABLE platform.siem_cursor (
    lane      text PRIMARY KEY,
    record_id uuid NOT NULL
);
COMMENT ON TABLE platform.siem_cursor IS 'reference: one row per lane of the log';

-- Tells 'noted', 'known' (that id was noted before), 'off' (nobody receives), 'lost' (full, and
-- counted) or, when the teller can come again, 'full'.
CREATE FUNCTION platform.note_security_event(
    kind text, facts jsonb, at timestamptz DEFAULT clock_timestamp(),
    event_id uuid DEFAULT uuidv7(), comes_again boolean DEFAULT false
) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held platform.siem_state;
    confirmed bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM platform.siem_receiver) THEN
        RETURN 'off';
    END IF;
    SELECT * INTO STRICT held FROM platform.siem_state FOR UPDATE;
    IF EXISTS (SELECT FROM platform.siem_event AS old
               WHERE old.event_id = note_security_event.event_id) THEN
        RETURN 'known';
    END IF;
    SELECT min(one.confirmed_seq) INTO confirmed FROM platform.siem_receiver AS one;
    IF held.last_seq - confirmed >= held.capacity THEN
        IF comes_again THEN
            RETURN 'full';
        END IF;
        UPDATE platform.siem_state SET lost = lost + 1;
        RETURN 'lost';
    END IF;
    IF held.lost > held.told THEN
        held.last_seq := held.last_seq + 1;
        INSERT INTO platform.siem_event (seq, event_id, at, kind, facts)
        VALUES (held.last_seq, uuidv7(), clock_timestamp(), 'events_lost',
                jsonb_build_object('times', held.lost - held.told));
    END IF;
    held.last_seq := held.last_seq + 1;
    INSERT INTO platform.siem_event (seq, event_id, at, kind, facts)
    VALUES (held.last_seq, note_security_event.event_id, note_security_event.at,
            note_security_event.kind, note_security_event.facts);
    UPDATE platform.siem_state SET last_seq = held.last_seq, told = lost;
    RETURN 'noted';
END
$$;

-- The same account gives the same word, which nobody leads back without this database.
CREATE FUNCTION platform.siem_pseudonym(account text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT left(encode(sha256(salt || convert_to(account, 'UTF8')), 'hex'), 32)
    FROM platform.siem_state
$$;

CREATE FUNCTION platform.tell_departure() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM platform.note_security_event('account_' || NEW.kind, jsonb_build_object(
        'account', platform.siem_pseudonym(NEW.issuer || ' ' || NEW.account)));
    RETURN NULL;
END
$$;
-- At the end of the transaction, as in every room: the one lock is taken last and held shortly.
CREATE CONSTRAINT TRIGGER tell_departure AFTER INSERT ON platform.departure
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION platform.tell_departure();

GRANT EXECUTE ON FUNCTION
    platform.note_security_event(text, jsonb, timestamptz, uuid, boolean),
    platform.siem_pseudonym(text) TO landschap_rooms;
GRANT EXECUTE ON FUNCTION
    platform.note_security_event(text, jsonb, timestamptz, uuid, boolean),
    platform.siem_pseudonym(text) TO landschap_platform;
GRANT USAGE ON SCHEMA platform TO landschap_platform;
GRANT SELECT, UPDATE (capacity) ON platform.siem_state TO landschap_platform;
GRANT SELECT, DELETE ON platform.siem_event TO landschap_platform;
GRANT SELECT, INSERT, UPDATE, DELETE ON platform.siem_receiver, platform.siem_cursor
    TO landschap_platform;
