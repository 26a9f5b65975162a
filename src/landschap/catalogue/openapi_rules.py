# SPDX-License-Identifier: EUPL-1.2
"""The rules of OpenAPI itself that the design rules lean on.

Source: OpenAPI 3.0.3 and 3.1.0; digest "The official linter, exactly".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from landschap.catalogue.documents import Place
from landschap.catalogue.examples import check_examples
from landschap.catalogue.findings import Found
from landschap.catalogue.references import At, References
from landschap.catalogue.structure import Structures, check_structure
from landschap.vocabulary.ijson import JsonValue

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_IN_PATH = re.compile(r"\{;?\??([a-zA-Z0-9_-]+)\*?\}")
_IN_URL = re.compile(r"\{(.+?)\}")


def check_openapi(
    references: References, version: str, structures: Structures, found: Found, *, strict: bool
) -> None:
    """Add what breaks OpenAPI to the findings."""
    _leading_nowhere(references, found, strict=strict)
    _identifiers(references, found)
    _tags(references, found)
    _servers(references, found)
    paths = references.down(references.root, "paths")
    if paths is not None and isinstance(paths.value, Mapping):
        _path_parameters(references, paths, found)
    if version.startswith("3"):
        check_structure(references.root.value, version, structures, found)
        check_examples(references, version, found)


def _leading_nowhere(references: References, found: Found, *, strict: bool) -> None:
    """The official linter tells once of each document that it could not get."""
    told: set[str] = set()
    for place, text in references.leading_nowhere():
        document = text.partition("#")[0]
        if strict or not document or document not in told:
            found.add("invalid-ref", place, f"{text[:120]} leads to nothing in this document")
        told.add(document)


def _identifiers(references: References, found: Found) -> None:
    seen: set[JsonValue] = set()
    paths = references.down(references.root, "paths")
    if paths is None:
        return
    for _, item in references.children(paths):
        for method, operation in references.children(item):
            name = references.child(operation, "operationId") if method in METHODS else None
            if name is None or not isinstance(name.value, str):
                continue
            if name.value in seen:
                found.add(
                    "operation-operationId-unique", name.place,
                    f"{name.value[:80]} is the name of another operation too",
                )  # fmt: skip
            seen.add(name.value)


def _tags(references: References, found: Found) -> None:
    seen: set[JsonValue] = set()
    tags = references.down(references.root, "tags")
    for _, tag in references.children(tags) if tags is not None else ():
        name = references.child(tag, "name")
        if name is not None and isinstance(name.value, str):
            if name.value in seen:
                found.add(
                    "openapi-tags-uniqueness", name.place, f"the tag {name.value[:80]} stands twice"
                )
            seen.add(name.value)


def _servers(references: References, found: Found) -> None:
    servers = references.down(references.root, "servers")
    if servers is None or not isinstance(servers.value, list) or not servers.value:
        found.add("oas3-api-servers", ("servers",), "servers is missing or empty")
        return
    for number, server in references.children(servers):
        if not isinstance(server.value, Mapping):
            found.add("oas3-api-servers", (*servers.place, number), "a server is an object")
            continue
        _variables(references, server, found)


def _variables(references: References, server: At, found: Found) -> None:
    url = references.child(server, "url")
    used = set(_IN_URL.findall(url.value)) if url and isinstance(url.value, str) else set()
    variables = references.child(server, "variables")
    known = set(variables.value) if variables and isinstance(variables.value, Mapping) else set()
    place = (*server.place, "variables")
    for name in sorted(used - known):
        found.add("oas3-server-variables", place, f"{{{name}}} in the address is not described")
    for name in sorted(known - used):
        found.add("oas3-server-variables", (*place, name), f"{name} is not in the address")
    for name, variable in references.children(variables) if variables is not None else ():
        default, choices = (references.child(variable, key) for key in ("default", "enum"))
        if default is None:
            found.add("oas3-server-variables", (*place, name), f"{name} has no default")
        elif choices is not None and default.value not in _items(choices.value):
            found.add(
                "oas3-server-variables",
                (*place, name, "default"),
                f"the default of {name} is none of its values",
            )


def _path_parameters(references: References, paths: At, found: Found) -> None:
    alike: dict[str, str] = {}
    for path, item in references.children(paths):
        where = ("paths", path)
        shape = _IN_PATH.sub("%", path)
        if shape in alike:
            found.add("path-params", where, f"{alike[shape]} and {path} are the same path")
        alike.setdefault(shape, path)
        names = _IN_PATH.findall(path)
        for name in sorted({each for each in names if names.count(each) > 1}):
            found.add("path-params", where, f"{{{name}}} stands twice in {path}")
        if not isinstance(item.value, Mapping):
            continue
        common = _declared(references, item, found)
        for method, operation in references.children(item):
            if method not in METHODS or not isinstance(operation.value, Mapping):
                continue
            declared = common | _declared(references, operation, found)
            for name, place in declared.items():
                if name not in names:
                    found.add("path-params", place, f"{name} is not in the path {path}")
            for name in dict.fromkeys(names):
                if name not in declared:
                    found.add(
                        "path-params", operation.place,
                        f"{{{name}}} of {path} is not described as a parameter",
                    )  # fmt: skip


def _declared(references: References, holder: At, found: Found) -> dict[str, Place]:
    """The path parameters of a path or an operation, with what is wrong with each noted."""
    declared: dict[str, Place] = {}
    parameters = references.child(holder, "parameters")
    for _, parameter in references.children(parameters) if parameters is not None else ():
        given = parameter.value
        if not isinstance(given, Mapping) or given.get("in") != "path":
            continue
        name = given.get("name")
        if not isinstance(name, str):
            continue
        if given.get("required") is not True:
            found.add("path-params", parameter.place, f"{name} in a path is required: true")
        if name in declared:
            found.add("path-params", parameter.place, f"{name} is described twice")
        declared.setdefault(name, parameter.place)
    return declared


def _items(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()
