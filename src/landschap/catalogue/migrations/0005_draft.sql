-- SPDX-License-Identifier: EUPL-1.2
-- What is being written before it is published. Append only: nothing that was typed is lost.

CREATE TABLE draft (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    source text NOT NULL,
    document bytea NOT NULL CHECK (length(document) <= 6000000)
);
COMMENT ON TABLE draft IS 'reference: a description somebody is going to publish, as it came';
COMMENT ON COLUMN draft.source IS 'where the API is found: of an API that is there, or of a new one';

CREATE TABLE draft_form (
    draft uuid NOT NULL REFERENCES draft,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'published', 'dropped')),
    beside jsonb NOT NULL,
    audience text[] NOT NULL CHECK (cardinality(audience) <= 500),
    service text NOT NULL,
    PRIMARY KEY (draft, at)
);
COMMENT ON TABLE draft_form IS 'reference: what was filled in beside a draft; the latest holds';
COMMENT ON COLUMN draft_form.beside IS 'fills in what the description leaves open';

CREATE VIEW draft_now AS
    SELECT DISTINCT ON (d.id) d.id, d.source, f.at, f.made_by, f.state, f.beside, f.audience,
           f.service
      FROM draft d JOIN draft_form f ON f.draft = d.id
     ORDER BY d.id, f.at DESC;
COMMENT ON VIEW draft_now IS 'drafts as they stand';

GRANT SELECT, INSERT ON draft, draft_form TO landschap_catalogue;
GRANT SELECT ON draft_now TO landschap_catalogue;
