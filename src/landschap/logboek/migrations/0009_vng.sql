-- SPDX-License-Identifier: EUPL-1.2
-- Actions that came in by the older municipal standard: what the log has no place for, and how long
-- their lines are kept when that is longer than the log keeps any. The lines themselves, and the
-- chain over them, are never touched.
-- Source: VNG, "Logging van verwerkingen", bewerking (B3891) and header fields (B9177).

CREATE TABLE logboek.vng_action (
    action_id            uuid        PRIMARY KEY,  -- made from trace and span
    trace_id             bytea       NOT NULL CHECK (octet_length(trace_id) = 16),
    span_id              bytea       NOT NULL CHECK (octet_length(span_id) = 8),
    application          text        NOT NULL,
    at                   timestamptz NOT NULL,  -- the deed
    month                date        NOT NULL,  -- at the earliest; the line's own stands in seen
    activity             text,
    processing_id        uuid,
    -- What the consumer said of its own side; never taken for ours.
    consumer_activity_id uuid,
    consumer_activity    text,
    consumer_processing  uuid
);
COMMENT ON TABLE logboek.vng_action IS
    'distributed: action_id - actions by the municipal standard, as long as their lines are kept';
CREATE INDEX vng_action_by_processing ON logboek.vng_action (processing_id)
    WHERE processing_id IS NOT NULL;
CREATE INDEX vng_action_by_month ON logboek.vng_action (month);

-- Each change is a row; the last one counts.
CREATE TABLE logboek.vng_term (
    action_id    uuid        NOT NULL REFERENCES logboek.vng_action ON DELETE CASCADE,
    term_id      uuid        NOT NULL,  -- uuid v7: the order of changes
    term         text        NOT NULL CHECK (term ~ '^P([0-9]+[YMWD])+$'),
    keep_until   timestamptz NOT NULL,
    application  text        NOT NULL,
    noted_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (action_id, term_id)
);
COMMENT ON TABLE logboek.vng_term IS
    'distributed: action_id - longer terms of lines, as long as these are kept';

-- True while a line in this month has a longer term of its own.
CREATE FUNCTION logboek.longer_term_in(first date) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT EXISTS (
        SELECT FROM logboek.seen AS line
        JOIN logboek.vng_action AS action USING (trace_id, span_id)
        CROSS JOIN LATERAL (
            SELECT keep_until FROM logboek.vng_term AS term
            WHERE term.action_id = action.action_id ORDER BY term_id DESC LIMIT 1
        ) AS last
        WHERE line.month = first AND last.keep_until > clock_timestamp()
    )
$$;

-- As before, and a month with a line that is kept longer stays.
CREATE OR REPLACE FUNCTION logboek.drop_month(month date) RETURNS bigint
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
    IF logboek.longer_term_in(first) THEN
        RAISE EXCEPTION 'month % holds a line with a longer term', first USING ERRCODE = 'P0001';
    END IF;
    IF to_regclass('logboek.' || name) IS NULL THEN
        RAISE EXCEPTION 'no records of month %', first USING ERRCODE = 'P0002';
    END IF;
    EXECUTE format('SELECT count(*) FROM logboek.%I', name) INTO found;
    EXECUTE format('ALTER TABLE logboek.record DETACH PARTITION logboek.%I', name);
    EXECUTE format('DROP TABLE logboek.%I', name);
    DELETE FROM logboek.form WHERE form.month = first;
    INSERT INTO logboek.dropped_month VALUES (first, clock_timestamp(), found);
    RETURN found;
END $$;

-- Forget at most so many whose lines are gone.
CREATE FUNCTION logboek.forget_actions(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    forgotten integer;
BEGIN
    IF coalesce(most, 0) NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'actions at once: 1 to 100000, not %', most;
    END IF;
    WITH gone AS (
        SELECT action_id FROM logboek.vng_action AS action
        WHERE month < logboek.oldest_month() AND NOT EXISTS (
            SELECT FROM logboek.seen AS line
            WHERE line.trace_id = action.trace_id AND line.span_id = action.span_id)
        LIMIT most FOR UPDATE SKIP LOCKED
    )
    DELETE FROM logboek.vng_action AS held USING gone WHERE held.action_id = gone.action_id;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;

REVOKE ALL ON FUNCTION logboek.longer_term_in(date), logboek.forget_actions(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION logboek.forget_actions(integer) TO landschap_logboek;
GRANT SELECT, INSERT ON logboek.vng_action, logboek.vng_term TO landschap_logboek;
