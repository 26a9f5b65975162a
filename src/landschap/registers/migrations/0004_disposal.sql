-- SPDX-License-Identifier: EUPL-1.2
-- Destroying: proposed by one person, approved by another, done by the keeper's function only.

CREATE TABLE registers.disposal_list (
    list_id        uuid        PRIMARY KEY,
    register       text        NOT NULL,
    act            text        NOT NULL CHECK (act IN ('vernietigen', 'wissen')),
    ground         text        NOT NULL CHECK (btrim(ground) <> ''),
    -- The court or authority that orders it although a law says to keep.
    authority      text        NOT NULL DEFAULT '',
    proposed_by    text        NOT NULL CHECK (btrim(proposed_by) <> ''),
    proposer_role  text        NOT NULL CHECK (btrim(proposer_role) <> ''),
    proposed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (list_id, proposed_by)
);
COMMENT ON TABLE registers.disposal_list IS
    'reference: list_id. Proposals to destroy; only ever added to.';

CREATE TABLE registers.disposal_item (
    list_id      uuid    NOT NULL REFERENCES registers.disposal_list,
    object_type  text    NOT NULL,
    object_id    text    NOT NULL,
    -- Null: all of the object. Else only what was asserted under these numbers.
    numbers      bigint[],
    rule_id      text    NOT NULL,
    rule         jsonb   NOT NULL,
    since        date,
    due_on       date,
    last_number  bigint  NOT NULL,
    PRIMARY KEY (list_id, object_type, object_id)
);
COMMENT ON TABLE registers.disposal_item IS
    'distributed: object_id. What a proposal names, by which rule as it was; only ever added to.';

CREATE TABLE registers.disposal_exclusion (
    list_id      uuid        NOT NULL,
    object_type  text        NOT NULL,
    object_id    text        NOT NULL,
    reason       text        NOT NULL CHECK (btrim(reason) <> ''),
    excluded_by  text        NOT NULL CHECK (btrim(excluded_by) <> ''),
    excluded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (list_id, object_type, object_id),
    FOREIGN KEY (list_id, object_type, object_id) REFERENCES registers.disposal_item
);
COMMENT ON TABLE registers.disposal_exclusion IS
    'distributed: object_id. What is taken from a proposal, and why; only ever added to.';

CREATE TABLE registers.disposal_approval (
    list_id        uuid        PRIMARY KEY,
    proposed_by    text        NOT NULL,
    approved_by    text        NOT NULL CHECK (btrim(approved_by) <> ''),
    approver_role  text        NOT NULL CHECK (btrim(approver_role) <> ''),
    reason         text        NOT NULL DEFAULT '',
    approved_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (list_id, proposed_by) REFERENCES registers.disposal_list (list_id, proposed_by),
    -- Four eyes, kept by the database whatever a program does.
    CONSTRAINT four_eyes CHECK (lower(btrim(approved_by)) <> lower(btrim(proposed_by)))
);
COMMENT ON TABLE registers.disposal_approval IS
    'reference: list_id. By whom a proposal was approved; only ever added to.';

CREATE TABLE registers.hold (
    hold_id      uuid        PRIMARY KEY,
    register     text        NOT NULL,
    object_type  text,
    object_id    text,
    -- The pseudonym of a person: no number of a person is kept here.
    subject      text,
    rule_id      text,
    reason       text        NOT NULL CHECK (btrim(reason) <> ''),
    placed_by    text        NOT NULL CHECK (btrim(placed_by) <> ''),
    placed_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (num_nonnulls(object_id, subject, rule_id) = 1),
    CHECK ((object_type IS NULL) = (object_id IS NULL))
);
COMMENT ON TABLE registers.hold IS
    'reference: hold_id. What may not be destroyed or transferred, and why; only ever added to.';

