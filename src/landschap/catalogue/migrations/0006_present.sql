-- SPDX-License-Identifier: EUPL-1.2
-- What is shown now, one row for each API, so that a look need not find the latest of everything.
-- It follows from description, particulars and offer, and is kept by them alone.

CREATE TABLE present (
    api int PRIMARY KEY REFERENCES api,
    number int NOT NULL,
    title text NOT NULL,
    sorted text NOT NULL,
    organisation text NOT NULL,
    version text NOT NULL,
    deprecated date,
    sunset date,
    access text NOT NULL,
    personal boolean,
    purpose boolean,
    provider text NOT NULL,
    service text NOT NULL,
    ours boolean NOT NULL,
    audience text[] NOT NULL,
    title_words tsvector NOT NULL,
    organisation_words tsvector NOT NULL
);
COMMENT ON TABLE present IS 'reference: what the view shown tells of each API, for counting';
COMMENT ON COLUMN present.sorted IS 'the title in lower case';

CREATE FUNCTION tell_present(changed int) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = catalogue, pg_catalog, pg_temp AS $$
    -- One at a time for an API: of two changes the later one is told.
    SELECT pg_advisory_xact_lock(hashtextextended('catalogue.present', changed));
    INSERT INTO present
    SELECT api, number, title, lower(title), organisation, version, deprecated, sunset, access,
           personal, purpose, provider, service, ours, audience, title_words, organisation_words
      FROM shown WHERE api = changed
    ON CONFLICT (api) DO UPDATE SET (
        number, title, sorted, organisation, version, deprecated, sunset, access, personal,
        purpose, provider, service, ours, audience, title_words, organisation_words
    ) = ROW (
        excluded.number, excluded.title, excluded.sorted, excluded.organisation, excluded.version,
        excluded.deprecated, excluded.sunset, excluded.access, excluded.personal, excluded.purpose,
        excluded.provider, excluded.service, excluded.ours, excluded.audience,
        excluded.title_words, excluded.organisation_words
    )
$$;
REVOKE EXECUTE ON FUNCTION tell_present FROM PUBLIC;

CREATE FUNCTION present_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = catalogue, pg_catalog, pg_temp AS $$
BEGIN
    PERFORM tell_present(NEW.api);
    RETURN NULL;
END
$$;

CREATE TRIGGER present_changed AFTER INSERT ON description
    FOR EACH ROW EXECUTE FUNCTION present_changed();
CREATE TRIGGER present_changed AFTER INSERT ON particulars
    FOR EACH ROW EXECUTE FUNCTION present_changed();
CREATE TRIGGER present_changed AFTER INSERT ON offer
    FOR EACH ROW EXECUTE FUNCTION present_changed();

SELECT tell_present(number) FROM api;

-- Versions of an API are those with its title, of its organisation.
CREATE INDEX description_title ON description (title, organisation);
-- What could not be read last, among all looks that went well.
CREATE INDEX look_unreadable ON look (source, at) WHERE outcome = 'unreadable';

GRANT SELECT ON present TO landschap_catalogue;
