# SPDX-License-Identifier: EUPL-1.2
"""Files of others: sheets with a register of processing activities."""
