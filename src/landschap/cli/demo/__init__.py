# SPDX-License-Identifier: EUPL-1.2
"""The demo: a small landscape on one machine, and one question through the whole of it."""
