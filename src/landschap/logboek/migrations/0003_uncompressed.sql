-- SPDX-License-Identifier: EUPL-1.2
-- A record stands in its page as it is. By default PostgreSQL tries to compress a row over 2 kB,
-- which costs half of what writing a record costs: 18 of 37 us, for a third of its bytes.

CREATE OR REPLACE FUNCTION logboek.make_month(month date) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    next date := (date_trunc('month', month) + interval '1 month')::date;
    name text := logboek.partition_of(first);
BEGIN
    IF to_regclass('logboek.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE logboek.%I (LIKE logboek.record INCLUDING ALL) '
                   'WITH (toast_tuple_target = 8160)', name);
    EXECUTE format('COMMENT ON TABLE logboek.%I IS %L', name, 'distributed: lane - one month');
    EXECUTE format('ALTER TABLE logboek.record ATTACH PARTITION logboek.%I '
                   'FOR VALUES FROM (%L) TO (%L)',
                   name, logboek.floor_of(first), logboek.floor_of(next));
    RETURN true;
END $$;

DO $$
DECLARE
    month regclass;
BEGIN
    FOR month IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'logboek.record'::regclass LOOP
        EXECUTE format('ALTER TABLE %s SET (toast_tuple_target = 8160)', month);
    END LOOP;
END $$;
