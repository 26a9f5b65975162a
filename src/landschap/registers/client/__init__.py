# SPDX-License-Identifier: EUPL-1.2
"""Reading files: the information models of an organisation, and extracts to load.

An extract is a file, a folder or a zip. A file is named after the collection it holds:
``panden.csv``, ``inwoners.jsonl``. CSV is read as the BAG publishes it; JSON lines hold assertions.
What is read goes through a spool; the functions here that give a list are for small extracts.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from landschap.registers.cells import safe_cell
from landschap.registers.client.gathering import (
    Delivery,
    Identify,
    chosen_mapping,
    gather,
    holds_people,
    rows_of,
)
from landschap.registers.client.models import MODELS_FOLDER, read_models, read_register
from landschap.registers.client.sampling import sample_of
from landschap.registers.client.spool import Spool
from landschap.registers.models import Register
from landschap.registers.sources import Reading, RowFault, UnreadableSource

__all__ = [
    "MODELS_FOLDER",
    "Delivery",
    "Spool",
    "chosen_mapping",
    "gather",
    "holds_people",
    "read_extract",
    "read_mapped",
    "read_models",
    "read_people",
    "read_register",
    "rows_of",
    "sample_of",
    "write_faults",
]


def read_extract(register: Register, path: Path) -> list[Reading]:
    """All assertions of a small extract in order of registration at the source.

    Everything is read and checked before the first is returned. Raises UnreadableSource.
    """
    return _all_of(Delivery(register=register, path=path))


def read_mapped(register: Register, mapping: Path, path: Path) -> list[Reading]:
    """All assertions of a small file, by a mapping, in order of registration at the source.

    Raises InvalidMapping and UnreadableSource.
    """
    return _all_of(Delivery(register=register, path=path, mapping=mapping))


def read_people(register: Register, folder: Path, identify: Identify) -> list[Reading]:
    """Person lists of the BRP in long form, a CSV per category, as assertions about ``persoon``.

    ``identify`` makes the key of a person from a number. Raises UnreadableSource.
    """
    return _all_of(Delivery(register=register, path=folder, identify=identify), people=True)


def _all_of(delivery: Delivery, *, people: bool = False) -> list[Reading]:
    with Spool(delivery.register) as spool:
        gather(delivery, spool, people=people)
        if spool.faults:
            raise UnreadableSource([*spool.told()])
        return [*spool.readings()]


def write_faults(path: Path, faults: Iterable[RowFault]) -> None:
    """Every row that is wrong as a line of CSV: where, which rule, why, what to do."""
    names = ("file", "line", "column", "rule", "value", "message", "remedy", "filled")
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(names)
        for fault in faults:
            writer.writerow([safe_cell(str(getattr(fault, name))) for name in names])
