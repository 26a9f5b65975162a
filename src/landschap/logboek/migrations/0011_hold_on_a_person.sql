-- SPDX-License-Identifier: EUPL-1.2
-- A hold on what one person is told of an activity: the pseudonyms of that person, one per living
-- key when it was decided. Who reads for that person is known by any of them, so that a later key
-- opens nothing.

ALTER TABLE logboek.disclosure_hold
    ADD COLUMN subjects bytea[] CHECK (cardinality(subjects) BETWEEN 1 AND 64);
GRANT INSERT (subjects) ON logboek.disclosure_hold TO landschap_disclosure;
