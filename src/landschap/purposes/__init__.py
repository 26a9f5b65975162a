# SPDX-License-Identifier: EUPL-1.2
"""Why data may be used: purposes, activities, field sets, policies, decisions, explanation."""
