-- SPDX-License-Identifier: EUPL-1.2
-- What was destroyed last of a type is asked twice a minute, for files that may still hold it.
CREATE INDEX disposal_record_moment ON registers.disposal_record (object_type, destroyed_at DESC);
