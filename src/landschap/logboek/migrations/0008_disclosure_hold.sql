-- SPDX-License-Identifier: EUPL-1.2
-- Uses that are not told to the person they are about, because two people decided so: of which
-- activity, on which ground, until which day it is looked at again, and what is told afterwards.
-- Only ever added to. The moments are those of the database, so no decision is dated otherwise.
-- Source: UAVG art. 41; AVG art. 23.

CREATE TABLE logboek.disclosure_hold (
    hold_id      uuid        PRIMARY KEY,
    activity     text        NOT NULL CHECK (btrim(activity) <> ''),
    ground       text        NOT NULL CHECK (ground ~ '^[a-j]$'),  -- item of UAVG art. 41 lid 1
    reason       text        NOT NULL CHECK (btrim(reason) <> ''),
    decided_by   text        NOT NULL CHECK (btrim(decided_by) <> ''),
    approved_by  text        NOT NULL CHECK (btrim(approved_by) <> ''),
    decided_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    review_at    date        NOT NULL,
    post_lift    text        NOT NULL CHECK (post_lift IN ('show', 'show_generic', 'never')),
    CONSTRAINT two_people CHECK (lower(btrim(decided_by)) <> lower(btrim(approved_by))),
    CONSTRAINT half_a_year CHECK (
        review_at > (decided_at AT TIME ZONE 'Europe/Amsterdam')::date
        AND review_at <= (decided_at AT TIME ZONE 'Europe/Amsterdam')::date + interval '6 months')
);
COMMENT ON TABLE logboek.disclosure_hold IS
    'reference: hold_id - decisions that uses under an activity are not told, some a year';

CREATE INDEX disclosure_hold_by_activity ON logboek.disclosure_hold (activity);

-- Looked at again, and it goes on: until when.
CREATE TABLE logboek.disclosure_review (
    review_id    uuid        PRIMARY KEY,
    hold_id      uuid        NOT NULL REFERENCES logboek.disclosure_hold,
    reason       text        NOT NULL CHECK (btrim(reason) <> ''),
    decided_by   text        NOT NULL CHECK (btrim(decided_by) <> ''),
    approved_by  text        NOT NULL CHECK (btrim(approved_by) <> ''),
    decided_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    review_at    date        NOT NULL,
    CONSTRAINT two_people CHECK (lower(btrim(decided_by)) <> lower(btrim(approved_by))),
    CONSTRAINT half_a_year CHECK (
        review_at > (decided_at AT TIME ZONE 'Europe/Amsterdam')::date
        AND review_at <= (decided_at AT TIME ZONE 'Europe/Amsterdam')::date + interval '6 months')
);
COMMENT ON TABLE logboek.disclosure_review IS
    'reference: hold_id - holds that were looked at again and go on, at least two a year for each';

CREATE INDEX disclosure_review_by_hold ON logboek.disclosure_review (hold_id);

CREATE TABLE logboek.disclosure_lift (
    hold_id      uuid        PRIMARY KEY REFERENCES logboek.disclosure_hold,
    reason       text        NOT NULL CHECK (btrim(reason) <> ''),
    decided_by   text        NOT NULL CHECK (btrim(decided_by) <> ''),
    approved_by  text        NOT NULL CHECK (btrim(approved_by) <> ''),
    lifted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    post_lift    text        NOT NULL CHECK (post_lift IN ('show', 'show_generic', 'never')),
    CONSTRAINT two_people CHECK (lower(btrim(decided_by)) <> lower(btrim(approved_by)))
);
COMMENT ON TABLE logboek.disclosure_lift IS
    'reference: hold_id - holds that ended, and what is told since';

-- Services read them and decide nothing: only the command of the officers writes.
GRANT SELECT ON logboek.disclosure_hold, logboek.disclosure_review, logboek.disclosure_lift
    TO landschap_logboek, landschap_log_reader, landschap_disclosure;
GRANT INSERT (hold_id, activity, ground, reason, decided_by, approved_by, review_at, post_lift)
    ON logboek.disclosure_hold TO landschap_disclosure;
GRANT INSERT (review_id, hold_id, reason, decided_by, approved_by, review_at)
    ON logboek.disclosure_review TO landschap_disclosure;
GRANT INSERT (hold_id, reason, decided_by, approved_by, post_lift)
    ON logboek.disclosure_lift TO landschap_disclosure;
GRANT USAGE ON SCHEMA logboek TO landschap_disclosure;
