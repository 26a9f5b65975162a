# SPDX-License-Identifier: EUPL-1.2
"""The rules of the API Design Rules that a description shows, each with its code.

In the official mode they answer as the official linter does, with its quirks; in the strict mode
as the text of the rules means it: ``2XX`` counts as a response, a parameter of a path as one of
its operations, ``v1.2`` is no major version.
Source: NL GOV REST API Design Rules 2.2; digest "The official linter, exactly".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from landschap.catalogue.documents import Document, Place
from landschap.catalogue.findings import Finding, Found, Mode
from landschap.catalogue.openapi_rules import METHODS, check_openapi
from landschap.catalogue.references import At, References
from landschap.catalogue.structure import Structures
from landschap.vocabulary.ijson import JsonValue

_OPENAPI = re.compile(r"^3(.\d+){1,2}$")
_OPENAPI_STRICT = re.compile(r"^3(\.\d+){1,2}$")
_VERSION_HEADERS = ("API-Version", "Api-Version", "Api-version", "api-version", "API-version")
_MAJOR = re.compile(r"/v[\d+]")
_MAJOR_STRICT = re.compile(r"/v[0-9]+/?$")
_QUERY_KEY = re.compile(r"^\$?[a-z][a-z\d]*([A-Z][a-z\d]*)*$")
_KEBAB = re.compile(
    r"^(/|(/_[a-z0-9]+|/(([a-z0-9\-]+|{[^}]+})(/([a-z0-9\-.]+|{[^}]+}))*)(/_[a-z]+)?)/?)$"
)
_SEGMENT_STRICT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*|\{[^}/]+\}|openapi\.(json|yaml)")
_OPERATION_STRICT = re.compile(r"_[a-z0-9]+(-[a-z0-9]+)*")
_NO_KEBAB = re.compile(r"/openapi\.(json)|(yaml)")
_METHODS = re.compile(r"post|put|get|delete|patch|parameters")
_PATH_MEMBERS = frozenset({*METHODS, "parameters", "summary", "description", "servers", "$ref"})
_PROBLEM = re.compile(r"application/problem\+(json|xml)")
_DATE_NAME = re.compile(r"^(date|datum)$|((\w+D)|(_[dD]))((ate)|(atum))")
# Two capitals in a row only at the begin: as the official linter has it.
_PASCAL = re.compile(r"^[A-Z][a-z0-9]*(?:[A-Z0-9](?:[a-z0-9]+|$))*$")
_SEMVER = re.compile(
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$"
)
# Names that a standard gives, so that nobody can write them otherwise.
# Source: geospatial module 1.0, "bbox-crs", "filter-crs".
NO_STRUCTURES: Structures = {}
ALLOWED_QUERY_KEYS = frozenset({"bbox-crs", "filter-crs"})


def check(
    document: Document, mode: Mode = Mode.STRICT, structures: Structures = NO_STRUCTURES
) -> list[Finding]:
    """Everything that breaks a rule, in the order of the document.

    ``structures`` are the published forms of OpenAPI by version; without, that is not looked at.
    """
    found = Found(document)
    for odd in document.odd:
        found.add("parser", odd.place, odd.message)
    case = _Check(document, mode, found)
    check_openapi(case.references, case.version, structures, found, strict=case.strict)
    for rule in _RULES:
        rule(case)
    return found.all()


class _Check:
    """One document on its way through the rules."""

    def __init__(self, document: Document, mode: Mode, found: Found) -> None:
        self.references = References(document.value)
        self.root = self.references.root
        self.strict = mode is Mode.STRICT
        self.found = found
        version = self.root.value.get("openapi") if isinstance(self.root.value, Mapping) else None
        self.version = version if isinstance(version, str) else ""

    def below(self, *steps: str) -> At | None:
        """What stands at a place, references followed."""
        return self.references.down(self.root, *steps)

    def members(self, at: At | None) -> Iterator[tuple[str, At]]:
        """The members of what may not be there."""
        return self.references.children(at) if at is not None else iter(())

    def responses(self, codes: str) -> Iterator[tuple[str, At]]:
        """Every response whose code begins with one of these digits, wherever it is written."""
        official = re.compile(rf"({'|'.join(codes)})\d\d")
        strict = re.compile(rf"({'|'.join(codes)})(\d\d|XX)|default")
        pattern = strict if self.strict else official
        for at in self.references.everything():
            inner = self.references.child(at, "responses")
            for code, response in self.members(inner):
                if pattern.search(code):
                    yield code, response

    def operations(self) -> Iterator[tuple[str, At, At]]:
        """Method, operation and the path item around it."""
        for _, item in self.members(self.below("paths")):
            for method, operation in self.members(item):
                yield method, operation, item


def _root(case: _Check) -> None:
    openapi = _text(case.below("openapi"))
    pattern = _OPENAPI_STRICT if case.strict else _OPENAPI
    if openapi and not pattern.search(openapi):
        case.found.add("nlgov:openapi3", ("openapi",), f"{openapi[:40]!r} is not version 3")
    if not case.strict and not re.match(r"3\.\d", case.version):
        case.found.add("unrecognized-format", (), "the official linter does not know this version")
    if not _truthy(case.below("openapi")):
        case.found.add("nlgov:openapi-root-exists", (), "openapi is missing")
    version = _text(case.below("info", "version"))
    if version is not None and not _SEMVER.search(version):
        case.found.add(
            "nlgov:semver", ("info", "version"), f"{version[:40]!r} is not major.minor.patch"
        )


def _contact(case: _Check) -> None:
    contact = case.below("info", "contact")
    if not _truthy(contact):
        case.found.add("info-contact", ("info", "contact"), "info.contact is missing")
    if contact is None:
        return
    for name in ("email", "name", "url"):
        if not _truthy(case.references.child(contact, name)):
            case.found.add(
                "nlgov:info-contact-fields-exist", (*contact.place, name),
                f"info.contact has no {name}",
            )  # fmt: skip


def _servers(case: _Check) -> None:
    pattern = _MAJOR_STRICT if case.strict else _MAJOR
    for _, server in case.members(case.below("servers")):
        url = case.references.child(server, "url")
        text = _text(url)
        if url is not None and text is not None and not pattern.search(text):
            case.found.add(
                "nlgov:include-major-version-in-uri", url.place,
                f"{text[:120]} does not end in a major version such as /v1",
            )  # fmt: skip
    lists = [case.below("servers")]
    paths = case.below("paths")
    if paths is not None:
        lists += [case.references.child(at, "servers") for at in case.references.everything(paths)]
    for servers in lists:
        for _, server in case.members(servers):
            url = case.references.child(server, "url")
            text = _text(url)
            if url is not None and text is not None and text.startswith("http://"):
                case.found.add("nlgov:servers-use-https", url.place, f"{text[:120]} is not https")


def _headers(case: _Check) -> None:
    for code, response in case.responses("23"):
        headers = case.references.child(response, "headers")
        if headers is None or not _truthy(headers):
            places = [response.place] if headers is not None else case.references.spots(response)
            for place in places:
                case.found.add(
                    "nlgov:missing-header", (*place, "headers"),
                    f"the response {code} tells of no headers",
                )  # fmt: skip
        if headers is None or not isinstance(headers.value, Mapping):
            continue
        names = headers.value.keys()
        wanted = {name.lower() for name in names} if case.strict else names
        known = {"api-version"} if case.strict else set(_VERSION_HEADERS)
        if known.isdisjoint(wanted):
            case.found.add(
                "nlgov:missing-version-header", headers.place,
                f"the response {code} has no header API-Version",
            )  # fmt: skip


def _paths(case: _Check) -> None:
    for path, item in case.members(case.below("paths")):
        where = ("paths", path)
        if re.search(r".+/$", path):
            case.found.add("path-keys-no-trailing-slash", where, f"{path} ends in a slash")
        if case.strict and re.search(r".+/$", path):
            case.found.add("nlgov:paths-no-trailing-slash", where, f"{path} ends in a slash")
        if not case.strict and re.search(r".+ /$", path):
            case.found.add("nlgov:paths-no-trailing-slash", where, f"{path} ends in a slash")
        if not _is_kebab(path, strict=case.strict):
            case.found.add(
                "nlgov:paths-kebab-case", where,
                f"{path} holds more than lower case letters, digits and hyphens between words",
            )  # fmt: skip
        _methods(case, path, item)


def _is_kebab(path: str, *, strict: bool) -> bool:
    if not strict:
        return bool(_NO_KEBAB.search(path) or _KEBAB.search(path))
    if path == "/":
        return True
    *segments, last = path.removeprefix("/").removesuffix("/").split("/")
    return all(map(_SEGMENT_STRICT.fullmatch, segments)) and bool(
        _SEGMENT_STRICT.fullmatch(last) or _OPERATION_STRICT.fullmatch(last)
    )


def _methods(case: _Check, path: str, item: At) -> None:
    if not isinstance(item.value, Mapping):
        return
    if not case.strict and not re.search(r"description|summary", path, re.IGNORECASE):
        return
    for key in item.value:
        fits = key in _PATH_MEMBERS or key.startswith("x-") if case.strict else _METHODS.search(key)
        if not fits:
            case.found.add(
                "nlgov:http-methods", (*item.place, key), f"{key[:40]} is no method of HTTP"
            )


def _query_keys(case: _Check) -> None:
    named = [
        parameter
        for _, holder in _holders(case)
        for _, parameter in case.members(case.references.child(holder, "parameters"))
    ]
    named += [scheme for _, scheme in case.members(case.below("components", "securitySchemes"))]
    for parameter in named:
        name = case.references.child(parameter, "name")
        text = _text(name)
        if name is None or text is None or not _is_in_query(case, parameter):
            continue
        if case.strict and text in ALLOWED_QUERY_KEYS:
            continue
        if not _QUERY_KEY.search(text):
            case.found.add(
                "nlgov:query-keys-camel-case", name.place, f"{text[:80]} is not lower camel case"
            )


def _holders(case: _Check) -> Iterator[tuple[str, At]]:
    """What has parameters: operations; strictly, paths too."""
    for _, item in case.members(case.below("paths")):
        if case.strict:
            yield "", item
        yield from case.members(item)


def _is_in_query(case: _Check, parameter: At) -> bool:
    place = case.references.child(parameter, "in")
    return _text(place) == "query"


def _problems(case: _Check) -> None:
    seen: set[Place] = set()
    for code, response in case.responses("45"):
        content = case.references.child(response, "content")
        if content is None or content.place in seen or not isinstance(content.value, Mapping):
            continue
        seen.add(content.place)
        kinds = [name for name in content.value if _PROBLEM.search(name)]
        if {"application/problem+json", "application/problem+xml"}.isdisjoint(content.value):
            case.found.add(
                "nlgov:use-problem-schema", content.place,
                f"the response {code} is no application/problem+json",
            )  # fmt: skip
        for kind in kinds:
            media = case.references.child(content, kind)
            for at in case.references.everything(media) if media is not None else ():
                schema = case.references.child(at, "schema")
                if schema is not None:
                    _problem_members(case, schema)


def _problem_members(case: _Check, schema: At) -> None:
    wanted = {"status", "title", "detail"}
    if case.strict:
        names = _all_properties(case, schema, 0)
        if not names:
            case.found.add("nlgov:problem-schema-members", schema.place, "it tells no members")
            return
    else:
        properties = case.references.child(schema, "properties")
        if properties is None or not isinstance(properties.value, Mapping):
            return
        names = set(properties.value)
    absent = sorted(wanted - names)
    if absent:
        place = schema.place if case.strict else (*schema.place, "properties")
        case.found.add("nlgov:problem-schema-members", place, f"it has no {', '.join(absent)}")


def _all_properties(case: _Check, schema: At, depth: int) -> set[str]:
    names: set[str] = set()
    if depth > 20:
        return names
    properties = case.references.child(schema, "properties")
    if properties is not None and isinstance(properties.value, Mapping):
        names |= set(properties.value)
    for _, part in case.members(case.references.child(schema, "allOf")):
        names |= _all_properties(case, part, depth + 1)
    return names


def _invalid_input(case: _Check) -> None:
    for method, operation, item in case.operations():
        if method in ("get", "delete"):
            given = [case.references.child(operation, "parameters")]
            if case.strict:
                given.append(case.references.child(item, "parameters"))
            if not any(each is not None and _length(each.value) > 0 for each in given):
                continue
        elif method not in ("put", "post", "patch"):
            continue
        responses = case.references.child(operation, "responses")
        if responses is None or not isinstance(responses.value, Mapping):
            continue
        enough = {"400", "4XX"} if case.strict else {"400"}
        if enough.isdisjoint(responses.value):
            case.found.add(
                "nlgov:problem-invalid-input", responses.place,
                f"{method} may get wrong input, and no response 400 is described",
            )  # fmt: skip


def _dates(case: _Check) -> None:
    for at in case.references.everything():
        for name, prop in case.members(case.references.child(at, "properties")):
            _format_of(case, prop)
            if _DATE_NAME.search(name):
                _date(case, name, prop)


def _format_of(case: _Check, prop: At) -> None:
    place = case.references.child(prop, "format")
    text = _text(place)
    if place is None:
        return
    if text == "date-time-local":
        case.found.add(
            "nlgov:date-time-ensure-timezone", place.place, "a moment without offset is no moment"
        )
    if text == "time":
        case.found.add(
            "nlgov:time-without-timezone", place.place, "a time of the day is time-local"
        )


def _date(case: _Check, name: str, prop: At) -> None:
    if isinstance(prop.value, Mapping) and not _has_format(case, prop):
        for place in case.references.spots(prop):
            case.found.add("nlgov:specify-format-for-date-and-time", place, f"{name} has no format")
    for at in case.references.everything(prop):
        written = case.references.child(at, "format")
        if written is not None and _text(written) == "date-time":
            case.found.add(
                "nlgov:use-date-instead-of-datetime", written.place,
                f"{name} is called a day and is a moment",
            )  # fmt: skip


def _has_format(case: _Check, prop: At) -> bool:
    if case.references.child(prop, "format") is not None:
        return True
    parts = case.references.child(prop, "allOf")
    return parts is not None and all(
        not isinstance(part.value, Mapping) or "format" in part.value
        for _, part in case.references.children(parts)
    )


def _names(case: _Check) -> None:
    for name, _ in case.members(case.below("components", "schemas")):
        if not _PASCAL.search(name):
            case.found.add(
                "nlgov:schema-camel-case", ("components", "schemas", name),
                f"{name[:80]} is not in Pascal case",
            )  # fmt: skip


_RULES: tuple[Callable[[_Check], None], ...] = (
    _root, _contact, _servers, _headers, _paths, _query_keys, _problems, _invalid_input, _dates,
    _names,
)  # fmt: skip


def _text(at: At | None) -> str | None:
    return at.value if at is not None and isinstance(at.value, str) else None


def _truthy(at: At | None) -> bool:
    """As JavaScript has it: an empty object is something."""
    return at is not None and at.value not in (None, False, 0, "")


def _length(value: JsonValue) -> int:
    return len(value) if isinstance(value, list | str) else 0
