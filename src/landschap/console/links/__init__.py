# SPDX-License-Identifier: EUPL-1.2
"""Whether what others recorded of our transactions is what we recorded of them."""
