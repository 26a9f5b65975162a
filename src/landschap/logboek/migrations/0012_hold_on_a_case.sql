-- SPDX-License-Identifier: EUPL-1.2
-- A hold on what is told of a case: all uses under its number, whoever they are about and whichever
-- activity they are under. It is a decision on an activity, as before, or on a case.

ALTER TABLE logboek.disclosure_hold
    ALTER COLUMN activity DROP NOT NULL,
    ADD COLUMN case_number text
        CHECK (btrim(case_number) <> '' AND char_length(case_number) <= 200),
    ADD CONSTRAINT activity_or_case CHECK (
        (activity IS NULL) <> (case_number IS NULL) AND (case_number IS NULL OR subjects IS NULL));
GRANT INSERT (case_number) ON logboek.disclosure_hold TO landschap_disclosure;
COMMENT ON TABLE logboek.disclosure_hold IS
    'reference: hold_id - decisions that uses under an activity or in a case are not told';
