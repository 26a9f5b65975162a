-- SPDX-License-Identifier: EUPL-1.2
-- Where objects lie: an index on the box around a geometry, without an extension.

-- The box around a GeoJSON geometry, in the system it is kept in; none where there is no position.
-- What lies in a place is found by its box first, and held against the geometry itself after that.
CREATE FUNCTION registers.envelope(p_geometry jsonb) RETURNS box
LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT COST 1000
BEGIN ATOMIC
    SELECT CASE WHEN count(*) > 0 THEN box(
        point(min((position ->> 0)::float8), min((position ->> 1)::float8)),
        point(max((position ->> 0)::float8), max((position ->> 1)::float8))) END
    FROM jsonb_path_query(p_geometry -> 'coordinates',
        'strict $.** ? (@.type() == "array" && @[0].type() == "number")') position;
END;

-- An index for the geometry of an information model, on the truth: a place is asked for at any
-- moment. Names are checked here too: this is text that becomes DDL.
CREATE FUNCTION registers.index_geometry(p_object_type text, p_path text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = registers, pg_temp
AS $body$
BEGIN
    IF p_object_type !~ '^[a-z][a-z0-9-]{0,40}\.[a-z][a-z0-9-]{0,40}$'
       OR p_path !~ '^[a-z][A-Za-z0-9]{0,60}$' THEN
        RAISE EXCEPTION 'not an object type and path: % %', p_object_type, p_path;
    END IF;
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS %I ON registers.assertion '
        'USING gist (registers.envelope(inhoud -> %L)) WHERE object_type = %L',
        'a_place_' || left(encode(sha256(
            convert_to(p_object_type || ' ' || p_path, 'UTF8')), 'hex'), 24),
        p_path, p_object_type);
END;
$body$;

REVOKE EXECUTE ON FUNCTION registers.index_geometry(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    registers.index_geometry(text, text), registers.envelope(jsonb) TO landschap_registers;
