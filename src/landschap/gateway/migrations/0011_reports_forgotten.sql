-- SPDX-License-Identifier: EUPL-1.2
-- A report that is destroyed in the register leaves nothing here that says whose it was.

GRANT DELETE ON report_sent, report_heard TO landschap_gateway;
