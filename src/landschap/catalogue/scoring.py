# SPDX-License-Identifier: EUPL-1.2
"""The score that the national register of APIs gives a description.

Eight groups of rules count the same; a group fails by one error in it, never by a warning.
Source: digest "The ADR score of the national register".
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from landschap.catalogue.findings import Finding, Severity
from landschap.catalogue.rules import RULES

_GROUPS = (
    frozenset({"openapi3"}),
    frozenset({"openapi-root-exists"}),
    frozenset({"missing-header", "missing-version-header"}),
    frozenset({"include-major-version-in-uri"}),
    frozenset({"paths-no-trailing-slash"}),
    frozenset({"info-contact-fields-exist"}),
    frozenset({"http-methods"}),
    frozenset({"semver"}),
)


def score_of(findings: Iterable[Finding]) -> int:
    """One of 100, 88, 75, 63, 50, 38, 25, 13 and 0."""
    codes = {
        each.code.removeprefix("nlgov:")
        for each in findings
        if RULES[each.code].severity is Severity.ERROR
    }
    failed = sum(1 for group in _GROUPS if group & codes)
    # Half a point goes up: Python's round would send 62.5 to 62.
    return math.floor((1 - failed / len(_GROUPS)) * 100 + 0.5)
