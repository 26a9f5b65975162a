-- SPDX-License-Identifier: EUPL-1.2
-- Files that persons hand in with a report that a value is wrong; readable by us alone.

CREATE TABLE registers.evidence (
    evidence_id  uuid        PRIMARY KEY,
    -- In which form it was handed in, and a proof of by whom; of which report once that was sent.
    form         uuid        NOT NULL,
    owner        bytea       NOT NULL CHECK (octet_length(owner) = 16),
    report_id    uuid,
    about        bytea       NOT NULL,
    sealed       bytea       NOT NULL,
    kept_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.evidence IS
    'reference: report_id. Files handed in with a report, sealed; gone with it.';
CREATE INDEX evidence_form ON registers.evidence (form, owner);
CREATE INDEX evidence_report ON registers.evidence (report_id) WHERE report_id IS NOT NULL;
CREATE INDEX evidence_pending ON registers.evidence (kept_at) WHERE report_id IS NULL;

GRANT SELECT, INSERT, DELETE ON registers.evidence TO landschap_registers;
GRANT UPDATE (report_id) ON registers.evidence TO landschap_registers;

-- What is destroyed takes with it what was handed in about it, whoever destroys.
CREATE FUNCTION registers.forget_evidence() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = registers, pg_temp
AS $body$
BEGIN
    DELETE FROM registers.evidence e WHERE e.report_id = NEW.report_id;
    RETURN NEW;
END;
$body$;
REVOKE ALL ON FUNCTION registers.forget_evidence() FROM PUBLIC;
CREATE TRIGGER forget_evidence AFTER UPDATE ON registers.report
    FOR EACH ROW WHEN (NEW.explanation = '' AND OLD.explanation <> '')
    EXECUTE FUNCTION registers.forget_evidence();
