-- SPDX-License-Identifier: EUPL-1.2
-- The log: records in partitions of one month, one row per batch, anchors over all lanes.
-- Nobody but the keeper's function takes anything away, and that function takes whole months.

CREATE TABLE logboek.record (
    record_id              uuid        NOT NULL,  -- uuid v7 of the log's own clock
    kind                   smallint    NOT NULL CHECK (kind BETWEEN 1 AND 4),
    at                     timestamptz NOT NULL,  -- the deed; the recording stands in record_id
    trace_id               bytea       NOT NULL CHECK (octet_length(trace_id) = 16),
    span_id                bytea       NOT NULL CHECK (octet_length(span_id) = 8),
    transaction_id         uuid,
    subject                bytea       CHECK (octet_length(subject) = 16),
    key_id                 smallint,
    peer                   text,
    source_delegator       text,
    destination_delegator  text,
    service                text,
    grant_hash             text,
    activity               text,
    lane                   text        NOT NULL,
    batch                  bigint      NOT NULL,
    pos                    integer     NOT NULL,
    salt                   bytea       NOT NULL,
    leaf                   bytea       NOT NULL,
    payload                bytea       NOT NULL,
    PRIMARY KEY (lane, record_id)
) PARTITION BY RANGE (record_id);
COMMENT ON TABLE logboek.record IS
    'distributed: lane - records and batch head of one commit stand on one node';

CREATE INDEX record_by_subject ON logboek.record (subject, record_id) WHERE subject IS NOT NULL;
CREATE INDEX record_by_trace ON logboek.record (trace_id);
CREATE INDEX record_by_transaction ON logboek.record (transaction_id)
    WHERE transaction_id IS NOT NULL;
CREATE INDEX record_by_peer ON logboek.record (peer, record_id) WHERE kind = 1;
CREATE INDEX record_by_source_delegator ON logboek.record (source_delegator, record_id)
    WHERE source_delegator IS NOT NULL;
CREATE INDEX record_by_destination_delegator ON logboek.record (destination_delegator, record_id)
    WHERE destination_delegator IS NOT NULL;

CREATE TABLE logboek.batch (
    lane          text    NOT NULL CHECK (lane ~ '^[a-z][a-z0-9-]{0,62}$'),
    no            bigint  NOT NULL CHECK (no > 0),
    size          integer NOT NULL CHECK (size > 0),
    first_record  uuid    NOT NULL,
    last_record   uuid    NOT NULL,
    root          bytea   NOT NULL,
    prev          bytea   NOT NULL,
    head          bytea   NOT NULL,
    PRIMARY KEY (lane, no)
);
COMMENT ON TABLE logboek.batch IS
    'distributed: lane - one chain of heads per lane, kept for ever';

CREATE TABLE logboek.anchor (
    anchor_id    uuid        PRIMARY KEY,
    at           timestamptz NOT NULL,
    jws          text        NOT NULL,  -- signed: time, previous anchor, last head of every lane
    certificate  bytea       NOT NULL   -- DER; whose key signed
);
COMMENT ON TABLE logboek.anchor IS
    'reference: anchor_id - about one a minute, kept for ever';

CREATE TABLE logboek.dropped_month (
    month       date        PRIMARY KEY,
    dropped_at  timestamptz NOT NULL,
    records     bigint      NOT NULL
);
COMMENT ON TABLE logboek.dropped_month IS
    'reference: month - which months went after their term, so that an absence can be told apart';

CREATE TABLE logboek.retention (
    only_row  boolean  PRIMARY KEY DEFAULT true CHECK (only_row),
    keep      interval NOT NULL
);
COMMENT ON TABLE logboek.retention IS
    'reference: only_row - how long a month is kept at least';
INSERT INTO logboek.retention (keep) VALUES ('5 years');

-- The lowest identifier of a month: 48 bits of milliseconds, then zeros.
CREATE FUNCTION logboek.floor_of(month date) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT (lpad(to_hex((extract(epoch FROM month::timestamp AT TIME ZONE 'UTC') * 1000)::bigint),
                 12, '0') || repeat('0', 20))::uuid
$$;

CREATE FUNCTION logboek.partition_of(month date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT 'record_' || to_char(month, 'YYYY_MM')
$$;

-- Make one month. Attaching, unlike creating as a partition, lets writers go on meanwhile.
CREATE FUNCTION logboek.make_month(month date) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    next date := (date_trunc('month', month) + interval '1 month')::date;
    name text := logboek.partition_of(first);
BEGIN
    IF to_regclass('logboek.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE logboek.%I (LIKE logboek.record INCLUDING ALL)', name);
    EXECUTE format('COMMENT ON TABLE logboek.%I IS %L', name, 'distributed: lane - one month');
    EXECUTE format('ALTER TABLE logboek.record ATTACH PARTITION logboek.%I '
                   'FOR VALUES FROM (%L) TO (%L)',
                   name, logboek.floor_of(first), logboek.floor_of(next));
    RETURN true;
END $$;

-- This month and the ones ahead; whoever writes may ask for it, again and again.
CREATE FUNCTION logboek.ensure_months(ahead integer DEFAULT 2) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    made integer := 0;
    current_month date := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    IF ahead NOT BETWEEN 0 AND 24 THEN
        RAISE EXCEPTION 'months ahead: 0 to 24, not %', ahead;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('logboek.ensure_months', 0));
    FOR step IN 0..ahead LOOP
        IF logboek.make_month((current_month + make_interval(months => step))::date) THEN
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- The keeper's only deed: a whole month past its term goes, and that is written down.
CREATE FUNCTION logboek.drop_month(month date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    next date := (date_trunc('month', month) + interval '1 month')::date;
    name text := logboek.partition_of(first);
    found bigint;
BEGIN
    IF next::timestamp AT TIME ZONE 'UTC' + (SELECT keep FROM logboek.retention)
       > clock_timestamp() THEN
        RAISE EXCEPTION 'month % is within its term', first USING ERRCODE = 'P0001';
    END IF;
    IF to_regclass('logboek.' || name) IS NULL THEN
        RAISE EXCEPTION 'no records of month %', first USING ERRCODE = 'P0002';
    END IF;
    EXECUTE format('SELECT count(*) FROM logboek.%I', name) INTO found;
    EXECUTE format('ALTER TABLE logboek.record DETACH PARTITION logboek.%I', name);
    EXECUTE format('DROP TABLE logboek.%I', name);
    INSERT INTO logboek.dropped_month VALUES (first, clock_timestamp(), found);
    RETURN found;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA logboek FROM PUBLIC;
GRANT EXECUTE ON FUNCTION logboek.ensure_months(integer) TO landschap_logboek;
GRANT EXECUTE ON FUNCTION logboek.drop_month(date) TO landschap_keeper;

GRANT USAGE ON SCHEMA logboek TO landschap_logboek, landschap_log_reader, landschap_keeper;
GRANT SELECT, INSERT ON logboek.record, logboek.batch, logboek.anchor TO landschap_logboek;
GRANT SELECT ON logboek.dropped_month TO landschap_logboek;
GRANT SELECT ON logboek.record, logboek.batch, logboek.anchor, logboek.dropped_month
    TO landschap_log_reader;

SELECT logboek.ensure_months(2);
