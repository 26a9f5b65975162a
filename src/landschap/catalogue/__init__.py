# SPDX-License-Identifier: EUPL-1.2
"""What is offered: descriptions of APIs, and whether they keep the design rules."""
