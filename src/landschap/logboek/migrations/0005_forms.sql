-- SPDX-License-Identifier: EUPL-1.2
-- What is the same in every record of a kind is kept once: a record of 1.9 kB takes 0.2 kB.
--
-- A form is the text of a payload in which the bytes 1 to 8 stand for what varies; JSON never holds
-- those bytes. The payload of a record that names a form is what varies: eight values, line feeds
-- between. `logboek.whole` puts them together again, to the byte; that is what the leaf is over.

CREATE TABLE logboek.form (
    lane   text    NOT NULL,  -- who writes a lane alone numbers its forms
    no     bigint  NOT NULL CHECK (no > 0),
    month  date    NOT NULL,  -- of the records that name it; it goes when they go
    text   bytea   NOT NULL,
    PRIMARY KEY (lane, no)
);
COMMENT ON TABLE logboek.form IS
    'distributed: lane - forms of the records of one lane, some hundreds a month';

ALTER TABLE logboek.record ADD COLUMN form bigint;
ALTER TYPE logboek.sealed ADD ATTRIBUTE form bigint;

CREATE FUNCTION logboek.whole(form bytea, payload bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT CASE WHEN form IS NULL THEN convert_from(payload, 'UTF8') ELSE (
        WITH RECURSIVE filled (place, text) AS (
            SELECT 0, convert_from(form, 'UTF8')
            UNION ALL
            SELECT place + 1, replace(
                text, chr(place + 1),
                split_part(convert_from(payload, 'UTF8'), E'\n', place + 1)
            ) FROM filled WHERE place < 8
        ) SELECT text FROM filled WHERE place = 8
    ) END
$$;
COMMENT ON FUNCTION logboek.whole(bytea, bytea) IS
    'The payload of a record as it was sealed, from its form (or null) and what stands in its row';

-- As before, and the forms of the month go with its records.
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

REVOKE ALL ON FUNCTION logboek.whole(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION logboek.whole(bytea, bytea) TO landschap_logboek, landschap_log_reader;
GRANT SELECT, INSERT ON logboek.form TO landschap_logboek;
GRANT SELECT ON logboek.form TO landschap_log_reader;
