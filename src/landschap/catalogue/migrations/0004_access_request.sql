-- SPDX-License-Identifier: EUPL-1.2
-- What we asked of others. Append only: how far it is follows from the contract.

CREATE TABLE access_request (
    id uuid PRIMARY KEY,
    api int NOT NULL REFERENCES api,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    content_hash text NOT NULL,
    content bytea NOT NULL CHECK (length(content) <= 1000000),
    asked_by text NOT NULL,
    fields text[] NOT NULL CHECK (cardinality(fields) <= 100),
    renews uuid REFERENCES access_request
);
COMMENT ON TABLE access_request IS 'reference: a request for access to an API of another';
COMMENT ON COLUMN access_request.id IS 'made with the form: sent twice it is the same request';
COMMENT ON COLUMN access_request.content IS 'the contract in which it is asked, canonical';
COMMENT ON COLUMN access_request.fields IS 'what one means to ask for; not in the contract';
CREATE INDEX access_request_api ON access_request (api, at);

GRANT SELECT, INSERT ON access_request TO landschap_catalogue;
