-- SPDX-License-Identifier: EUPL-1.2
-- Doubt that the person concerned reports: what they propose, by when a decision is due, and who
-- received the old value and has to be told once it is corrected.

ALTER TABLE registers.report
    ADD COLUMN proposed   text,
    ADD COLUMN reporter   bytea,
    ADD COLUMN decide_by  date;
COMMENT ON COLUMN registers.report.reporter IS
    'The pseudonym of the person who reported it about their own data; empty for an organisation.';
CREATE INDEX report_reporter ON registers.report (reporter) WHERE reporter IS NOT NULL;

CREATE TABLE registers.report_receivers (
    report_id     uuid        PRIMARY KEY REFERENCES registers.report,
    number        bigint      NOT NULL,
    looked_up_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE registers.report_receivers IS
    'reference: report_id. That it was looked up who received what was corrected, and by which act.';

CREATE TABLE registers.report_receiver (
    report_id  uuid        NOT NULL REFERENCES registers.report_receivers,
    peer       text        NOT NULL,
    number     bigint      NOT NULL,
    since      timestamptz NOT NULL,
    reachable  boolean     NOT NULL,
    PRIMARY KEY (report_id, peer)
);
COMMENT ON TABLE registers.report_receiver IS
    'reference: report_id. An organisation that received the old value, and the act it is told of.';

GRANT SELECT, INSERT ON registers.report_receivers TO landschap_registers;
GRANT SELECT, INSERT, UPDATE ON registers.report_receiver TO landschap_registers;

-- What is destroyed takes with it what the person proposed, and that it was they who reported it.
CREATE FUNCTION registers.forget_reporter() RETURNS trigger
LANGUAGE plpgsql
SET search_path = registers, pg_temp
AS $body$
BEGIN
    NEW.proposed := NULL;
    NEW.reporter := NULL;
    RETURN NEW;
END;
$body$;
CREATE TRIGGER forget_reporter BEFORE UPDATE ON registers.report
    FOR EACH ROW WHEN (NEW.explanation = '' AND OLD.explanation <> '')
    EXECUTE FUNCTION registers.forget_reporter();
