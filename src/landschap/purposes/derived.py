# SPDX-License-Identifier: EUPL-1.2
"""Fields of a service that follow from other fields, as far as a policy has to know.

The rule itself stands where the data are, in an information model or a logical source. Here it is
known from which fields one follows: who may see the one can be asked of the other, a field that is
guarded guards what follows from it, and nothing is searched by it.
Source: AVG art. 5 lid 1 sub c; house rule "Derived answers preferred".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from landschap.purposes.duties import Confidentiality


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedField:
    """A field path of a service, and the fields or groups of it that it follows from."""

    path: str
    inputs: tuple[str, ...]

    @property
    def words(self) -> str:
        """From what it follows, for an explanation."""
        return f"derived from {', '.join(self.inputs)}"


def following_from(derived: Sequence[DerivedField], path: str) -> frozenset[str]:
    """The derived fields for which a field or group is read, over others as well."""
    found: set[str] = set()
    waiting = [path]
    while waiting:
        name = waiting.pop()
        for each in derived:
            if each.path not in found and any(_touch(name, one) for one in each.inputs):
                found.add(each.path)
                waiting.append(each.path)
    return frozenset(found)


def guarding(
    mark: Confidentiality | None, derived: Sequence[DerivedField]
) -> Confidentiality | None:
    """The mark, where a guarded field guards what follows from it too."""
    if mark is None or not derived:
        return mark
    more = {name for path in mark.guarded for name in following_from(derived, path)}
    return replace(mark, guarded=(*mark.guarded, *sorted(more - set(mark.guarded))))


def circles(derived: Sequence[DerivedField]) -> Iterator[tuple[str, str]]:
    """The derived fields that follow from themselves, and the way round."""
    inputs = {each.path: each.inputs for each in derived}
    for start in inputs:
        ways, seen = [[start]], set()
        while ways:
            way = ways.pop(0)
            if start in inputs[way[-1]]:
                yield start, " -> ".join([*way, start])
                break
            for path in inputs[way[-1]]:
                if path in inputs and path not in seen:
                    seen.add(path)
                    ways.append([*way, path])


def with_groups(fields: Iterable[str]) -> frozenset[str]:
    """Field paths and the groups that they lie in: a list can be counted as a whole."""
    found: set[str] = set()
    for path in fields:
        parts = path.split(".")
        found.update(".".join(parts[:end]) for end in range(1, len(parts) + 1))
    return frozenset(found)


def not_kept(derived: Sequence[DerivedField], paths: Collection[str]) -> list[str]:
    """Those of some paths that are derived: no source can look for them."""
    names = {each.path for each in derived}
    return [path for path in paths if path in names]


def _touch(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")
