-- SPDX-License-Identifier: EUPL-1.2
-- That a question of a person was answered, and by whom. Until then, or until it is refused, the log
-- destroys no line about that person. Source: AVG art. 12 lid 3, art. 15.

CREATE TABLE console.person_closing (
    question_id uuid        PRIMARY KEY REFERENCES console.person_question,
    at          timestamptz NOT NULL,
    subject     text        NOT NULL CHECK (subject <> ''),
    name        text        NOT NULL
);
COMMENT ON TABLE console.person_closing IS 'reference: few, read by privacy officers';
GRANT SELECT, INSERT ON console.person_closing TO landschap_console;
