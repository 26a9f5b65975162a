-- SPDX-License-Identifier: EUPL-1.2
-- The projection says by which number it holds and when that was registered: an answer about now is
-- told with both, and need not look up each assertion for them.

DROP FUNCTION registers.project(text, text, text[]);
DROP FUNCTION registers.derived(text, text, text[]);

ALTER TABLE registers.projection
    ADD COLUMN volgnummer bigint,
    ADD COLUMN registered_at timestamptz,
    ADD COLUMN source_registered_at timestamptz;
UPDATE registers.projection p
SET volgnummer = a.volgnummer, registered_at = a.registered_at,
    source_registered_at = a.source_registered_at
FROM registers.assertion a
WHERE (a.object_type, a.object_id, a.groep, a.seq)
    = (p.object_type, p.object_id, p.groep, p.seq);
ALTER TABLE registers.projection
    ALTER COLUMN volgnummer SET NOT NULL,
    ALTER COLUMN registered_at SET NOT NULL;

CREATE FUNCTION registers.derived(p_object_type text, p_clock text, p_objects text[])
RETURNS TABLE (object_id text, groep text, valid_from date, valid_to date, seq integer,
               inhoud jsonb, volgnummer bigint, registered_at timestamptz,
               source_registered_at timestamptz)
LANGUAGE sql STABLE
SET search_path = registers, pg_temp
BEGIN ATOMIC
    SELECT k.object_id, k.groep, lower(part), upper(part), k.seq, k.inhoud, k.volgnummer,
           k.registered_at, k.source_registered_at
    FROM (
        SELECT a.object_id, a.groep, a.seq, a.inhoud, a.volgnummer, a.registered_at,
               a.source_registered_at,
               datemultirange(daterange(a.valid_from, a.valid_to))
               - coalesce(
                   range_agg(daterange(b.valid_from, b.valid_to)) FILTER (WHERE b.seq IS NOT NULL),
                   '{}'::datemultirange) AS effective
        FROM registers.assertion a
        LEFT JOIN registers.assertion b
               ON b.object_type = a.object_type AND b.object_id = a.object_id
              AND b.groep = a.groep
              AND CASE WHEN p_clock = 'bron'
                       THEN (coalesce(b.source_registered_at, b.registered_at), b.seq)
                          > (coalesce(a.source_registered_at, a.registered_at), a.seq)
                       ELSE b.seq > a.seq END
        WHERE a.object_type = p_object_type AND a.object_id = ANY (p_objects)
        GROUP BY a.object_type, a.object_id, a.groep, a.seq
    ) k, unnest(k.effective) part
    WHERE k.inhoud IS NOT NULL;
END;

-- The only way to change the projection: derive some objects anew.
CREATE FUNCTION registers.project(p_object_type text, p_clock text, p_objects text[])
RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = registers, pg_temp
BEGIN ATOMIC
    DELETE FROM registers.projection p
    WHERE p.object_type = p_object_type AND p.object_id = ANY (p_objects);
    INSERT INTO registers.projection
        (object_type, object_id, groep, valid_from, valid_to, seq, inhoud, volgnummer,
         registered_at, source_registered_at)
    SELECT p_object_type, d.object_id, d.groep, d.valid_from, d.valid_to, d.seq, d.inhoud,
           d.volgnummer, d.registered_at, d.source_registered_at
    FROM registers.derived(p_object_type, p_clock, p_objects) d;
END;

REVOKE EXECUTE ON FUNCTION registers.project(text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    registers.project(text, text, text[]), registers.derived(text, text, text[])
    TO landschap_registers;
