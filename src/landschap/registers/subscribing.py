# SPDX-License-Identifier: EUPL-1.2
"""Reading what somebody wants to be told of, and where; with everything that is wrong in it.

    {"bestemming": {"soort": "fsc", "dienst": "meldingen"},
     "filters": {"collecties": ["panden"], "soorten": ["WIJZIGING"]},
     "referentie": "zaaksysteem"}

Source: CloudEvents Subscriptions API, in Dutch words; house rule for places of delivery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from landschap.registers.forgetting import ERASED_GROUP
from landschap.registers.models import ObjectType, Register
from landschap.registers.notices import PAST_TENSE, names_a_person, types_of
from landschap.registers.refusals import closed_fields, invalid_body
from landschap.registers.schemas import Schema, faults
from landschap.registers.subscriptions import FSC_PREFIX, Filters, Wanted
from landschap.registers.timeline import DOUBT_PREFIX
from landschap.registers.views import readable_properties
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.problems import Refusal

MAX_OBJECTS = 1000
_MAX_BODY = 256 * 1024
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_NAMES: Schema = {"type": "array", "minItems": 1, "items": {"type": "string"}}
BODY: Schema = {
    "type": "object",
    "required": ["bestemming"],
    "additionalProperties": False,
    "properties": {
        "bestemming": {
            "type": "object",
            "required": ["soort"],
            "additionalProperties": False,
            "properties": {
                "soort": {"type": "string", "enum": ["fsc", "adres"]},
                "dienst": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{1,98}$"},
                "pad": {"type": "string", "pattern": "^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,20}$"},
                "adres": {"type": "string", "maxLength": 500},
            },
        },
        "filters": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "types": _NAMES,
                "collecties": _NAMES,
                "soorten": _NAMES,
                "identificaties": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_OBJECTS,
                    "items": {"type": "string", "minLength": 1, "maxLength": 200},
                },
            },
        },
        "referentie": {"type": "string", "pattern": "^[\\x20-\\x7E]{0,100}$"},
        "vanaf": {"type": "integer", "minimum": 0},
        "bundelen": {"type": "boolean"},
    },
}


def read_wanted(
    register: Register, body: bytes, permitted: Sequence[str], hosts: Sequence[str]
) -> Wanted | Refusal:
    """What a body asks for; the refusal holds everything that is wrong.

    ``permitted`` are the fields of the permit: what one may read nothing of, one is not told of.
    ``hosts`` are the host names of our own network to which may be delivered without FSC.
    """
    try:
        given = loads(body, max_bytes=_MAX_BODY, storable=True)
    except InvalidJson as error:
        return invalid_body([("", str(error))])
    wrong = [(fault.pointer, fault.message) for fault in faults(given, BODY)]
    if wrong or not isinstance(given, Mapping):
        return invalid_body(wrong)
    told = given.get("filters", {})
    asked = told if isinstance(told, Mapping) else {}
    sink = _sink(given["bestemming"], hosts, wrong)
    kinds, acts = _about(register, asked, wrong)
    objects = tuple(dict.fromkeys(_texts(asked, "identificaties")))
    if objects and len(kinds) != 1:
        wrong.append(("/filters/identificaties", "needs one collection beside it in collecties"))
    if objects and any(names_a_person(kind) for kind in kinds):
        wrong.append(("/filters/identificaties", "can not be numbers of persons"))
    if wrong:
        return invalid_body(wrong)
    readable = [kind for kind in kinds if _readable(kind, permitted)]
    named = bool(_texts(asked, "collecties") or _texts(asked, "types"))
    closed = [kind.collection for kind in kinds if kind not in readable]
    if closed and (named or not readable):
        return closed_fields(closed, "; of what is not read, no change is told.")
    since = given.get("vanaf")
    return Wanted(
        sink=sink,
        filters=Filters(
            type_keys=tuple(sorted(kind.key for kind in readable)),
            acts=acts,
            groups=_groups(readable, permitted),
            objects=objects,
        ),
        reference=str(given.get("referentie", "")),
        since=since if isinstance(since, int) else None,
        bundled=given.get("bundelen") is True,
    )


def check_address(text: str, hosts: Sequence[str]) -> str:
    """Why nothing can be delivered at this address; empty when it can.

    Only https, and only to a host name that the operators put on the list: an address that a
    reader chooses must not lead into our own network.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is no address"
    if parts.scheme != "https" or not _HOST.fullmatch(host):
        return "must be https://host/path"
    if parts.username is not None or parts.fragment or not text.isascii() or " " in text:
        return "has a user, a fragment or a character that can not stand in it"
    if host not in hosts:
        return (
            f"{host} is not a host to which this organisation delivers without FSC; its operators "
            "can add it to notifications.hosts. Other organisations are reached with soort fsc"
        )
    return ""


