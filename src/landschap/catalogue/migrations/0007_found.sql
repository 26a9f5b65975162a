-- SPDX-License-Identifier: EUPL-1.2
-- Which texts hold these words, always by the index.

-- Read one by one, the words of each text are fetched from elsewhere and unpacked, which the planner
-- does not count: it would rather do that than use the index, when a word stands in many texts.
CREATE FUNCTION found(query tsquery) RETURNS TABLE (api int, number int)
LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT d.api, d.number FROM catalogue.description d WHERE d.words OPERATOR(pg_catalog.@@) query
$$;
REVOKE EXECUTE ON FUNCTION found FROM PUBLIC;
GRANT EXECUTE ON FUNCTION found TO landschap_catalogue;
