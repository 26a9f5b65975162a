-- SPDX-License-Identifier: EUPL-1.2
-- On the clock of a source, what the source did not date is ordered by our own moment: a report of
-- doubt about a copy is ours. Without it two such assertions would both hold on the same days.

CREATE OR REPLACE FUNCTION registers.derived(p_object_type text, p_clock text, p_objects text[])
RETURNS TABLE (object_id text, groep text, valid_from date, valid_to date, seq integer,
               inhoud jsonb)
LANGUAGE sql STABLE
SET search_path = registers, pg_temp
BEGIN ATOMIC
    SELECT k.object_id, k.groep, lower(part), upper(part), k.seq, k.inhoud
    FROM (
        SELECT a.object_id, a.groep, a.seq, a.inhoud,
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