def _sink(given: JsonValue, hosts: Sequence[str], wrong: list[tuple[str, str]]) -> str:
    told = given if isinstance(given, Mapping) else {}
    service, address, path = told.get("dienst"), told.get("adres"), told.get("pad") or ""
    if told.get("soort") == "fsc":
        if not service or address:
            wrong.append(("/bestemming", "of soort fsc has a dienst, and no adres"))
        return f"{FSC_PREFIX}{service}{path}"
    if not address or service or path:
        wrong.append(("/bestemming", "of soort adres has an adres, and no dienst or pad"))
        return ""
    why = check_address(str(address), hosts)
    if why:
        wrong.append(("/bestemming/adres", why))
    return str(address)


def _about(
    register: Register, asked: Mapping[str, JsonValue], wrong: list[tuple[str, str]]
) -> tuple[list[ObjectType], tuple[str, ...]]:
    """The object types and the acts (empty: all) that the filters leave together."""
    kinds = {kind.collection: kind for kind in register.types.values()}
    names = {
        name: f"{kind.key}/{act}" for kind in kinds.values() for act, name in types_of(kind).items()
    }
    for key, known in (("collecties", kinds), ("types", names), ("soorten", PAST_TENSE)):
        wrong += [
            (f"/filters/{key}/{place}", f"there is no {name[:80]}{did_you_mean(name, known)}")
            for place, name in enumerate(_texts(asked, key))
            if name not in known
        ]
    if wrong:
        return [], ()
    collections = _texts(asked, "collecties") or tuple(kinds)
    acts, wanted = _texts(asked, "soorten"), {names[name] for name in _texts(asked, "types")}
    left = [
        pair
        for pair in names.values()
        if (not wanted or pair in wanted)
        and (not acts or pair.partition("/")[2] in acts)
        and any(pair.startswith(f"{kinds[each].key}/") for each in collections)
    ]
    if not left:
        wrong.append(("/filters", "leave nothing: all that are given must hold"))
    told = [kind for kind in kinds.values() if any(p.startswith(f"{kind.key}/") for p in left)]
    return told, tuple(sorted(left)) if wanted or acts else ()


def _readable(kind: ObjectType, permitted: Sequence[str]) -> set[str]:
    """The groups of which the permit holds something."""
    return {kind.properties[name].group for name in readable_properties(kind, permitted)}


def _groups(kinds: Sequence[ObjectType], permitted: Sequence[str]) -> tuple[str, ...]:
    """The groups that may be told of, with doubt about them; none when that is all of them."""
    if all(_readable(kind, permitted) == set(kind.groups) for kind in kinds):
        return ()
    names = [
        f"{kind.key}/{prefix}{group}"
        for kind in kinds
        for group in _readable(kind, permitted)
        for prefix in ("", DOUBT_PREFIX)
    ]
    return tuple(sorted([*names, *(f"{kind.key}/{ERASED_GROUP}" for kind in kinds)]))


def _texts(asked: Mapping[str, JsonValue], key: str) -> tuple[str, ...]:
    found = asked.get(key)
    return tuple(str(each) for each in found) if isinstance(found, list) else ()
