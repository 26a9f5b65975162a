-- SPDX-License-Identifier: EUPL-1.2
-- A clock that stands months or years ahead makes every month look past its term. The log holds
-- that clock against its own signatures, about one a minute while it is in use: of the last forty
-- days by this clock at least seven have one. A log that never was signed longer ago is not judged.

CREATE FUNCTION logboek.clock_is_doubted() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    WITH bound AS (
        SELECT logboek.floor_of((clock_timestamp() AT TIME ZONE 'UTC')::date - 40) AS floor
    )
    SELECT EXISTS (SELECT FROM logboek.anchor AS a, bound WHERE a.anchor_id < bound.floor)
       AND (SELECT count(DISTINCT (a.at AT TIME ZONE 'UTC')::date) FROM logboek.anchor AS a, bound
            WHERE a.anchor_id >= bound.floor AND a.at <= clock_timestamp()) < 7
$$;

-- As before, and not while the clock is doubted, unless a person says that it is right.
DROP FUNCTION logboek.drop_month(date);
CREATE FUNCTION logboek.drop_month(month date, confirmed boolean DEFAULT false) RETURNS bigint
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
    IF NOT confirmed AND logboek.clock_is_doubted() THEN
        RAISE EXCEPTION 'the clock may stand ahead' USING ERRCODE = '55000';
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

REVOKE ALL ON FUNCTION logboek.clock_is_doubted(), logboek.drop_month(date, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION logboek.drop_month(date, boolean) TO landschap_keeper;
