# SPDX-License-Identifier: EUPL-1.2
"""What a test of a peer found: a verdict per named check, for people, programs and test reports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

from landschap.vocabulary.ijson import JsonValue


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "pass"  # noqa: S105 - an outcome
    FAIL = "fail"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one check found, before it has a name; ``seen`` is also why it was not run."""

    outcome: Outcome
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The result of a named check; ``id`` is that of the public test suite where it has one."""

    id: str
    section: str
    title: str
    outcome: Outcome
    seen: str

    def body(self) -> dict[str, JsonValue]:
        """Its JSON."""
        return {
            "id": self.id,
            "section": self.section,
            "title": self.title,
            "outcome": self.outcome.value,
            "seen": self.seen,
        }


def passed(seen: str) -> Result:
    """The peer does as it should."""
    return Result(outcome=Outcome.PASS, seen=seen)


def failed(seen: str) -> Result:
    """The peer breaks a rule."""
    return Result(outcome=Outcome.FAIL, seen=seen)


def not_run(why: str) -> Result:
    """The check could not be done; nothing is said about the peer."""
    return Result(outcome=Outcome.NOT_RUN, seen=why)


def counted(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many of each."""
    listed = [each.outcome for each in verdicts]
    return {outcome: listed.count(outcome) for outcome in Outcome}


SUBJECTS: Mapping[str, frozenset[str]] = {
    "way of offering": frozenset({"offering", "agreements"}),
    "authentication": frozenset({"authentication"}),
    "authorisation": frozenset({"authorisation", "inway"}),
    "logging of use": frozenset({"logging"}),
}
"""What is asked of every provider alike, and the sections whose checks are about it."""


def by_subject(verdicts: Iterable[Verdict]) -> dict[str, Outcome]:
    """Whether the provider keeps to each subject: one failure fails it, no check leaves it open."""
    seen: dict[str, set[Outcome]] = {name: set() for name in SUBJECTS}
    for each in verdicts:
        for name, sections in SUBJECTS.items():
            if each.section in sections:
                seen[name].add(each.outcome)
    return {name: _together(outcomes) for name, outcomes in seen.items()}


def _together(outcomes: Collection[Outcome]) -> Outcome:
    for outcome in (Outcome.FAIL, Outcome.PASS):
        if outcome in outcomes:
            return outcome
    return Outcome.NOT_RUN


def as_junit(peer: str, verdicts: Sequence[Verdict]) -> bytes:
    """The verdicts as a JUnit report, which most build servers show."""
    numbers = counted(verdicts)
    suite = ET.Element(
        "testsuite",
        name=f"landschap conform {peer}",
        tests=str(len(verdicts)),
        failures=str(numbers[Outcome.FAIL]),
        errors="0",
        skipped=str(numbers[Outcome.NOT_RUN]),
    )
    for each in verdicts:
        case = ET.SubElement(suite, "testcase", classname=each.section, name=each.id)
        match each.outcome:
            case Outcome.FAIL:
                ET.SubElement(case, "failure", message=_plain(each.seen)).text = each.title
            case Outcome.NOT_RUN:
                ET.SubElement(case, "skipped", message=_plain(each.seen))
            case Outcome.PASS:
                ET.SubElement(case, "system-out").text = _plain(each.seen)
    report = ET.Element("testsuites")
    report.append(suite)
    written: bytes = ET.tostring(report, encoding="utf-8", xml_declaration=True)
    return written


def _plain(text: str) -> str:
    """Without the characters that XML can not hold: what a peer sends may hold any."""
    return "".join(each if each.isprintable() else " " for each in text)
