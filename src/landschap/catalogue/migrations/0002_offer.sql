-- SPDX-License-Identifier: EUPL-1.2
-- To whom an API is shown, and what of a description one can choose by. Append only.

CREATE TABLE offer (
    api int NOT NULL REFERENCES api,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    audience text[] NOT NULL CHECK (cardinality(audience) <= 500),
    service text NOT NULL,
    PRIMARY KEY (api, at)
);
COMMENT ON TABLE offer IS 'reference: to whom an API is shown from a moment on; the latest holds';
COMMENT ON COLUMN offer.audience IS
    'everyone, group (each peer of our Group), Peer IDs; empty or absent: only our own organisation';
COMMENT ON COLUMN offer.service IS 'the service of ours that answers it; empty: as it says itself';

CREATE TABLE particulars (
    api int NOT NULL,
    number int NOT NULL,
    deprecated date,
    sunset date,
    access text NOT NULL,
    means text[] NOT NULL,
    personal boolean,
    purpose boolean,
    provider text NOT NULL,
    service text NOT NULL,
    operations text[] NOT NULL,
    fields text[] NOT NULL,
    PRIMARY KEY (api, number),
    FOREIGN KEY (api, number) REFERENCES description
);
COMMENT ON TABLE particulars IS 'reference: what one can choose by, of one text of a description';
COMMENT ON COLUMN particulars.personal IS 'about persons or not; absent: not said';
COMMENT ON COLUMN particulars.operations IS 'each as a line, to tell why an API was found';

CREATE VIEW shown AS
    SELECT a.number AS api, a.name, a.source, d.number, d.seen_at, d.digest, d.title, d.version,
           d.organisation, d.summary, d.score, d.findings, d.words, d.title_words,
           d.organisation_words, d.operation_words, d.field_words,
           p.deprecated, p.sunset, coalesce(p.access, '') AS access,
           coalesce(p.means, '{}') AS means, p.personal, p.purpose,
           coalesce(p.provider, '') AS provider,
           coalesce(nullif(o.service, ''), p.service, '') AS service,
           coalesce(o.service, '') <> '' AS ours,
           coalesce(p.operations, '{}') AS operations, coalesce(p.fields, '{}') AS fields,
           coalesce(o.audience, '{}') AS audience
      FROM api a JOIN description d ON d.api = a.number
      LEFT JOIN particulars p ON p.api = d.api AND p.number = d.number
      LEFT JOIN LATERAL (
          SELECT audience, service FROM offer WHERE api = a.number ORDER BY at DESC LIMIT 1
      ) o ON true
     WHERE d.number = (SELECT max(number) FROM description WHERE api = d.api);
COMMENT ON VIEW shown IS 'APIs as their newest text has them, with to whom they are shown';

-- A name of a field or a path as the words it is made of.
CREATE FUNCTION as_words(given text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(
        regexp_replace(given, '([a-z0-9])([A-Z])', '\1 \2', 'g'), '[^[:alnum:]]+', ' ', 'g'
    ) || ' ' || regexp_replace(given, '[^[:alnum:]]+', ' ', 'g')
$$;

GRANT SELECT, INSERT ON offer, particulars TO landschap_catalogue;
GRANT SELECT ON shown TO landschap_catalogue;
GRANT EXECUTE ON FUNCTION as_words TO landschap_catalogue;
