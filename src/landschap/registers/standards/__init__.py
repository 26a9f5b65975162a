# SPDX-License-Identifier: EUPL-1.2
"""Which standards there are, which duty goes with each from when on, and how our services stand."""
