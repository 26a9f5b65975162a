-- SPDX-License-Identifier: EUPL-1.2
-- Receipts of applications that were registered, so that who applied can read theirs again after
-- another log-in. Whose it is stands here as a keyed hash; what was sent is sealed with a key outside
-- the database, bound to that hash and the number.

CREATE TABLE forms.receipt (
    number  text        NOT NULL CHECK (number ~ '^OV-[0-9A-F]{16}$'),
    person  bytea       NOT NULL CHECK (octet_length(person) = 32),
    sealed  bytea       NOT NULL CHECK (octet_length(sealed) BETWEEN 29 AND 65536),
    kept_at timestamptz NOT NULL,
    PRIMARY KEY (person, number)
);
COMMENT ON TABLE forms.receipt IS
    'distributed: person - every question is about one person';

CREATE INDEX receipt_by_age ON forms.receipt (kept_at);

GRANT SELECT, INSERT, DELETE ON forms.receipt TO landschap_forms;
