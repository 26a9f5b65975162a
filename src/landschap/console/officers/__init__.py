# SPDX-License-Identifier: EUPL-1.2
"""What privacy officers do with the log: each look with its reason, questions of persons."""
