# SPDX-License-Identifier: EUPL-1.2
"""Uses of someone's data, as portal and console show them."""
