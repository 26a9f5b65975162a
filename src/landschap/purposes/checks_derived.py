# SPDX-License-Identifier: EUPL-1.2
"""What can be wrong with the derived fields of a service although each line is well formed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from landschap.purposes.derived import circles, not_kept, with_groups
from landschap.purposes.model import OfferedService
from landschap.purposes.reading import nearest_of


def faults_of(service: OfferedService) -> Iterator[tuple[str, str, str]]:
    """Key, message and nearest name of everything wrong with what follows from what."""
    valid = with_groups(service.fields)
    for each in service.derived:
        yield from _missing(each.path, service.fields)
        for path in each.inputs:
            yield from _missing(path, valid)
    twice = [path for path, count in Counter(e.path for e in service.derived).items() if count > 1]
    for path in twice:
        yield "afgeleid", f"{path!r} stands there twice", ""
    for path, way in circles(service.derived):
        yield "afgeleid", f"{path!r} goes round: {way}", ""
    for path in not_kept(service.derived, service.searchable):
        yield "zoekvelden", f"{path!r} is derived, so nothing can be searched by it", ""


def rows_faults(service: OfferedService, paths: Collection[str]) -> Iterator[str]:
    """Why row conditions on these paths can not be kept by the source."""
    for path in not_kept(service.derived, paths):
        inputs = next(each.inputs for each in service.derived if each.path == path)
        yield f"{path!r} is derived and kept nowhere; limit by {', '.join(inputs)}"


def _missing(path: str, valid: Collection[str]) -> Iterator[tuple[str, str, str]]:
    if path and path not in valid:
        yield "afgeleid", f"{path[:120]!r} does not exist", nearest_of(path, valid)
