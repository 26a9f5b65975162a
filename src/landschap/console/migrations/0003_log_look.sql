-- SPDX-License-Identifier: EUPL-1.2
-- Who looked in the log of processing and why, and the questions of persons (AVG art. 15): who
-- wants to answer one, and which second person allowed it. Append only, and without a number of a
-- person: only pseudonyms.

CREATE TABLE console.log_look (
    look_id uuid        PRIMARY KEY,
    at      timestamptz NOT NULL,
    subject text        NOT NULL CHECK (subject <> ''),
    name    text        NOT NULL,
    kind    text        NOT NULL CHECK (kind <> ''),
    about   text        NOT NULL,
    reason  text        NOT NULL CHECK (length(reason) BETWEEN 10 AND 500)
);
COMMENT ON TABLE console.log_look IS 'reference: few, read by privacy officers';
CREATE INDEX log_look_by_moment ON console.log_look (at);
CREATE INDEX log_look_by_subject ON console.log_look (subject, about, at);

CREATE TABLE console.person_question (
    question_id uuid        PRIMARY KEY,
    at          timestamptz NOT NULL,
    subject     text        NOT NULL CHECK (subject <> ''),
    name        text        NOT NULL,
    case_number text        NOT NULL CHECK (case_number <> ''),
    reason      text        NOT NULL CHECK (length(reason) BETWEEN 10 AND 500),
    pseudonyms  bytea[]     NOT NULL CHECK (cardinality(pseudonyms) > 0),
    key_ids     integer[]   NOT NULL CHECK (cardinality(key_ids) = cardinality(pseudonyms))
);
COMMENT ON TABLE console.person_question IS 'reference: few, read by privacy officers';
CREATE INDEX person_question_by_moment ON console.person_question (at);

CREATE TABLE console.person_answer (
    question_id uuid        PRIMARY KEY REFERENCES console.person_question,
    at          timestamptz NOT NULL,
    subject     text        NOT NULL CHECK (subject <> ''),
    name        text        NOT NULL,
    allowed     boolean     NOT NULL,
    words       text        NOT NULL CHECK (length(words) BETWEEN 3 AND 1000)
);
COMMENT ON TABLE console.person_answer IS 'reference: few, read by privacy officers';

CREATE FUNCTION console.another_allows() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM console.person_question AS asked
               WHERE asked.question_id = NEW.question_id
                 AND lower(asked.subject) = lower(NEW.subject)) THEN
        RAISE EXCEPTION 'a search about a person is allowed by another than who asks for it'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER another_allows BEFORE INSERT ON console.person_answer
    FOR EACH ROW EXECUTE FUNCTION console.another_allows();

GRANT SELECT, INSERT ON console.log_look, console.person_question, console.person_answer
    TO landschap_console;
