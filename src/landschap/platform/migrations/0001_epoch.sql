-- SPDX-License-Identifier: EUPL-1.2
-- One number that rises with every change that must count at once: a policy, a consent, a contract.
-- Who decided with an older number decides again before the record is written.
CREATE TABLE platform.epoch (
    one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row),
    value bigint NOT NULL
);
COMMENT ON TABLE platform.epoch IS 'reference: one row, read by every statement that records a decision';
INSERT INTO platform.epoch (value) VALUES (1);

-- Called inside the transaction of the change itself. The notice only warms: correctness rests on
-- the row, which the recording statement reads.
CREATE FUNCTION platform.bump_epoch() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    risen bigint;
BEGIN
    UPDATE platform.epoch SET value = value + 1 RETURNING value INTO STRICT risen;
    PERFORM pg_notify('landschap_epoch', risen::text);
    RETURN risen;
END
$$;

GRANT USAGE ON SCHEMA platform TO landschap_rooms;
GRANT SELECT ON platform.epoch TO landschap_rooms;
GRANT EXECUTE ON FUNCTION platform.bump_epoch() TO landschap_rooms;
