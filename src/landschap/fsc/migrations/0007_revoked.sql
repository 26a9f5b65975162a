-- SPDX-License-Identifier: EUPL-1.2
-- From when a certificate counts no more because its authority revoked it. An accept that rests on
-- it ends then, as if the certificate had ended; the peer accepts again with another one.
ALTER TABLE certificate ADD COLUMN revoked_at timestamptz;
GRANT UPDATE (revoked_at) ON certificate TO landschap_fsc;
