-- SPDX-License-Identifier: EUPL-1.2
-- Lines that other applications deliver count once. Written in the statement of the line itself;
-- it goes when the month of the line has gone.

CREATE TABLE logboek.seen (
    trace_id  bytea  NOT NULL CHECK (octet_length(trace_id) = 16),
    span_id   bytea  NOT NULL CHECK (octet_length(span_id) = 8),
    digest    bytea  NOT NULL CHECK (octet_length(digest) = 32),  -- of the payload that is kept
    month     date   NOT NULL,
    PRIMARY KEY (trace_id, span_id)
);
COMMENT ON TABLE logboek.seen IS
    'distributed: trace_id - lines delivered by other applications, as long as they are kept';

CREATE INDEX seen_by_month ON logboek.seen (month);

-- The first day of the oldest month that lines can still stand in.
CREATE FUNCTION logboek.oldest_month() RETURNS date
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT min(to_date(substring(c.relname FROM '([0-9]{4}_[0-9]{2})'), 'YYYY_MM'))
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'logboek.record'::regclass
$$;

-- Forget at most so many of months that are gone.
CREATE FUNCTION logboek.forget_seen(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    forgotten integer;
BEGIN
    IF coalesce(most, 0) NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'lines at once: 1 to 100000, not %', most;
    END IF;
    WITH gone AS (
        SELECT trace_id, span_id FROM logboek.seen
        WHERE month < logboek.oldest_month() LIMIT most FOR UPDATE SKIP LOCKED
    )
    DELETE FROM logboek.seen AS held USING gone
    WHERE held.trace_id = gone.trace_id AND held.span_id = gone.span_id;
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN forgotten;
END $$;

REVOKE ALL ON FUNCTION logboek.oldest_month(), logboek.forget_seen(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION logboek.oldest_month(), logboek.forget_seen(integer)
    TO landschap_logboek;
GRANT SELECT, INSERT ON logboek.seen TO landschap_logboek;
