-- SPDX-License-Identifier: EUPL-1.2
-- What came of holding our half of transactions against that of the other party: up to when, how
-- many per day and party, and the links that do not hold. Of the other half nothing else is kept.

CREATE TABLE console.link_round (
    one   boolean     PRIMARY KEY DEFAULT true CHECK (one),
    until timestamptz NOT NULL
);
COMMENT ON TABLE console.link_round IS 'reference: one row';
GRANT SELECT, INSERT ON console.link_round TO landschap_console;
GRANT UPDATE (until) ON console.link_round TO landschap_console;

CREATE TABLE console.link_count (
    day      date   NOT NULL,
    peer     text   NOT NULL,
    seen     bigint NOT NULL CHECK (seen >= 0),
    compared bigint NOT NULL CHECK (compared >= 0),
    unasked  bigint NOT NULL CHECK (unasked >= 0),
    PRIMARY KEY (day, peer)
);
COMMENT ON TABLE console.link_count IS 'reference: a row per day and party';
GRANT SELECT, INSERT ON console.link_count TO landschap_console;
GRANT UPDATE (seen, compared, unasked) ON console.link_count TO landschap_console;

CREATE TABLE console.broken_link (
    transaction_id uuid        NOT NULL,
    peer           text        NOT NULL,
    record_id      uuid        NOT NULL,
    -- equal: it was broken, and was mended.
    word           text        NOT NULL CHECK (word IN ('missing', 'differs', 'equal')),
    differing      text[]      NOT NULL,
    at             timestamptz NOT NULL,
    looked_at      timestamptz NOT NULL,
    PRIMARY KEY (transaction_id, peer)
);
COMMENT ON TABLE console.broken_link IS 'reference: few; what does not hold';
CREATE INDEX broken_link_by_look ON console.broken_link (looked_at) WHERE word <> 'equal';
CREATE INDEX broken_link_by_moment ON console.broken_link (at);
GRANT SELECT, INSERT ON console.broken_link TO landschap_console;
GRANT UPDATE (word, differing, looked_at) ON console.broken_link TO landschap_console;
