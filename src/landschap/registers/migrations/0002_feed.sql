-- SPDX-License-Identifier: EUPL-1.2
-- What was asserted after a number: the feed of changes of a register.

CREATE INDEX assertion_number ON registers.assertion (object_type, volgnummer);
