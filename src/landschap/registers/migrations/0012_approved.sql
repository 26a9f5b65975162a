-- SPDX-License-Identifier: EUPL-1.2
-- What is approved is what was on the list then, and nothing that is put on it afterwards.

ALTER TABLE registers.disposal_approval ADD COLUMN items bigint NOT NULL DEFAULT 0;

CREATE FUNCTION registers.count_approved() RETURNS trigger
LANGUAGE plpgsql
SET search_path = registers, pg_temp
AS $body$
BEGIN
    SELECT count(*) INTO NEW.items FROM registers.disposal_item i WHERE i.list_id = NEW.list_id;
    RETURN NEW;
END;
$body$;
CREATE TRIGGER count_approved BEFORE INSERT ON registers.disposal_approval
    FOR EACH ROW EXECUTE FUNCTION registers.count_approved();

-- Two that are on their way together are told apart by the count that `destroy` makes.
CREATE FUNCTION registers.refuse_approved() RETURNS trigger
LANGUAGE plpgsql
SET search_path = registers, pg_temp
AS $body$
BEGIN
    IF EXISTS (SELECT FROM added JOIN registers.disposal_approval USING (list_id)) THEN
        RAISE EXCEPTION 'approved: nothing is added to this list any more'
            USING ERRCODE = 'LR001';
    END IF;
    RETURN NULL;
END;
$body$;
CREATE TRIGGER refuse_approved AFTER INSERT ON registers.disposal_item
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION registers.refuse_approved();

-- That something was destroyed says nothing about any day: no writer hides a value in it.
ALTER TABLE registers.assertion ADD CONSTRAINT assertion_destruction_says_nothing
    CHECK (soort <> 'VERNIETIGING' OR (inhoud IS NULL AND groep = 'gewist'));

-- The keeper's only deed: one object of an approved list, all of it in the caller's transaction.
-- What forbids it is looked at here, under the lock of the register, whatever a program thought.
CREATE OR REPLACE FUNCTION registers.destroy(
    p_list uuid, p_object_type text, p_object_id text, p_subjects text[], p_personal boolean,
    p_clock text, p_at timestamptz, p_record uuid, p_jws text, p_certificate bytea)
RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = registers, pg_temp
AS $body$
DECLARE
    list registers.disposal_list;
    item registers.disposal_item;
    approved bigint;
BEGIN
    SELECT a.items INTO approved FROM registers.disposal_approval a WHERE a.list_id = p_list;
    IF NOT FOUND OR approved <> (
        SELECT count(*) FROM registers.disposal_item i WHERE i.list_id = p_list) THEN
        RAISE EXCEPTION 'not approved' USING ERRCODE = 'LR001';
    END IF;
    SELECT l.* INTO list FROM registers.disposal_list l WHERE l.list_id = p_list;
    PERFORM pg_advisory_xact_lock(registers.lock_of(list.register));
    SELECT i.* INTO item FROM registers.disposal_item i
    LEFT JOIN registers.disposal_exclusion e USING (list_id, object_type, object_id)
    WHERE i.list_id = p_list AND i.object_type = p_object_type AND i.object_id = p_object_id
      AND e.list_id IS NULL;
    IF NOT FOUND OR split_part(p_object_type, '.', 1) <> list.register THEN
        RAISE EXCEPTION 'not on the list' USING ERRCODE = 'LR001';
    END IF;
    IF list.act = 'vernietigen' AND (item.due_on IS NULL OR item.due_on
            > (clock_timestamp() AT TIME ZONE 'Europe/Amsterdam')::date) THEN
        RAISE EXCEPTION 'not due' USING ERRCODE = 'LR006';
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

REVOKE EXECUTE ON FUNCTION registers.count_approved(), registers.refuse_approved() FROM PUBLIC;
