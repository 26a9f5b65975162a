-- SPDX-License-Identifier: EUPL-1.2
-- When a choice was said last: what is said again is no new choice, and still counts from then on.

CREATE TABLE statement_moment (
    receipt uuid PRIMARY KEY,
    said_at timestamptz NOT NULL
);
COMMENT ON TABLE statement_moment IS 'reference: when each choice on consent was said last';

-- Every statement of one person is looked for when another comes.
CREATE INDEX statement_heard_subject ON statement_heard (subject, kind, about);

GRANT SELECT, INSERT, UPDATE ON statement_moment TO landschap_gateway;
-- What an organisation no longer tells is no place to say something.
GRANT DELETE ON statement_place TO landschap_gateway;
