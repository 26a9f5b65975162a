-- SPDX-License-Identifier: EUPL-1.2
-- Who wrote a report down: the person concerned, or the employee at the desk of what they said.

ALTER TABLE registers.report ADD COLUMN author text NOT NULL DEFAULT '';
COMMENT ON COLUMN registers.report.author IS
    'Who wrote it down for a person: balie: and the employee at the desk; else the person.';
