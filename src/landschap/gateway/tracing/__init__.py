# SPDX-License-Identifier: EUPL-1.2
"""One question followed: through our own log, register and contracts, and at who else was in it."""
