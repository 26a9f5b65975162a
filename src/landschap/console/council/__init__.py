# SPDX-License-Identifier: EUPL-1.2
"""What the council is told of each quarter: counted once, kept as it was made, with its digest."""
