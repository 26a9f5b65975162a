-- SPDX-License-Identifier: EUPL-1.2
-- What may not be destroyed although its term is over: lines that a court, an objection or an
-- inquiry needs, and lines about a person who asked for access and has no answer yet. About a
-- person, an activity, a period, or what these have in common. Only ever added to; the month of a
-- line that is held stays whole.
-- Source: AVG art. 15, art. 17 lid 3 onder e, art. 18 lid 1 onder c.

CREATE TABLE logboek.legal_hold (
    hold_id      uuid        PRIMARY KEY,
    ground       text        NOT NULL CHECK (ground IN ('legal_hold', 'access_request')),
    subjects     bytea[]     CHECK (cardinality(subjects) BETWEEN 1 AND 64),  -- of one person
    activity     text        CHECK (btrim(activity) <> ''),
    since        timestamptz,
    until        timestamptz,
    reason       text        NOT NULL CHECK (length(btrim(reason)) BETWEEN 3 AND 500),
    placed_by    text        NOT NULL CHECK (btrim(placed_by) <> ''),
    approved_by  text        CHECK (btrim(approved_by) <> ''),
    placed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT about_something CHECK (num_nonnulls(subjects, activity, since, until) > 0),
    CONSTRAINT period CHECK (since < until),
    -- Who asks for access is held for at once; that it is answered takes two.
    CONSTRAINT two_people CHECK (
        ground = 'access_request'
        OR approved_by IS NOT NULL AND lower(btrim(approved_by)) <> lower(btrim(placed_by)))
);
COMMENT ON TABLE logboek.legal_hold IS
    'reference: hold_id - decisions that lines are not destroyed, some a year';

CREATE TABLE logboek.legal_hold_end (
    hold_id      uuid        PRIMARY KEY REFERENCES logboek.legal_hold,
    reason       text        NOT NULL CHECK (length(btrim(reason)) BETWEEN 3 AND 500),
    ended_by     text        NOT NULL CHECK (btrim(ended_by) <> ''),
    approved_by  text        CHECK (btrim(approved_by) <> ''),
    ended_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE logboek.legal_hold_end IS 'reference: hold_id - holds that ended, and why';

CREATE FUNCTION logboek.two_end_a_hold() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.approved_by IS NULL AND EXISTS (
        SELECT FROM logboek.legal_hold AS hold
        WHERE hold.hold_id = NEW.hold_id AND hold.ground = 'legal_hold')
    OR lower(btrim(NEW.approved_by)) = lower(btrim(NEW.ended_by)) THEN
        RAISE EXCEPTION 'a hold is lifted by two people'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'two_people';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER two_end_a_hold BEFORE INSERT ON logboek.legal_hold_end
    FOR EACH ROW EXECUTE FUNCTION logboek.two_end_a_hold();

-- The holds in force on something that was recorded in this month.
CREATE FUNCTION logboek.holds_on_month(first date) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT hold.hold_id FROM logboek.legal_hold AS hold
    WHERE NOT EXISTS (SELECT FROM logboek.legal_hold_end AS e WHERE e.hold_id = hold.hold_id)
      AND EXISTS (
        SELECT FROM logboek.record AS held
        WHERE held.record_id >= logboek.floor_of(first)
          AND held.record_id < logboek.floor_of((first + interval '1 month')::date)
          AND (hold.subjects IS NULL OR held.subject = ANY (hold.subjects))
          AND (hold.activity IS NULL OR held.activity = hold.activity)
          AND (hold.since IS NULL OR held.at >= hold.since)
          AND (hold.until IS NULL OR held.at < hold.until))
    ORDER BY hold.placed_at, hold.hold_id
$$;

-- The services hold for a person who asks for access, and end that when it is answered: no more.
CREATE FUNCTION logboek.hold_for_request(request uuid, about bytea[], why text, who text)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
    INSERT INTO logboek.legal_hold (hold_id, ground, subjects, reason, placed_by)
    VALUES (request, 'access_request', about, why, who)
$$;
CREATE FUNCTION logboek.end_hold_for_request(request uuid, why text, who text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO logboek.legal_hold_end (hold_id, reason, ended_by)
    SELECT hold_id, why, who FROM logboek.legal_hold
    WHERE hold_id = request AND ground = 'access_request'
    ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;

-- As before, and what is held stays. A hold that is being placed waits until the month is gone, or
-- this waits for the hold: never both.
CREATE OR REPLACE FUNCTION logboek.drop_month(month date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    next date := (date_trunc('month', month) + interval '1 month')::date;
    name text := logboek.partition_of(first);
    hold uuid;
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
    LOCK TABLE logboek.legal_hold IN SHARE MODE;
    SELECT h INTO hold FROM logboek.holds_on_month(first) AS h LIMIT 1;
    IF hold IS NOT NULL THEN
        RAISE EXCEPTION 'month % is held by %', first, hold USING ERRCODE = 'P0001';
    END IF;
    EXECUTE format('SELECT count(*) FROM logboek.%I', name) INTO found;
    EXECUTE format('ALTER TABLE logboek.record DETACH PARTITION logboek.%I', name);
    EXECUTE format('DROP TABLE logboek.%I', name);
    DELETE FROM logboek.form WHERE form.month = first;
    INSERT INTO logboek.dropped_month VALUES (first, clock_timestamp(), found);
    RETURN found;
END $$;

-- The months there are of which the term of the log itself is over, and when that was.
CREATE FUNCTION logboek.ended_months() RETURNS TABLE (month date, ends timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT there.month, own.ends FROM (
        SELECT to_date(substring(c.relname FROM '([0-9]{4}_[0-9]{2})$'), 'YYYY_MM') AS month
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'logboek.record'::regclass
    ) AS there CROSS JOIN LATERAL (
        SELECT (there.month + interval '1 month') AT TIME ZONE 'UTC' + keep AS ends
        FROM logboek.retention
    ) AS own
    WHERE own.ends <= clock_timestamp() ORDER BY there.month
$$;

REVOKE ALL ON FUNCTION logboek.two_end_a_hold(), logboek.holds_on_month(date),
    logboek.ended_months(), logboek.hold_for_request(uuid, bytea[], text, text),
    logboek.end_hold_for_request(uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION logboek.holds_on_month(date), logboek.ended_months(), logboek.floor_of(date)
    TO landschap_log_reader;
GRANT EXECUTE ON FUNCTION logboek.hold_for_request(uuid, bytea[], text, text),
    logboek.end_hold_for_request(uuid, text, text) TO landschap_logboek;
GRANT SELECT ON logboek.legal_hold, logboek.legal_hold_end
    TO landschap_log_reader, landschap_legal_hold;
GRANT INSERT (hold_id, ground, subjects, activity, since, until, reason, placed_by, approved_by)
    ON logboek.legal_hold TO landschap_legal_hold;
GRANT INSERT (hold_id, reason, ended_by, approved_by)
    ON logboek.legal_hold_end TO landschap_legal_hold;
GRANT USAGE ON SCHEMA logboek TO landschap_legal_hold;
