-- SPDX-License-Identifier: EUPL-1.2
-- What is published for others to harvest, and who is told of changes. Append only.

CREATE TABLE publication (
    api int NOT NULL,
    number int NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    title text NOT NULL CHECK (title <> ''),
    version text NOT NULL,
    description text NOT NULL CHECK (description <> ''),
    contact_name text NOT NULL CHECK (contact_name <> ''),
    contact_email text NOT NULL CHECK (contact_email <> ''),
    contact_url text NOT NULL CHECK (contact_url <> ''),
    endpoint text NOT NULL CHECK (endpoint <> ''),
    licence text NOT NULL CHECK (licence <> ''),
    themes text[] NOT NULL CHECK (cardinality(themes) > 0),
    keywords text[] NOT NULL,
    PRIMARY KEY (api, at),
    FOREIGN KEY (api, number) REFERENCES description
);
COMMENT ON TABLE publication IS 'reference: an API as it was published; the latest holds';
COMMENT ON COLUMN publication.number IS 'the text that was checked';

CREATE TABLE follower (
    api int NOT NULL REFERENCES api,
    address text NOT NULL CHECK (length(address) <= 500),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_on boolean NOT NULL,
    why text NOT NULL,
    PRIMARY KEY (api, address, at)
);
COMMENT ON TABLE follower IS 'reference: an address that is told of changes of an API; latest holds';

CREATE VIEW following AS
    SELECT api, address, at FROM (
        SELECT DISTINCT ON (api, address) api, address, at, is_on FROM follower
         ORDER BY api, address, at DESC
    ) last WHERE is_on;
COMMENT ON VIEW following IS 'who is told of changes now';

CREATE TABLE notice (
    api int NOT NULL,
    number int NOT NULL,
    address text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (api, number, address),
    FOREIGN KEY (api, number) REFERENCES description
);
COMMENT ON TABLE notice IS 'reference: a new text of which a follower is to be told';

CREATE TABLE telling (
    api int NOT NULL,
    number int NOT NULL,
    address text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_told boolean NOT NULL,
    why text NOT NULL,
    PRIMARY KEY (api, number, address, at),
    FOREIGN KEY (api, number, address) REFERENCES notice
);
COMMENT ON TABLE telling IS 'reference: each time a follower was told of a text, and how that went';

GRANT SELECT, INSERT ON publication, follower, notice, telling TO landschap_catalogue;
GRANT SELECT ON following TO landschap_catalogue;
