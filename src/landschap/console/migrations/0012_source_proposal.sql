-- SPDX-License-Identifier: EUPL-1.2
-- Changes of logical sources that somebody proposes, and what another said of them. A proposal is
-- the whole text of one declaration; it does nothing by itself: an operator takes it over.

CREATE TABLE console.source_proposal (
    number       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    file         text        NOT NULL CHECK (file ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$'),
    body         text        NOT NULL CHECK (length(body) BETWEEN 1 AND 60000),
    based_on     text        NOT NULL,
    author       text        NOT NULL CHECK (author <> ''),
    author_name  text        NOT NULL,
    reason       text        NOT NULL CHECK (length(reason) BETWEEN 3 AND 1000),
    proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE console.source_proposal IS 'reference: few, read by who works on sources';

CREATE TABLE console.source_proposal_outcome (
    number       bigint      PRIMARY KEY REFERENCES console.source_proposal,
    outcome      text        NOT NULL CHECK (outcome IN ('approved', 'rejected', 'withdrawn')),
    decider      text        NOT NULL CHECK (decider <> ''),
    decider_name text        NOT NULL,
    words        text        NOT NULL,
    at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE console.source_proposal_outcome IS 'reference: one per proposal that was decided on';

-- Who proposes does not approve, whoever calls this.
CREATE FUNCTION console.another_approves_source() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.outcome = 'approved' AND EXISTS (
        SELECT 1 FROM console.source_proposal AS made
        WHERE made.number = NEW.number AND lower(made.author) = lower(NEW.decider)) THEN
        RAISE EXCEPTION 'a proposal is approved by another than who made it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'another_approves';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER another_approves BEFORE INSERT ON console.source_proposal_outcome
    FOR EACH ROW EXECUTE FUNCTION console.another_approves_source();

GRANT SELECT, INSERT ON console.source_proposal, console.source_proposal_outcome
    TO landschap_console;
