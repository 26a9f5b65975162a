# SPDX-License-Identifier: EUPL-1.2
"""The answer as it leaves: records, provenance, named gaps, the two times.

Here is the second lock: whatever the plan and the merge did, a field outside the permitted ones
does not pass `release`. That something was stopped here is an alarm, because the first lock
should have stopped it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from landschap.integration.merge import DerivedFrom, Gap, Merged, Provenance
from landschap.integration.model import Axes
from landschap.integration.plan import Plan
from landschap.integration.rows import EXCEPTION_TYPES, Moment
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, Refusal
from landschap.vocabulary.times import as_utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """The body that may leave, and the paths that were stopped at the last moment."""

    body: Mapping[str, JsonValue]
    stopped: frozenset[str]


def release(
    merged: Merged, moment: Moment, permitted: frozenset[str], left_out: Sequence[str] = ()
) -> Released:
    """The answer with permitted fields only.

    ``herkomst`` is keyed by JSON Pointer (RFC 6901) into ``resultaten``; ``ontbreekt`` says per
    source and reason which fields are absent (``velden``) or came from elsewhere (``vervangen``).
    """
    stopped: set[str] = set()
    body: dict[str, JsonValue] = {
        "resultaten": [_permitted(record, permitted, "", stopped) for record in merged.records],
        "herkomst": {
            pointer: provenance_body(provenance, moment)
            for pointer, provenance in merged.provenance.items()
            if not stopped or not _is_stopped(path_of(pointer), stopped)
        },
        "ontbreekt": gaps_body(merged.gaps, permitted),
        "geldigOp": moment.valid_on.isoformat(),
        "beschikbaarOp": as_utc_text(moment.known_at),
    }
    if left_out:
        body["_weggelaten"] = list(left_out)
    return Released(body=body, stopped=frozenset(stopped))


def _permitted(
    record: Mapping[str, JsonValue], permitted: frozenset[str], prefix: str, stopped: set[str]
) -> dict[str, JsonValue]:
    kept: dict[str, JsonValue] = {}
    for name, value in record.items():
        path = f"{prefix}{name}"
        if path in permitted:
            kept[name] = value
        elif not any(other.startswith(f"{path}.") for other in permitted):
            stopped.add(path)
        elif isinstance(value, Mapping):
            kept[name] = _permitted(value, permitted, f"{path}.", stopped)
        elif isinstance(value, list):
            items = [item for item in value if isinstance(item, Mapping)]
            kept[name] = [_permitted(item, permitted, f"{path}.", stopped) for item in items]
    return kept


def _is_stopped(path: str, stopped: Iterable[str]) -> bool:
    return any(path == other or path.startswith(f"{other}.") for other in stopped)


def path_of(pointer: str) -> str:
    """The path of a field, from a JSON Pointer into the records."""
    return ".".join(part for part in pointer.split("/") if part and not part.isdigit())


def provenance_body(provenance: Provenance | DerivedFrom, moment: Moment) -> dict[str, JsonValue]:
    """Where one value comes from, since when it holds, since when it is known.

    ``strijdig`` names the sources that said something else; the rule of the field decided.
    """
    if isinstance(provenance, DerivedFrom):
        return _derivation_body(provenance, moment)
    source, row = provenance.source, provenance.row
    body: dict[str, JsonValue] = {"bron": source.name, "bronhouder": source.holder}
    if source.axes is not Axes.NONE:
        body["geldigOp"] = moment.valid_on.isoformat()
    if source.axes is Axes.BOTH:
        body["beschikbaarOp"] = as_utc_text(moment.known_at)
    if row is not None:
        body["beginGeldigheid"] = row.begin
        body["eindGeldigheid"] = row.end
        if row.registered is not None:
            body["tijdstipRegistratie"] = row.registered
            body["klok"] = row.clock
        if not row.certain:
            body["zekerheid"] = "mogelijk"
        if provenance.column in row.doubts:
            body["inOnderzoek"] = True
    if provenance.replaced:
        body["vervangen"] = True
    if provenance.against:
        body["strijdig"] = list(provenance.against)
    return body


def _derivation_body(provenance: DerivedFrom, moment: Moment) -> dict[str, JsonValue]:
    """The rule and the sources; not since when, as that is about what the value follows from."""
    body: dict[str, JsonValue] = {
        "regel": provenance.rule,
        "bronnen": [{"bron": each.name, "bronhouder": each.holder} for each in provenance.sources],
        "geldigOp": moment.valid_on.isoformat(),
        "beschikbaarOp": as_utc_text(moment.known_at),
    }
    if not provenance.certain:
        body["zekerheid"] = "mogelijk"
    if provenance.doubted:
        body["inOnderzoek"] = True
    if provenance.replaced:
        body["vervangen"] = True
    return body


def gaps_body(gaps: Iterable[Gap], permitted: frozenset[str]) -> list[JsonValue]:
    """The gaps per source and reason, in order of source; only permitted fields are named."""
    grouped: dict[tuple[str, str], list[Gap]] = {}
    for gap in gaps:
        if gap.path in permitted:
            grouped.setdefault((gap.source, gap.reason.value), []).append(gap)
    found: list[JsonValue] = []
    for (source, reason), members in sorted(grouped.items()):
        entry: dict[str, JsonValue] = {
            "bron": source,
            "reden": reason,
            "velden": sorted({gap.path for gap in members if not gap.replaced}),
        }
        replaced = sorted({gap.path for gap in members if gap.replaced})
        if replaced:
            entry["vervangen"] = replaced
        records = sorted({gap.record for gap in members if gap.record is not None})
        if records:
            entry["resultaten"] = records
        found.append(entry)
    return found


def failed_source(gaps: Iterable[Gap]) -> str | None:
    """The class of the first source failure, for the log; None when no source failed."""
    classes = (EXCEPTION_TYPES.get(gap.reason) for gap in gaps)
    return next((name for name in classes if name is not None), None)


def incomplete(plan: Plan, merged: Merged) -> Refusal:
    """The refusal of an answer that would not be whole."""
    return Refusal(
        code="source_incomplete",
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        title="Not every source answered",
        detail="Nothing was delivered. Ask again later, or with partial=allow.",
        missing="an answer of the sources named in ontbreekt",
        owner="the operators of these sources",
        fault=Fault.SOURCE,
        extra={"ontbreekt": gaps_body(merged.gaps, plan.paths)},
    )
