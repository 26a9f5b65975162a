# SPDX-License-Identifier: EUPL-1.2
"""The door: decisions of Inway and Outway, and the nginx configuration as a value."""
