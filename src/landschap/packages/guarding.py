# SPDX-License-Identifier: EUPL-1.2
"""What may not leave in a package: persons, secrets, machines, numbers of organisations.

A package is looked at text by text, after parameters were taken out. Every find is told with file
and line, and never repeats what was found. What is no such thing although it looks like one is
named by its author as shared (``gedeeld``).
Source: AVG art. 5 lid 1 sub c; house rule "no personal data in a package".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from landschap.vocabulary.identifiers import passes_eleven_test
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.mistakes import Mistake

_DIGITS = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][._])[0-9](?:[._]?[0-9]){7,8}(?![0-9A-Za-z]|[._][0-9])"
)
_ORGANISATION = re.compile(r"(?<![0-9A-Za-z])[0-9]{20}(?![0-9A-Za-z])")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IPV4 = re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])")
_MACHINE = re.compile(
    r"https?://[^/\s\"'$]*:[0-9]+|\b(?!https?://)[a-z][a-z0-9+]*://|unix:/|\blocalhost\b"
    r"|/(?:home|root)/"
)
_SECRET = re.compile(
    r"-----BEGIN |\beyJ[A-Za-z0-9_-]{10,}\."
    r"|(?i:\b(?:password|passwd|wachtwoord|secret|token|api[_-]?key)[\"']?\s*[:=]\s*[\"']?)"
    r"[A-Za-z0-9+/_~!@#%^&*-]{8,}"
)
_LONG = re.compile(r"[A-Za-z0-9+/_-]{40,}")
_LETTERS = re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]")
SCHEMA = ".schema.json"
# Values that a schema may hold of somebody: an example person is a person.
_OF_SOMEBODY = ("examples", "default", "const")
_NO_PERSON = "geen"


def finds_in(texts: Mapping[str, str], shared: Collection[str]) -> list[Mistake]:
    """Everything in these files (name -> text) that may not leave, each with its place."""
    found: list[Mistake] = []
    for file, text in sorted(texts.items()):
        for number, line in enumerate(text.splitlines(), start=1):
            found += [
                Mistake(file=file, line=number, key=what, message=remedy)
                for what, remedy in _in_line(line, shared)
            ]
        if file.endswith(SCHEMA):
            found += _example_persons(file, text)
    return found


def _in_line(line: str, shared: Collection[str]) -> Iterator[tuple[str, str]]:
    for what, look, remedy in _LOOKS:
        if any(each not in shared for each in look(line)):
            yield what, remedy


def _persons(line: str) -> Iterator[str]:
    for each in _DIGITS.findall(line):
        digits = each.replace(".", "").replace("_", "")
        if passes_eleven_test(digits.zfill(9)):
            yield each


def _machines(line: str) -> Iterator[str]:
    yield from (
        each for each in _IPV4.findall(line) if all(int(part) < 256 for part in each.split("."))
    )
    yield from _MACHINE.findall(line)


def _secrets(line: str) -> Iterator[str]:
    yield from _SECRET.findall(line)
    for each in _LONG.findall(line):
        if all(kind.search(each) for kind in _LETTERS):
            yield each


_LOOKS: tuple[tuple[str, Callable[[str], Iterator[str]], str], ...] = (
    (
        "person",
        _persons,
        "holds a number like that of a person (BSN); take it out, an example person too",
    ),
    ("person", lambda line: iter(_MAIL.findall(line)), "holds an e-mail address; take it out"),
    ("secret", _secrets, "holds what looks like a key, token or password; take it out"),
    (
        "machine",
        _machines,
        "holds the address of a machine; make it a parameter of kind address",
    ),
    (
        "organisation",
        lambda line: iter(_ORGANISATION.findall(line)),
        (
            "holds the number of an organisation; make it a parameter of kind oin or oins, or"
            " name it in `gedeeld` when it is the same everywhere"
        ),
    ),
)


def _example_persons(file: str, text: str) -> Iterator[Mistake]:
    """Examples at properties that are personal data."""
    try:
        tree = loads(text)
    except InvalidJson:
        return  # told by who reads the model
    for pointer in _at_persons(tree, "", personal=False):
        yield Mistake(
            file=file,
            line=1,
            key=pointer,
            message="holds an example of personal data; take it out, an example person too",
        )


def _at_persons(tree: JsonValue, pointer: str, *, personal: bool) -> Iterator[str]:
    if isinstance(tree, list):
        for place, each in enumerate(tree):
            yield from _at_persons(each, f"{pointer}/{place}", personal=personal)
    if not isinstance(tree, Mapping):
        return
    personal = tree.get("x-persoonsgegeven", _NO_PERSON if not personal else "") != _NO_PERSON
    for key, each in tree.items():
        if personal and key in _OF_SOMEBODY and pointer.rpartition("/")[2] != "properties":
            yield f"{pointer}/{key}"
        else:
            yield from _at_persons(each, f"{pointer}/{key}", personal=personal)
