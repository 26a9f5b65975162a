# SPDX-License-Identifier: EUPL-1.2
"""``landschap pack``, ``landschap package`` and taking a package in with ``landschap apply``."""
