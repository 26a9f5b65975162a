# SPDX-License-Identifier: EUPL-1.2
"""What an extract is: its form, its columns, and the manifest that goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from landschap.integration.bulk.assembling import GAPS
from landschap.integration.bulk.compiling import Output
from landschap.integration.bulk.values import Kind
from landschap.integration.model import Declaration
from landschap.integration.plan import Plan
from landschap.integration.rows import Moment
from landschap.purposes.duties import GUARDED, NOTIFY, SMALL_COUNTS, TOLD, Duties, Obligation
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text


class Form(StrEnum):
    """How an extract is written."""

    PARQUET = "parquet"
    CSV = "csv"
    LINES = "jsonl"
    GEOJSON = "geojson"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutColumn:
    """One column of the file: the path of its field, what it holds, the members of a list."""

    path: str
    kind: Kind
    inner: tuple[OutColumn, ...] = ()


_GIVEN: Mapping[str, Kind] = {
    "boolean": Kind.BOOLEAN,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "string": Kind.TEXT,
}


def columns_of(
    plan: Plan, outputs: Sequence[Output], chosen: frozenset[str], duties: Duties
) -> tuple[OutColumn, ...]:
    """The columns in the order of the declaration, then what the duties and gaps tell."""
    changed = {each.path: each for each in duties.obligations if each.path}
    derived = {path: _GIVEN.get(rule.gives, Kind.JSON) for path, rule in plan.derived.items()}
    flat = {one.path: one.kind for one in outputs if not one.reason}
    lists = {one.path: one for one in outputs if one.reason}
    found: dict[str, OutColumn] = {}
    for path, declared in plan.declaration.fields.items():
        if path not in chosen:
            continue
        if not declared.within:
            kind = derived.get(path, flat.get(path, Kind.TEXT))
            found[path] = OutColumn(path=path, kind=_after(kind, changed.get(path)))
            continue
        group = declared.within
        kinds = {f"{group}.{one.path}": one.kind for one in lists[group].inner} | derived
        kind = _after(kinds.get(path, Kind.TEXT), changed.get(path))
        inner = OutColumn(path=path.removeprefix(f"{group}."), kind=kind)
        before = found.get(group, OutColumn(path=group, kind=Kind.JSON))
        found[group] = OutColumn(path=group, kind=Kind.JSON, inner=(*before.inner, inner))
    told = [OutColumn(path=GAPS, kind=Kind.JSON)]
    if duties.mark is not None or any(each.kind == NOTIFY for each in duties.obligations):
        told.append(OutColumn(path=TOLD, kind=Kind.TEXTS))
    if duties.mark is not None and duties.third_party:
        told.append(OutColumn(path=GUARDED, kind=Kind.TEXT))
    return (*found.values(), *told)


def _after(kind: Kind, duty: Obligation | None) -> Kind:
    """What a field holds once it obeys."""
    if duty is None:
        return kind
    if duty.kind == "afronden":
        return Kind.NUMBER if kind in (Kind.INTEGER, Kind.NUMBER) else Kind.TEXT
    # A count that is too small becomes a text, and a column has one kind.
    return Kind.JSON if duty.kind == SMALL_COUNTS else Kind.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What goes with an extract, so that who has it knows what it is and whether it is whole."""

    declaration: Declaration
    declaration_sha256: str
    models: Mapping[str, str]
    form: Form
    fields: tuple[str, ...]
    purpose: str
    policy: str
    receiver: str
    moment: Moment
    transaction: str
    file: str
    engine: str
    key_id: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)

    def as_json(self, rows: int, sha256: str, gaps: Mapping[str, int]) -> dict[str, JsonValue]:
        """The manifest of a file of so many rows; ``gaps`` counts rows per gap."""
        body: dict[str, JsonValue] = {
            "logischeBron": self.declaration.name,
            "versie": self.declaration.version,
            "declaratieSha256": self.declaration_sha256,
            "informatiemodellen": dict(self.models),
            "bestand": self.file,
            "vorm": self.form.value,
            "velden": list(self.fields),
            "aantal": rows,
            "sha256": sha256,
            "doel": self.purpose,
            "beleidsregel": self.policy,
            "ontvanger": self.receiver,
            "geldigOp": self.moment.valid_on.isoformat(),
            "beschikbaarOp": as_utc_text(self.moment.known_at),
            "transactie": self.transaction,
            "motor": self.engine,
            "ontbreekt": [_gap(line, count) for line, count in sorted(gaps.items())],
        }
        if self.key_id:
            # By which of our keys pseudonyms were made: who holds it can say whose they are.
            body["pseudoniemsleutel"] = self.key_id
        if self.left_out:
            body["weggelaten"] = dict(self.left_out)
        return body


def _gap(line: str, count: int) -> dict[str, JsonValue]:
    source, reason, path, replaced = line.split("\x1f")
    told: dict[str, JsonValue] = {"bron": source, "reden": reason, "veld": path, "rijen": count}
    return {**told, "vervangen": True} if replaced else told


def gap_key(gap: Mapping[str, JsonValue]) -> str:
    """Under what gaps of one kind are counted."""
    replaced = "1" if gap.get("vervangen") else ""
    return "\x1f".join((str(gap["bron"]), str(gap["reden"]), str(gap["veld"]), replaced))


def gap_keys(record: Mapping[str, JsonValue]) -> list[str]:
    """The same of all gaps of a record."""
    told = record.get(GAPS)
    return (
        [gap_key(gap) for gap in told if isinstance(gap, Mapping)] if isinstance(told, list) else []
    )
