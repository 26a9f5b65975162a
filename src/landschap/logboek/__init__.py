# SPDX-License-Identifier: EUPL-1.2
"""What was done: records, group commit, Merkle batches, anchors, reading and verifying."""
