# SPDX-License-Identifier: EUPL-1.2
"""A data landscape: sources, a door with declared purpose, an account for residents."""
