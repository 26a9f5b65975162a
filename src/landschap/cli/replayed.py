# SPDX-License-Identifier: EUPL-1.2
"""What `landschap purpose replay` tells of a decision: in words, as JSON, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from landschap.logboek.records import Record
from landschap.purposes.past.differing import Differences, outcome_between, words_of_outcome
from landschap.purposes.past.recorded import Recorded, text_of
from landschap.purposes.past.taking import Taken
from landschap.purposes.store import Adoption
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_NAMED = 20


class Status(StrEnum):
    """What came of taking a decision again in the circumstances of then."""

    SAME = "identical"
    DIFFERS = "differs"
    NOT_DECIDED = "not-decided"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A recorded decision, taken again.

    ``differences`` says where the outcome of then is not what was recorded: an alarm. ``now`` is
    the outcome at the other moment and ``compared`` what is different between the two. ``reason``
    says why there is nothing to compare.
    """

    record: Record
    recorded: Recorded
    status: Status
    reason: str = ""
    differences: tuple[str, ...] = ()
    then: Taken | None = None
    now: Taken | None = None
    compared: Differences | None = None
    not_repeated: tuple[str, ...] = ()

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        transaction = self.record.columns.transaction_id
        compared = self.compared
        return {
            "record": str(self.record.record_id),
            "transaction": str(transaction) if transaction else None,
            "at": as_utc_text(self.recorded.at),
            "door": self.recorded.door.value,
            "recorded": {
                "allowed": self.recorded.allowed,
                "code": self.recorded.code,
                "policy": text_of(self.recorded.context.get("policy")),
                "register": self.recorded.version,
            },
            "status": self.status.value,
            "reason": self.reason,
            "differences": list(self.differences),
            "then": _taken_json(self.then),
            "other": _taken_json(self.now),
            "compared": compared.as_json() if compared is not None else None,
            "notRepeated": list(self.not_repeated),
        }


def _taken_json(taken: Taken | None) -> JsonValue:
    if taken is None:
        return None
    decision = taken.decision
    return {
        "moment": as_utc_text(taken.circumstances.at),
        "register": taken.circumstances.snapshot.version,
        "allowed": taken.allow and not taken.nobody_left,
        "code": taken.code,
        "policy": decision.policy if decision else "",
        "visible": sorted(decision.visible) if decision else [],
        "contract": taken.circumstances.agreed.state if taken.circumstances.agreed else None,
        "personsStopped": dict(taken.reasons()),
        "steps": [step._asdict() for step in decision.steps] if decision else [],
    }


def words_of(replayed: Replayed, adoptions: Mapping[str, Adoption]) -> Iterator[str]:
    """One decision for people; ``adoptions`` by register version, as far as they are known."""
    recorded = replayed.recorded
    yield f"Decision at the {recorded.door.value}, {as_utc_text(recorded.at)}"
    yield f"  record {replayed.record.record_id}"
    yield f"  recorded: {_recorded_words(recorded)}"
    yield from _then_words(replayed, adoptions)
    if replayed.now is not None:
        yield from _now_words(replayed, adoptions)
    if replayed.not_repeated:
        yield "  Not repeated"
        yield from (f"    {each}" for each in replayed.not_repeated)


def _recorded_words(recorded: Recorded) -> str:
    if not recorded.allowed:
        return f"refused, {recorded.code}"
    return f"permitted, by {text_of(recorded.context.get('policy')) or 'the contract alone'}"


def _then_words(replayed: Replayed, adoptions: Mapping[str, Adoption]) -> Iterator[str]:
    match replayed.status:
        case Status.NOT_DECIDED:
            yield f"  Nothing to replay: {replayed.reason}."
        case Status.IMPOSSIBLE:
            yield f"  It can not be replayed: {replayed.reason}."
        case Status.SAME:
            yield f"  Then, {_register(replayed.then, adoptions)}"
            yield "    the same outcome"
        case Status.DIFFERS:
            yield f"  Then, {_register(replayed.then, adoptions)}"
            yield "    ALARM: another outcome than was recorded"
            told = (replayed.reason, *replayed.differences)
            yield from (f"      {each}" for each in told if each)


