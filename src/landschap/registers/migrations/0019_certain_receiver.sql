-- SPDX-License-Identifier: EUPL-1.2
-- The log does not always tell for certain that an organisation received the old value. It is told
-- all the same, but to the person concerned no more is said than is known.

ALTER TABLE registers.report_receiver ADD COLUMN certain boolean NOT NULL DEFAULT true;
