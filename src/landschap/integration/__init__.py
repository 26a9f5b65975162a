# SPDX-License-Identifier: EUPL-1.2
"""Many sources, one logical source: declaration, plan, connectors, merge, provenance."""
