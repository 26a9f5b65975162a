-- SPDX-License-Identifier: EUPL-1.2
-- When the other organisation decided: the term to object counts from there.

ALTER TABLE report_sent ADD COLUMN decided_at timestamptz;
GRANT UPDATE (decided_at) ON report_sent TO landschap_gateway;
