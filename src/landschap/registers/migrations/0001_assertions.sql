-- SPDX-License-Identifier: EUPL-1.2
-- What registers say, on two time axes: assertions are added and never changed.

-- One row per act of writing. Numbers and moments are given here, under one lock per register
-- that is held until commit: the order of numbers is the order of commits.
CREATE TABLE registers.act (
    register        text        NOT NULL,
    last_number     bigint      NOT NULL,
    first_number    bigint      NOT NULL,
    registered_at   timestamptz NOT NULL,
    transaction_id  uuid        NOT NULL,
    PRIMARY KEY (register, last_number),
    UNIQUE (register, transaction_id),
    UNIQUE (register, registered_at),
    CHECK (0 < first_number AND first_number <= last_number)
);
COMMENT ON TABLE registers.act IS 'distributed: register. Acts of writing: which numbers, when.';

CREATE TABLE registers.assertion (
    object_type           text        NOT NULL,
    object_id             text        NOT NULL,
    groep                 text        NOT NULL,
    seq                   integer     NOT NULL CHECK (seq > 0),
    volgnummer            bigint      NOT NULL,
    valid_from            date        NOT NULL,
    valid_to              date        NOT NULL DEFAULT 'infinity',
    valid_from_source     text,
    registered_at         timestamptz NOT NULL,
    source_registered_at  timestamptz,
    soort                 text        NOT NULL CHECK (soort IN ('REGISTRATIE', 'WIJZIGING',
                              'CORRECTIE', 'INVOEGING', 'INTREKKING', 'ONDERZOEK')),
    inhoud                jsonb,
    corrigeert            bigint,
    bron                  jsonb       NOT NULL,
    model_version         text        NOT NULL,
    transaction_id        uuid        NOT NULL,
    -- Names a row of a source, so that loading the same file twice adds nothing.
    source_digest         bytea,
    PRIMARY KEY (object_type, object_id, groep, seq),
    CHECK (valid_from < valid_to),
    -- A moment in the future would change the answer to a question about today.
    CHECK (source_registered_at <= registered_at)
);
COMMENT ON TABLE registers.assertion IS
    'distributed: object_id. What a register says: in this period this holds. Only ever added to.';
CREATE UNIQUE INDEX assertion_source ON registers.assertion
    (object_type, object_id, groep, source_digest) WHERE source_digest IS NOT NULL;
CREATE INDEX assertion_source_clock ON registers.assertion (object_type, source_registered_at)
    WHERE source_registered_at IS NOT NULL;

-- For known = now only; derived from the assertions and rebuildable at any time.
CREATE TABLE registers.projection (
    object_type           text        NOT NULL,
    object_id             text        NOT NULL,
    groep                 text        NOT NULL,
    valid_from            date        NOT NULL,
    valid_to              date        NOT NULL,
    seq                   integer     NOT NULL,
    inhoud                jsonb       NOT NULL,
    PRIMARY KEY (object_type, object_id, groep, valid_from)
);
COMMENT ON TABLE registers.projection IS
    'distributed: object_id. The timelines as known now, derived from registers.assertion.';

-- The timelines as known now, from the assertions. `p_clock` orders knowledge: by our number
-- (eigen), or by the moment of the source and then our number (bron).
CREATE FUNCTION registers.derived(p_object_type text, p_clock text, p_objects text[])
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
                       THEN (b.source_registered_at, b.seq) > (a.source_registered_at, a.seq)
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
    SELECT p_object_type, d.object_id, d.groep, d.valid_from, d.valid_to, d.seq, d.inhoud
    FROM registers.derived(p_object_type, p_clock, p_objects) d;
END;

-- The key of the lock under which a register gives out numbers.
CREATE FUNCTION registers.lock_of(p_register text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended('landschap.registers.' || p_register, 0);

-- The state of knowledge that belongs to a moment: the greatest number that was given by then.
-- A writer that holds the lock may still commit a moment before `p_known`. So first the lock is
-- tried: free means that everything up to now is visible to the statement after it. When a writer
-- is busy, `p_wait` waits for it; otherwise the answer goes no further than the last commit.
CREATE FUNCTION registers.knowledge(
    p_register text, p_known timestamptz, p_wait boolean,
    OUT number bigint, OUT moment timestamptz, OUT last_number bigint, OUT last_moment timestamptz)
LANGUAGE plpgsql VOLATILE
SET search_path = registers, pg_temp
AS $body$
DECLARE
    is_free boolean := true;
BEGIN
    IF p_wait THEN
        PERFORM pg_advisory_xact_lock_shared(registers.lock_of(p_register));
    ELSE
        is_free := pg_try_advisory_xact_lock_shared(registers.lock_of(p_register));
    END IF;
    moment := least(p_known, clock_timestamp());
    SELECT a.last_number, a.registered_at INTO last_number, last_moment
    FROM registers.act a WHERE a.register = p_register ORDER BY a.last_number DESC LIMIT 1;
    IF NOT is_free THEN
        moment := least(moment, coalesce(last_moment, to_timestamp(0)));
    END IF;
    SELECT a.last_number INTO number
    FROM registers.act a WHERE a.register = p_register AND a.registered_at <= moment
    ORDER BY a.registered_at DESC LIMIT 1;
    number := coalesce(number, 0);
    last_number := coalesce(last_number, 0);
END;
$body$;

-- An index for one searchable path of an information model, on the truth and on the projection.
-- Names are checked here too: this is the one place where text becomes DDL.
CREATE FUNCTION registers.index_path(p_object_type text, p_path text)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = registers, pg_temp
AS $body$
DECLARE
    target text;
    index_name text;
BEGIN
    IF p_object_type !~ '^[a-z][a-z0-9-]{0,40}\.[a-z][a-z0-9-]{0,40}$'
       OR p_path !~ '^[a-z][A-Za-z0-9]{0,60}$' THEN
        RAISE EXCEPTION 'not an object type and path: % %', p_object_type, p_path;
    END IF;
    FOREACH target IN ARRAY ARRAY['assertion', 'projection'] LOOP
        index_name := left(target, 1) || '_path_' || left(encode(sha256(
            convert_to(p_object_type || ' ' || p_path, 'UTF8')), 'hex'), 24);
        EXECUTE format(
            'CREATE INDEX IF NOT EXISTS %I ON registers.%I ((inhoud ->> %L)) '
            'WHERE object_type = %L', index_name, target, p_path, p_object_type);
    END LOOP;
END;
$body$;

GRANT USAGE ON SCHEMA registers TO landschap_registers;
GRANT SELECT, INSERT ON registers.act, registers.assertion TO landschap_registers;
GRANT SELECT ON registers.projection TO landschap_registers;
REVOKE EXECUTE ON FUNCTION
    registers.project(text, text, text[]), registers.index_path(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    registers.project(text, text, text[]), registers.index_path(text, text),
    registers.derived(text, text, text[]),
    registers.knowledge(text, timestamptz, boolean), registers.lock_of(text) TO landschap_registers;
