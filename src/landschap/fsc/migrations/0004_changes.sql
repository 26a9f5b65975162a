-- SPDX-License-Identifier: EUPL-1.2
-- With which epoch a signature came: who holds everything up to an epoch asks for what came after,
-- instead of reading all contracts anew at every change. The row of `platform.epoch` stays locked
-- until its transaction ends, so no lower number can still appear behind one that was seen.
ALTER TABLE signature ADD COLUMN epoch bigint NOT NULL DEFAULT 0;
CREATE INDEX signature_epoch ON signature (epoch);
