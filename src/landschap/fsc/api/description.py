# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of the Manager: ``manager.yaml`` beside this file, as JSON.

It is written by hand, stands in ``apis/`` too, and a test proves that the Manager serves exactly
what it says.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec
import yaml

FILE = Path(__file__).with_name("manager.yaml")


@cache
def openapi_json() -> bytes:
    """The document, read once."""
    return msgspec.json.encode(yaml.safe_load(FILE.read_text(encoding="utf-8")))
