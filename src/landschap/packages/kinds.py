# SPDX-License-Identifier: EUPL-1.2
"""Which files of an organisation's folder go into a package, and where they stand in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

MODELS, SOURCES, SERVICES, POLICIES, TESTS, MAPPINGS = (
    "registers", "bronnen", "services", "doelbinding", "doelbinding/toetsen", "mappings",
)  # fmt: skip
FOLDERS = (MODELS, SOURCES, SERVICES, POLICIES, MAPPINGS)
EXAMPLES = ".voorbeeld.yaml"
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_KINDS: Mapping[str, re.Pattern[str]] = {
    MODELS: re.compile(rf"registers/{_PART}/{_PART}\.(?:json|toml)"),
    SOURCES: re.compile(rf"bronnen/{_PART}\.yaml"),
    SERVICES: re.compile(rf"services/{_PART}\.toml"),
    TESTS: re.compile(rf"doelbinding/toetsen/{_PART}\.toml"),
    POLICIES: re.compile(rf"doelbinding/{_PART}\.toml"),
    MAPPINGS: re.compile(rf"mappings/{_PART}/{_PART}\.toml"),
}


def kind_of(name: str) -> str:
    """What a file is by its place: one of the folders; empty for one that no package holds.

    Examples beside a logical source are rows of persons, so they never travel.
    """
    if name.endswith(EXAMPLES):
        return ""
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(name)), "")


def of_kind(files: Mapping[str, str], *kinds: str) -> dict[str, str]:
    """The files of these kinds."""
    return {name: text for name, text in files.items() if kind_of(name) in kinds}
