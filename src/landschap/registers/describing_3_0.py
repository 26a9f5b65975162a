# SPDX-License-Identifier: EUPL-1.2
"""A document of OpenAPI 3.1 as version 3.0.3 writes it, for tools that read no newer one.

Source: OpenAPI 3.0.3, "Schema Object"; OpenAPI 3.1.0, "Appendix A: Revision History".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from landschap.vocabulary.ijson import JsonValue

Json = dict[str, JsonValue]


def as_3_0(document: Mapping[str, JsonValue]) -> Json:
    """The same document in OpenAPI 3.0.3: null as ``nullable``, one example, no identifier.

    It knows no webhooks; the callback of who subscribes says the same.
    """
    old = cast("Json", _older(document))
    old.pop("webhooks", None)
    old["openapi"] = "3.0.3"
    info = cast("Json", old["info"])
    info["license"] = {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/nl/"}
    return old


def _older(value: JsonValue | Mapping[str, JsonValue]) -> JsonValue:
    if isinstance(value, Mapping):
        made: Json = {name: _older(inner) for name, inner in value.items()}
        kinds = value.get("type")
        if isinstance(kinds, list):
            (made["type"],) = (kind for kind in kinds if kind != "null")
            made["nullable"] = True
        _without_null(made)
        if made.get("required") == []:
            del made["required"]
        if "const" in made:
            made["enum"] = [made.pop("const")]
        examples = made.get("examples")
        if isinstance(examples, list):
            del made["examples"]
            made["example"] = examples[0]
        return made
    return [_older(each) for each in value] if isinstance(value, list) else value


def _without_null(made: Json) -> None:
    """A choice of which one is null, as version 3.0 writes it."""
    for name in ("anyOf", "oneOf"):
        choices = made.get(name)
        if not isinstance(choices, list) or {"type": "null"} not in choices:
            continue
        rest = [each for each in choices if each != {"type": "null"}]
        del made[name]
        made["allOf" if len(rest) == 1 else name] = rest
        made["nullable"] = True
