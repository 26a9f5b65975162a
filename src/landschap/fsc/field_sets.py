# SPDX-License-Identifier: EUPL-1.2
"""The field sets a provider tells with its publication, so that an asker can name one exactly.

A contract may bound a connection to a field set of the provider, by name, version and digest. The
asker does not have the provider's register; the directory's listing of the service carries them in
the publication property ``processing.field_sets``: a list of ``{id, version, digest}``.
Source: FSC Core, "Properties"; house extension, documented for the Group.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

PROPERTY = "processing.field_sets"
_MAX_LISTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFieldSet:
    """A version of a field set and the digest over what it permits."""

    id: str
    version: str
    digest: str

    @property
    def key(self) -> str:
        """How it is written: ``id@version``."""
        return f"{self.id}@{self.version}"

    def as_json(self) -> dict[str, JsonValue]:
        """Its JSON."""
        return {"id": self.id, "version": self.version, "digest": self.digest}


def read_named(text: str) -> NamedFieldSet | None:
    """Read ``id@version=sha256-...``; None when the text names no digest. Raises InvalidValue."""
    name, equals, digest = text.partition("=")
    if not equals:
        return None
    identifier, _, version = name.rpartition("@")
    if not identifier or not version or not digest.startswith("sha256-"):
        raise InvalidValue("write a field set with its digest as id@version=sha256-...")
    return NamedFieldSet(id=identifier, version=version, digest=digest)


def told_by(properties: Mapping[str, JsonValue]) -> list[NamedFieldSet]:
    """The field sets in the properties of a publication; what can not be read is passed over."""
    listed = properties.get(PROPERTY)
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    found: list[NamedFieldSet] = []
    for each in listed[:_MAX_LISTED]:
        if not isinstance(each, Mapping):
            continue
        match (each.get("id"), each.get("version"), each.get("digest")):
            case (str() as identifier, str() as version, str() as digest):
                found.append(NamedFieldSet(id=identifier, version=version, digest=digest))
    return found


def choose(known: Iterable[NamedFieldSet], wanted: str) -> NamedFieldSet | None:
    """The set called ``id@version``, or the highest version of ``id``; None when there is none."""
    fitting = [each for each in known if wanted in (each.key, each.id)]
    return max(fitting, key=lambda each: (len(each.version), each.version), default=None)