def _now_words(replayed: Replayed, adoptions: Mapping[str, Adoption]) -> Iterator[str]:
    now, compared = replayed.now, replayed.compared
    if now is None:
        return
    yield f"  At {as_utc_text(now.circumstances.at)}, {_register(now, adoptions)}"
    yield f"    {words_of_outcome(now)}"
    if compared is None:
        return
    if compared.outcome:
        yield "    differs from then"
        yield from (f"      {line}" for line in compared.outcome)
    else:
        yield "    the same as then"
    if compared.causes:
        yield "    changed since, of what it rests on"
    for cause in compared.causes:
        first, *rest = cause.lines
        # A change of the register names itself in its first line.
        named = f"{cause.kind} {cause.name}".strip()
        yield f"      {first}" if named in first else f"      {named}: {first}"
        yield from (f"        {line.strip()}" for line in rest)
    if compared.others:
        yield f"    other changes of the register, not about this question: {compared.others}"


def _register(taken: Taken | None, adoptions: Mapping[str, Adoption]) -> str:
    if taken is None:
        return "the register that it names"
    version = taken.circumstances.snapshot.version
    adopted = adoptions.get(version)
    if adopted is None:
        return f"on register {version}"
    since = as_utc_text(adopted.adopted_at)
    return f"on register {version} (number {adopted.number}, in force since {since})"


@dataclass(slots=True, kw_only=True)
class Tally:
    """What came of a period; the records that differ are named, the first ones."""

    total: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    why: Counter[tuple[Status, str]] = field(default_factory=Counter)
    shifts: Counter[str] = field(default_factory=Counter)
    named: list[tuple[str, str]] = field(default_factory=list)

    def add(self, every: Sequence[Replayed]) -> None:
        """Count these decisions."""
        for each in every:
            self.total += 1
            self.statuses[each.status] += 1
            if each.reason and each.status is not Status.DIFFERS:
                self.why[each.status, each.reason] += 1
            if each.status is Status.DIFFERS and len(self.named) < _NAMED:
                told = "; ".join(filter(None, (each.reason, *each.differences)))
                self.named.append((str(each.record.record_id), told))
            if each.then is not None and each.now is not None:
                self.shifts[_shift(each.then, each.now)] += 1

    def as_json(self) -> dict[str, JsonValue]:
        """For a program."""
        return {
            "decisions": self.total,
            **{status.value: self.statuses[status] for status in Status},
            "reasons": [
                {"status": status.value, "reason": reason, "decisions": count}
                for (status, reason), count in sorted(self.why.items())
            ],
            "differing": [{"record": record, "how": how} for record, how in self.named],
            "compared": dict(sorted(self.shifts.items())),
        }

    def words(self) -> Iterator[str]:
        """For people."""
        yield f"{self.total:,} decisions"
        for status in Status:
            yield f"  {_STATUS_WORDS[status]}: {self.statuses[status]:,}"
            for (of, reason), count in sorted(self.why.items()):
                if of is status:
                    yield f"    {count:,} {reason}"
        for record, how in self.named:
            yield f"  ALARM {record}: {how}"
        unnamed = self.statuses[Status.DIFFERS] - len(self.named)
        if unnamed:
            yield f"  and {unnamed:,} more"
        if self.shifts:
            yield "At the other moment"
            yield from (f"  {count:,} {what}" for what, count in self.shifts.most_common())


_STATUS_WORDS = {
    Status.SAME: "the same outcome when taken again",
    Status.DIFFERS: "another outcome (alarm)",
    Status.NOT_DECIDED: "not decided on a purpose",
    Status.IMPOSSIBLE: "can not be replayed",
}


def _shift(then: Taken, now: Taken) -> str:
    was, is_now = (side.allow and not side.nobody_left for side in (then, now))
    if was and not is_now:
        return f"permitted then, refused: {now.code or ', '.join(sorted(now.reasons()))}"
    if is_now and not was:
        return f"refused then ({then.code}), permitted"
    if outcome_between(then, now):
        return "still permitted, with other fields or duties" if was else "refused, otherwise"
    return "the same"
