-- SPDX-License-Identifier: EUPL-1.2
-- A register that goes to another holder: closed here, taken over there.

CREATE TABLE registers.closure (
    register           text        PRIMARY KEY,
    from_day           date        NOT NULL,
    successor_oin      text        NOT NULL CHECK (successor_oin ~ '^[0-9]{20}$'),
    successor_name     text        NOT NULL CHECK (btrim(successor_name) <> ''),
    successor_address  text        NOT NULL,
    reason             text        NOT NULL CHECK (btrim(reason) <> ''),
    closed_by          text        NOT NULL CHECK (btrim(closed_by) <> ''),
    closed_at          timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.closure IS
    'reference: register. From which day another organisation holds it; only ever added to.';

CREATE TABLE registers.take_over (
    take_over_id      uuid        PRIMARY KEY,
    register          text        NOT NULL,
    predecessor_oin   text        NOT NULL,
    predecessor_name  text        NOT NULL,
    from_day          date        NOT NULL,
    package           bytea       NOT NULL,
    taken_by          text        NOT NULL CHECK (btrim(taken_by) <> ''),
    taken_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (register, predecessor_oin, package)
);
COMMENT ON TABLE registers.take_over IS
    'reference: take_over_id. Packages of predecessors that were taken over, by their digest.';

-- A closed register is written no more, whatever a program thinks; what is past its term may go.
CREATE FUNCTION registers.refuse_closed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = registers, pg_temp
AS $body$
BEGIN
    IF EXISTS (SELECT FROM registers.closure) AND EXISTS (
        SELECT FROM added a JOIN registers.closure c
          ON c.register = split_part(a.object_type, '.', 1)
        WHERE a.soort <> 'VERNIETIGING'
          AND c.from_day <= (clock_timestamp() AT TIME ZONE 'Europe/Amsterdam')::date) THEN
        RAISE EXCEPTION 'closed: another organisation holds this register'
            USING ERRCODE = 'LR005';
    END IF;
    RETURN NULL;
END;
$body$;
CREATE TRIGGER refuse_closed AFTER INSERT ON registers.assertion
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION registers.refuse_closed();

-- What a predecessor destroyed stays destroyed with its successor: the statement comes along.
CREATE FUNCTION registers.keep_destroyed(
    p_record uuid, p_list uuid, p_object_type text, p_object_id text, p_whole boolean,
    p_ground text, p_at timestamptz, p_jws text, p_certificate bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = registers, pg_temp
AS $body$
BEGIN
    IF p_whole AND EXISTS (
        SELECT FROM registers.assertion a
        WHERE a.object_type = p_object_type AND a.object_id = p_object_id
          AND a.inhoud IS NOT NULL) THEN
        RAISE EXCEPTION 'not destroyed here: %/%', p_object_type, p_object_id
            USING ERRCODE = 'LR003';
    END IF;
    INSERT INTO registers.disposal_record (record_id, list_id, object_type, object_id, whole,
        ground, destroyed_at, jws, certificate)
    VALUES (p_record, p_list, p_object_type, p_object_id, p_whole, p_ground, p_at, p_jws,
            p_certificate)
    ON CONFLICT DO NOTHING;
END;
$body$;

REVOKE EXECUTE ON FUNCTION
    registers.refuse_closed(),
    registers.keep_destroyed(uuid, uuid, text, text, boolean, text, timestamptz, text, bytea)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    registers.keep_destroyed(uuid, uuid, text, text, boolean, text, timestamptz, text, bytea)
    TO landschap_registers;
GRANT SELECT, INSERT ON registers.closure, registers.take_over TO landschap_registers;
GRANT SELECT ON registers.closure, registers.take_over TO landschap_registers_keeper;
