# SPDX-License-Identifier: EUPL-1.2
"""The form of an OpenAPI document as a whole, by the schema that its makers publish.

A document of a version for which no schema is given is not held against one: that the version is
unknown is a finding of its own.
Source: OpenAPI 3.0.3 and 3.1.0, "Appendix: Schema".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from landschap.catalogue.findings import Found
from landschap.vocabulary.ijson import JsonValue

Structures = Mapping[str, Any]
"""A validator by ``major.minor``."""

_MAX_TOLD = 50


def compiled(schemas: Mapping[str, Any]) -> Structures:
    """Validators from the published schemas, by ``major.minor``."""
    return {version: jsonschema_rs.validator_for(schema) for version, schema in schemas.items()}


def check_structure(root: JsonValue, version: str, structures: Structures, found: Found) -> None:
    """Add each place that is not as OpenAPI has it."""
    validator = structures.get(".".join(version.split(".")[:2]))
    if validator is None:
        return
    for number, error in enumerate(validator.iter_errors(root)):
        if number == _MAX_TOLD:
            return
        found.add("oas3-schema", [str(step) for step in error.instance_path], _short(error.message))


def _short(message: str) -> str:
    """A message holds the whole value that is wrong; its end says what should be there."""
    return message if len(message) < 200 else f"{message[:80]} ... {message[-110:]}"
