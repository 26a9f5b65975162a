# SPDX-License-Identifier: EUPL-1.2
"""For residents: who used my data, why, and when."""
