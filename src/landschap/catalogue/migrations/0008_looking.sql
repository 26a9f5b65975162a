-- SPDX-License-Identifier: EUPL-1.2
-- What each look asks of every API is told once, when it changes.

-- As `phases.UNFINISHED` has it: a version that says of itself that it is not finished.
ALTER TABLE present ADD COLUMN unfinished boolean NOT NULL GENERATED ALWAYS AS (
    version ~ '^v?(?:0(?:\.|$)|[0-9]+(?:\.[0-9]+){0,2}-)'
) STORED;

-- Few APIs hold the words that are looked for; then each is fetched by its number.
ALTER FUNCTION found ROWS 100;

-- A look without words shows the first by title.
CREATE INDEX present_sorted ON present (sorted, api);
