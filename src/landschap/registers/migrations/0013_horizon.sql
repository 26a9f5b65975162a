-- SPDX-License-Identifier: EUPL-1.2
-- From which moment on knowledge is kept whole: a list that takes what was replaced before it.

ALTER TABLE registers.disposal_list ADD COLUMN known_since timestamptz;
COMMENT ON COLUMN registers.disposal_list.known_since IS
    'Set when a list takes what was no answer any more at this moment, and nothing else.';
