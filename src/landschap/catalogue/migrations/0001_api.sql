-- SPDX-License-Identifier: EUPL-1.2
-- APIs as they were gathered: every text of a description that was ever seen, and every look at it.
-- Append only: what an API once promised can be asked for ever.

CREATE TABLE api (
    number int PRIMARY KEY,
    source text NOT NULL UNIQUE,
    name text NOT NULL UNIQUE
);
COMMENT ON TABLE api IS 'reference: an API, by where its description is found';
COMMENT ON COLUMN api.name IS 'a short name for in an address, from its first title';

CREATE TABLE description (
    api int NOT NULL REFERENCES api,
    number int NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    digest text NOT NULL,
    document bytea NOT NULL,
    title text NOT NULL,
    version text NOT NULL,
    organisation text NOT NULL,
    summary text NOT NULL,
    score int NOT NULL CHECK (score BETWEEN 0 AND 100),
    findings int NOT NULL,
    changes jsonb NOT NULL,
    title_words tsvector NOT NULL,
    organisation_words tsvector NOT NULL,
    operation_words tsvector NOT NULL,
    field_words tsvector NOT NULL,
    words tsvector NOT NULL GENERATED ALWAYS AS (
        setweight(title_words, 'A') || setweight(organisation_words, 'B')
        || setweight(operation_words, 'C') || setweight(field_words, 'D')
    ) STORED,
    PRIMARY KEY (api, number)
);
COMMENT ON TABLE description IS 'reference: one text of a description; the highest number holds';
COMMENT ON COLUMN description.digest IS 'SHA-256 of the document as it was read';
COMMENT ON COLUMN description.changes IS 'what changed since the number before, with what it breaks';
CREATE INDEX description_words ON description USING gin (words);

CREATE VIEW newest AS
    SELECT a.name, a.source, d.number, d.seen_at, d.title, d.version, d.organisation, d.summary,
           d.score, d.findings, d.words, d.title_words, d.organisation_words, d.operation_words,
           d.field_words
      FROM api a JOIN description d ON d.api = a.number
     WHERE d.number = (SELECT max(number) FROM description WHERE api = d.api);
COMMENT ON VIEW newest IS 'APIs as their newest text has them';

CREATE TABLE look (
    source text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome text NOT NULL CHECK (outcome IN ('new', 'changed', 'same', 'unreadable')),
    why text NOT NULL,
    PRIMARY KEY (source, at)
);
COMMENT ON TABLE look IS 'reference: each time a description was looked for, and how that went';

-- Dutch words by their stem, and as they are written: names of fields and standards have no stem.
CREATE FUNCTION indexed(given text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('pg_catalog.dutch'::regconfig, given)
        || to_tsvector('pg_catalog.simple'::regconfig, given)
$$;

GRANT SELECT, INSERT ON api, description, look TO landschap_catalogue;
GRANT SELECT ON newest TO landschap_catalogue;
GRANT EXECUTE ON FUNCTION indexed TO landschap_catalogue;
