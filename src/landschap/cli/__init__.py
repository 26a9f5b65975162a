# SPDX-License-Identifier: EUPL-1.2
"""The roof: the command line, and the composition of the rooms into processes."""