CREATE TABLE registers.hold_end (
    hold_id    uuid        PRIMARY KEY REFERENCES registers.hold,
    reason     text        NOT NULL CHECK (btrim(reason) <> ''),
    lifted_by  text        NOT NULL CHECK (btrim(lifted_by) <> ''),
    lifted_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.hold_end IS
    'reference: hold_id. Holds that were lifted, and why; only ever added to.';

CREATE TABLE registers.disposal_record (
    record_id     uuid        NOT NULL,
    list_id       uuid        NOT NULL,
    object_type   text        NOT NULL,
    object_id     text        NOT NULL,
    whole         boolean     NOT NULL,
    ground        text        NOT NULL,
    destroyed_at  timestamptz NOT NULL,
    jws           text        NOT NULL,
    certificate   bytea       NOT NULL,
    PRIMARY KEY (object_type, object_id, record_id),
    UNIQUE (list_id, object_type, object_id)
);
COMMENT ON TABLE registers.disposal_record IS
    'distributed: object_id. Signed statements of what was destroyed, without its content.';
CREATE UNIQUE INDEX disposal_record_whole
    ON registers.disposal_record (object_type, object_id) WHERE whole;

ALTER TABLE registers.assertion DROP CONSTRAINT assertion_soort_check;
ALTER TABLE registers.assertion ADD CONSTRAINT assertion_soort_check CHECK (soort IN (
    'REGISTRATIE', 'WIJZIGING', 'CORRECTIE', 'INVOEGING', 'INTREKKING', 'ONDERZOEK',
    'VERNIETIGING'));

-- What was destroyed does not come back, also not with an extract that is loaded again.
CREATE FUNCTION registers.refuse_destroyed() RETURNS trigger
LANGUAGE plpgsql
SET search_path = registers, pg_temp
AS $body$
DECLARE
    found text;
BEGIN
    SELECT a.object_type || '/' || a.object_id INTO found
    FROM added a JOIN registers.disposal_record d
      ON d.object_type = a.object_type AND d.object_id = a.object_id AND d.whole
    WHERE a.soort <> 'VERNIETIGING' LIMIT 1;
    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'destroyed, and may not be registered again: %', found
            USING ERRCODE = 'LR004';
    END IF;
    RETURN NULL;
END;
$body$;
CREATE TRIGGER refuse_destroyed AFTER INSERT ON registers.assertion
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION registers.refuse_destroyed();

-- Take the content of an object away, or of some of its assertions, and say so in its history.
-- Numbers and moments stay: they are the order of knowledge. Of whole objects with personal data
-- the days go too, since the day something began can be that of a birth.
-- Granted to nobody: `destroy` calls it, and who puts a back-up back.
CREATE FUNCTION registers.erase(
    p_register text, p_list uuid, p_object_type text, p_object_id text, p_numbers bigint[],
    p_personal boolean, p_clock text, p_ground text, p_at timestamptz,
    p_record uuid, p_jws text, p_certificate bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = registers, pg_temp
AS $body$
DECLARE
    tombstone jsonb := jsonb_build_object('gewist', jsonb_build_object(
        'grond', p_ground, 'tijdstip', p_at, 'verklaring', p_record));
    given bigint;
    moment timestamptz;
    act uuid := gen_random_uuid();
BEGIN
    UPDATE registers.assertion a
    SET inhoud = NULL, bron = tombstone, source_digest = NULL, corrigeert = NULL,
        valid_from_source = NULL,
        valid_from = CASE WHEN p_personal AND p_numbers IS NULL THEN '-infinity'
                          ELSE valid_from END,
        valid_to = CASE WHEN p_personal AND p_numbers IS NULL THEN 'infinity'
                        ELSE valid_to END
    WHERE a.object_type = p_object_type AND a.object_id = p_object_id
      AND (p_numbers IS NULL OR a.volgnummer = ANY (p_numbers));
    -- What others said about it can repeat what it held.
    UPDATE registers.report_decision d SET reason = '', document = ''
    FROM registers.report r
    WHERE r.report_id = d.report_id
      AND r.object_type = p_object_type AND r.object_id = p_object_id;
    UPDATE registers.report SET explanation = '', since = reported_at::date
    WHERE object_type = p_object_type AND object_id = p_object_id;
    SELECT coalesce(max(t.last_number), 0) + 1,
           greatest(clock_timestamp(), max(t.registered_at) + interval '1 microsecond')
    INTO given, moment FROM registers.act t WHERE t.register = p_register;
    INSERT INTO registers.act (register, last_number, first_number, registered_at, transaction_id)
    VALUES (p_register, given, given, moment, act);
    INSERT INTO registers.assertion
        (object_type, object_id, groep, seq, volgnummer, valid_from, registered_at,
         source_registered_at, soort, inhoud, bron, model_version, transaction_id)
    SELECT p_object_type, p_object_id, 'gewist', coalesce(max(a.seq), 0) + 1, given, '-infinity',
           moment, CASE WHEN p_clock = 'bron' THEN least(p_at, moment) END, 'VERNIETIGING', NULL,
           tombstone, '', act
    FROM registers.assertion a
    WHERE a.object_type = p_object_type AND a.object_id = p_object_id AND a.groep = 'gewist';
    INSERT INTO registers.disposal_record (record_id, list_id, object_type, object_id, whole,
        ground, destroyed_at, jws, certificate)
    VALUES (p_record, p_list, p_object_type, p_object_id, p_numbers IS NULL, p_ground, p_at,
            p_jws, p_certificate);
    PERFORM registers.project(p_object_type, p_clock, ARRAY[p_object_id]);
END;
$body$;

-- The keeper's only deed: one object of an approved list, all of it in the caller's transaction.
-- What forbids it is looked at here, under the lock of the register, whatever a program thought.
CREATE FUNCTION registers.destroy(
    p_list uuid, p_object_type text, p_object_id text, p_subjects text[], p_personal boolean,
    p_clock text, p_at timestamptz, p_record uuid, p_jws text, p_certificate bytea)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = registers, pg_temp
AS $body$
DECLARE
    list registers.disposal_list;
    item registers.disposal_item;
BEGIN
    SELECT l.* INTO list FROM registers.disposal_list l
    JOIN registers.disposal_approval USING (list_id) WHERE l.list_id = p_list;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'not approved' USING ERRCODE = 'LR001';
    END IF;
    PERFORM pg_advisory_xact_lock(registers.lock_of(list.register));
    SELECT i.* INTO item FROM registers.disposal_item i
    LEFT JOIN registers.disposal_exclusion e USING (list_id, object_type, object_id)
    WHERE i.list_id = p_list AND i.object_type = p_object_type AND i.object_id = p_object_id
      AND e.list_id IS NULL;
    IF NOT FOUND OR split_part(p_object_type, '.', 1) <> list.register THEN
        RAISE EXCEPTION 'not on the list' USING ERRCODE = 'LR001';
    END IF;
    IF EXISTS (SELECT FROM registers.disposal_record r
               WHERE r.object_type = p_object_type AND r.object_id = p_object_id
                 AND (r.whole OR r.list_id = p_list)) THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM registers.hold h LEFT JOIN registers.hold_end e USING (hold_id)
               WHERE e.hold_id IS NULL AND h.register = list.register
                 AND (h.subject = ANY (p_subjects) OR h.rule_id = item.rule_id
                      OR (h.object_type = p_object_type AND h.object_id = p_object_id))) THEN
        RAISE EXCEPTION 'held' USING ERRCODE = 'LR002';
    END IF;
    IF item.last_number IS DISTINCT FROM (
        SELECT max(a.volgnummer) FROM registers.assertion a
        WHERE a.object_type = p_object_type AND a.object_id = p_object_id) THEN
        RAISE EXCEPTION 'changed since it was listed' USING ERRCODE = 'LR003';
    END IF;
    PERFORM registers.erase(list.register, p_list, p_object_type, p_object_id, item.numbers,
        p_personal, p_clock, list.ground, p_at, p_record, p_jws, p_certificate);
    RETURN true;
END;
$body$;

GRANT USAGE ON SCHEMA registers TO landschap_registers_keeper;
GRANT SELECT ON registers.assertion, registers.disposal_list, registers.disposal_item,
    registers.disposal_exclusion, registers.disposal_approval, registers.disposal_record,
    registers.hold, registers.hold_end TO landschap_registers_keeper;
REVOKE EXECUTE ON FUNCTION
    registers.refuse_destroyed(),
    registers.erase(text, uuid, text, text, bigint[], boolean, text, text, timestamptz, uuid, text,
                    bytea),
    registers.destroy(uuid, text, text, text[], boolean, text, timestamptz, uuid, text, bytea)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    registers.destroy(uuid, text, text, text[], boolean, text, timestamptz, uuid, text, bytea),
    registers.lock_of(text) TO landschap_registers_keeper;
GRANT SELECT, INSERT ON registers.disposal_list, registers.disposal_item,
    registers.disposal_exclusion, registers.disposal_approval, registers.hold,
    registers.hold_end TO landschap_registers;
GRANT SELECT ON registers.disposal_record TO landschap_registers;
-- Dead rows and statistics can hold values too: the keeper may clean these away.
DO $body$
BEGIN
    IF current_setting('server_version_num')::int >= 170000 THEN
        EXECUTE 'GRANT MAINTAIN ON registers.assertion, registers.projection, registers.report, '
                'registers.report_decision TO landschap_registers_keeper';
    END IF;
END;
$body$;
