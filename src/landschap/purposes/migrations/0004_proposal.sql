-- SPDX-License-Identifier: EUPL-1.2
-- Changes of the register that somebody proposes, and what another said of them. A proposal is the
-- text of one entry, as it stands in the files; it does nothing until it is approved.

CREATE TABLE proposal (
    number       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('purposes', 'activities', 'policies')),
    name         text        NOT NULL CHECK (name <> ''),
    body         text        NOT NULL CHECK (length(body) BETWEEN 1 AND 60000),
    based_on     text        NOT NULL,
    author       text        NOT NULL CHECK (author <> ''),
    author_name  text        NOT NULL,
    reason       text        NOT NULL CHECK (length(reason) BETWEEN 3 AND 1000),
    proposed_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE proposal IS 'reference: few, read by the officers of the register';

CREATE TABLE proposal_outcome (
    number      bigint      PRIMARY KEY REFERENCES proposal,
    outcome     text        NOT NULL CHECK (outcome IN ('approved', 'rejected', 'withdrawn')),
    decider     text        NOT NULL CHECK (decider <> ''),
    decider_name text       NOT NULL,
    words       text        NOT NULL,
    version     text        REFERENCES document,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT approved_is_in_force CHECK ((outcome = 'approved') = (version IS NOT NULL))
);
COMMENT ON TABLE proposal_outcome IS 'reference: one per proposal that was decided on';

-- Who proposes does not approve, whoever calls this.
CREATE FUNCTION another_approves() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NEW.outcome = 'approved' AND EXISTS (
        SELECT 1 FROM purposes.proposal AS made
        WHERE made.number = NEW.number AND lower(made.author) = lower(NEW.decider)) THEN
        RAISE EXCEPTION 'a proposal is approved by another than who made it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'another_approves';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER another_approves BEFORE INSERT ON proposal_outcome
    FOR EACH ROW EXECUTE FUNCTION another_approves();

GRANT SELECT, INSERT ON proposal, proposal_outcome TO landschap_purposes;
