# SPDX-License-Identifier: EUPL-1.2
"""A client kit in TypeScript or Java: what a generator is given, and what is laid beside its work.

The types and calls are the generator's. Ours is one file that says how a question goes through the
Outway, with purpose and contract by name, and a page on how to use it. The description comes from a
stranger: what it refers to outside itself is not fetched but becomes a value of any kind, its
extensions are left out, and each of its texts that ends in our part of the program is a string of
JSON in ASCII, which these languages read alike.
Source: ``docs/how-to/ask-from-a-program.md``; OpenAPI 3.1.0, "Reference Object".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from landschap.catalogue.criteria import criteria_of
from landschap.catalogue.describing import name_of
from landschap.catalogue.kit_texts import (
    AWAY,
    HEAD,
    HEADERS,
    OUTWAY_JAVA,
    OUTWAY_TS,
    PURPOSES,
    USE_JAVA,
    USE_TYPESCRIPT,
    filled,
)
from landschap.catalogue.reading.outline import listed, member, servers_of, table, text
from landschap.vocabulary.ijson import JsonValue

TYPESCRIPT, JAVA = "typescript", "java"
LANGUAGES: Final = (TYPESCRIPT, JAVA)
_LEADS = frozenset({"$ref", "$dynamicRef", "operationRef", "externalValue"})
# Of these the keys are names that the description gives, not words of OpenAPI.
_NAMED = frozenset({
    "properties", "patternProperties", "definitions", "$defs", "dependentSchemas", "schemas",
    "responses", "parameters", "examples", "requestBodies", "headers", "securitySchemes", "links",
    "callbacks", "pathItems", "encoding",
})  # fmt: skip
_TYPES = frozenset({"schemas", "definitions", "$defs"})
# What tells of a shape and asks nothing of a value.
_TELLING = frozenset({
    "title", "description", "example", "examples", "default", "deprecated", "externalDocs", "xml",
})  # fmt: skip
_VERSION = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6}){2}")
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,200}")
_OUTWAY = "http://127.0.0.1:8080"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a kit is made of.

    ``document`` leads nowhere outside itself; ``away`` is what it led to. ``base`` is the path of
    the service behind the Outway, ``contract`` the name of the contract, empty when the description
    says none, ``purposes`` those that the provider accepts.
    """

    language: str
    name: str
    title: str
    version: str
    base: str
    contract: str
    purposes: Sequence[str]
    document: JsonValue
    away: Sequence[str]

    @property
    def package(self) -> str:
        """The package of Java: never a word that Java keeps for itself."""
        return f"landschap.kit_{self.name.replace('-', '_')}"


def kit_of(language: str, document: JsonValue) -> Kit:
    """What is needed for a kit in one of `LANGUAGES`."""
    info = table(member(document, "info"))
    title = text(info.get("title"))
    version = text(info.get("version"))
    criteria = criteria_of(document)
    away: list[str] = []
    inside = _inside(_settable(document) if language == JAVA else document, away)
    if isinstance(inside, dict):
        # Of who made it the generator makes no use, and an empty address is a fault to it.
        inside = {**inside, "info": {"title": title or "API", "version": version or "0.0.0"}}
    return Kit(
        language=language,
        name=name_of(title),
        title=title,
        version=version if _VERSION.fullmatch(version) else "0.0.0",
        base=urlsplit(next(iter(servers_of(document)), "")).path.rstrip("/"),
        contract=criteria.service,
        purposes=[each.uri for each in criteria.purposes or ()],
        document=inside,
        away=sorted(set(away)),
    )


def generator_settings(kit: Kit) -> Mapping[str, object]:
    """The file of settings for OpenAPI Generator: nothing of a stranger's is in it but a name."""
    if kit.language == TYPESCRIPT:
        return {
            "generatorName": "typescript-fetch",
            "additionalProperties": {
                "npmName": kit.name,
                "npmVersion": kit.version,
                "importFileExtension": ".js",
            },
        }
    return {
        "generatorName": "java",
        "library": "native",
        "invokerPackage": kit.package,
        "apiPackage": f"{kit.package}.api",
        "modelPackage": f"{kit.package}.model",
        "groupId": "landschap",
        "artifactId": kit.name,
        "artifactVersion": kit.version,
        "additionalProperties": {
            "openApiNullable": "false",
            "hideGenerationTimestamp": "true",
            "documentationProvider": "none",
            "annotationLibrary": "none",
        },
    }


