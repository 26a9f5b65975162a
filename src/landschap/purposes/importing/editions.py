# SPDX-License-Identifier: EUPL-1.2
"""A new edition of a list of purposes over the one a register holds.

An edition adds versions and never takes one away: a decision of last year rests on the purpose as
it read then. A purpose that reads otherwise must have a higher version; under the same version only
its end may be given. One that is no longer listed stays as it was, because its publisher withdraws
by saying so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from landschap.purposes.importing.skos import PublishedList
from landschap.purposes.model import Purpose, Register
from landschap.purposes.writing import table_text

_LICENCE = "# SPDX-License-Identifier: EUPL-1.2\n"


class UnlawfulEditionError(ValueError):
    """An edition that rewrites what an earlier one said; its text names each purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What the register becomes: all versions of all purposes of the list, and what is new."""

    published: PublishedList
    purposes: tuple[Purpose, ...]
    added: tuple[str, ...]
    renewed: tuple[str, ...]
    absent: tuple[str, ...]

    def text(self, source: str) -> str:
        """The list as a file of the register; ``source`` is what it was read from."""
        scheme = self.published.scheme
        head = (
            f"# {scheme.title.nl}, {scheme.version}, from {source}. Not edited by hand: the next "
        )
        parts = [table_text("schemes", scheme)]
        parts += [table_text("purposes", each) for each in self.purposes]
        return f"{_LICENCE}{head}edition replaces it.\n\n" + "\n".join(parts)


def edition_over(published: PublishedList, register: Register) -> Edition:
    """The edition that follows what the register holds. Raises UnlawfulEditionError."""
    earlier = [each for each in register.purposes if each.scheme == published.scheme.uri]
    newest: dict[str, Purpose] = {}
    for each in sorted(earlier, key=lambda one: one.version):
        newest[each.uri] = each
    wrong = [
        f"{each.uri}: version {each.version} reads otherwise than version {held.version} held here"
        for each in published.purposes
        if (held := newest.get(each.uri)) and _rewrites(each, held)
    ]
    if wrong:
        raise UnlawfulEditionError("\n".join(wrong))
    new = [
        each
        for each in published.purposes
        if each.uri not in newest or each.version > newest[each.uri].version
    ]
    listed = {each.uri for each in published.purposes}
    begins = {each.uri: each.valid.since for each in new}
    told = {(each.uri, each.version): each for each in published.purposes}
    kept = [
        _until(told.get((each.uri, each.version), each), begins.get(each.uri)) for each in earlier
    ]
    return Edition(
        published=published,
        purposes=tuple(sorted([*kept, *new], key=lambda one: (one.uri, one.version))),
        added=tuple(each.uri for each in new if each.uri not in newest),
        renewed=tuple(each.uri for each in new if each.uri in newest),
        absent=tuple(sorted(newest.keys() - listed)),
    )


def _until(before: Purpose, next_begins: date | None) -> Purpose:
    """A version holds until the next begins, if it did not end before."""
    until = before.valid.until
    if next_begins is None or (until is not None and until <= next_begins):
        return before
    return replace(before, valid=replace(before.valid, until=next_begins))


def _rewrites(now: Purpose, before: Purpose) -> bool:
    reads_otherwise = replace(now, valid=before.valid) != before
    starts_otherwise = now.valid.since != before.valid.since
    return now.version <= before.version and (reads_otherwise or starts_otherwise)
