# SPDX-License-Identifier: EUPL-1.2
"""The sources: information models and assertions on two time axes."""