def added(kit: Kit) -> Mapping[str, str]:
    """What is laid beside the generator's files, by path within the kit."""
    code = {
        "base": _quoted(kit.base),
        "contract": _quoted(kit.contract),
        "package": kit.package,
    }
    if kit.language == TYPESCRIPT:
        return {"src/outway.ts": filled(OUTWAY_TS, code), "README.md": _readme(kit, USE_TYPESCRIPT)}
    folder = f"src/main/java/{kit.package.replace('.', '/')}"
    return {
        f"{folder}/Outway.java": filled(OUTWAY_JAVA, code),
        "README.md": _readme(kit, USE_JAVA),
    }


def _inside(
    value: JsonValue, away: list[str], *, named: str = "", is_type: bool = False
) -> JsonValue:
    """The value without what leads outside the document; ``away`` gets where that led.

    ``named``: its keys are names, of what this word of `_NAMED` says. ``is_type``: it stands there
    by a name, to which others refer. Where keys are no names, extensions are left out: of some,
    such as ``x-class-extra-annotation``, the generator copies the text into the program as it is.
    """
    if isinstance(value, list):
        return [_inside(each, away) for each in value]
    if not isinstance(value, dict):
        return value
    reference = value.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        away.append(reference[:300])
        return {}
    only = None if named or is_type else _only_part(value)
    if only is not None:
        return _inside(only, away)
    kept: dict[str, JsonValue] = {}
    for key, each in value.items():
        if key in _LEADS and isinstance(each, str) and not each.startswith("#"):
            away.append(each[:300])
        elif named:
            kept[key] = _inside(each, away, is_type=named in _TYPES)
        elif key.startswith("x-") or key == "$id":  # or to what references are relative
            continue
        elif key == "enum" and isinstance(each, list) and not any(v is not None for v in each):
            continue  # nothing but null to choose from: a type without a value to the generator
        elif key == "discriminator" and isinstance(each, dict):
            kept[key] = _told_apart(each, value, away)
        else:
            kept[key] = _inside(each, away, named=key if key in _NAMED else "")
    return kept


def _settable(value: JsonValue, *, named: bool = False) -> JsonValue:
    """The value with nothing that only the provider sets.

    Of such a field in a shape that others build on, the generator for Java makes one that those
    others can not reach.
    """
    if isinstance(value, list):
        return [_settable(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _settable(each, named=not named and key in _NAMED)
        for key, each in value.items()
        if named or key != "readOnly"
    }


def _only_part(shape: Mapping[str, JsonValue]) -> JsonValue:
    """The one part of an ``allOf`` that asks something, when nothing beside it does.

    Of such a date or number with words of its own the generator makes a type without a value.
    """
    beside = {key: each for key, each in shape.items() if key != "allOf"}
    if "allOf" not in shape or not _only_tells(beside):
        return None
    asking = [each for each in listed(shape["allOf"]) if not _only_tells(each)]
    return asking[0] if len(asking) == 1 else None


def _only_tells(part: JsonValue) -> bool:
    return isinstance(part, dict) and all(key in _TELLING or key.startswith("x-") for key in part)


def _told_apart(
    value: Mapping[str, JsonValue], shape: Mapping[str, JsonValue], away: list[str]
) -> JsonValue:
    """A discriminator: its mapping names a schema, or leads to one.

    Without a mapping each choice goes by its own name, as OpenAPI has it; the generator makes an
    empty type of that, so it is written out.
    """
    given = table(value.get("mapping")) or {
        reference.rpartition("/")[2]: reference
        for each in listed(shape.get("oneOf") or shape.get("anyOf"))
        if (reference := text(member(each, "$ref")))
    }
    mapping: dict[str, JsonValue] = {}
    for key, led in given.items():
        if isinstance(led, str) and (led.startswith("#") or _PLAIN.fullmatch(led)):
            mapping[key] = led
        else:
            away.append(str(led)[:300])
    kept = {"propertyName": text(value.get("propertyName"))}
    return {**kept, "mapping": mapping} if mapping else kept


def _quoted(given: str) -> str:
    return json.dumps(given)


def _readme(kit: Kit, use: str) -> str:
    purposes = [_in_code(each) for each in kit.purposes]
    values = {
        "address": _OUTWAY,
        "contract": _in_code(kit.contract) or "name-of-the-service",
        "purpose": next(iter(purposes), "name-of-a-purpose"),
        "package": kit.package,
    }
    parts = [filled(HEAD, {"title": _in_code(kit.title) or kit.name}), filled(use, values), HEADERS]
    if purposes:
        parts.append(PURPOSES + "".join(f"- `{each}`\n" for each in purposes))
    if kit.away:
        parts.append(AWAY + "".join(f"- `{_in_code(each)}`\n" for each in kit.away))
    return "\n".join(parts)


def _in_code(given: str) -> str:
    """A stranger's text on one line, that ends no code and no string of the page."""
    return re.sub(r"[`\"\\<>\[\]\s\x00-\x1f]+", " ", given).strip()[:300]
