# SPDX-License-Identifier: EUPL-1.2
"""Validators of what two standards prescribe, written from their texts and not from our code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

_FOLDER = Path(__file__).parent / "standards"


def _validator(name: str) -> Any:
    schema = json.loads((_FOLDER / f"{name}.schema.json").read_text())
    return jsonschema_rs.validator_for(schema, validate_formats=True)


LINE = _validator("ldv")
TRANSACTION = _validator("fsc-logging")


def faults(validator: Any, value: Any) -> list[str]:
    """What does not fit, with its place."""
    return [
        f"{'/'.join(map(str, each.instance_path))}: {each.message}"
        for each in validator.iter_errors(value)
    ]
