# SPDX-License-Identifier: EUPL-1.2
"""Versions of purposes and activities: which holds when, and what may not be between them.

A register may hold several versions of one purpose or activity, each with its period. At most one
of them holds on a day. What a permission rests on (the list and the parent of a purpose, the
purpose of an activity) is the same in all versions: what differs in that is another one.
Source: Logboek Dataverwerkingen, "Register" (a line refers to the version of its own time).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from landschap.purposes.model import ProcessingActivity, Purpose, Register, Validity


class Versioned(Protocol):
    """A purpose or an activity."""

    @property
    def uri(self) -> str:
        """What all versions share."""

    @property
    def version(self) -> int:
        """A higher one is newer."""

    @property
    def valid(self) -> Validity | None:
        """When this version holds; None is always."""


V = TypeVar("V", bound=Versioned)
Fault = tuple[str, int, str, str]
"""Table of the file format, place in it from 0, key, message."""

_DAYS = {"Y": 365, "M": 30, "D": 1}
# Absent means empty: a register without these keeps the version it always had.
_NEW_IN_ACTIVITY = (
    "valid", "controller", "public_body", "processors", "data_groups", "special_data", "origin",
    "third_countries", "measures", "category", "based_on", "dpia", "confidential",
)  # fmt: skip


def by_uri(entries: Iterable[V]) -> dict[str, tuple[V, ...]]:
    """All versions of each, newest first."""
    found: dict[str, list[V]] = {}
    for each in entries:
        found.setdefault(each.uri, []).append(each)
    return {uri: tuple(sorted(every, key=lambda one: -one.version)) for uri, every in found.items()}


def version_at(versions: Iterable[V], moment: datetime) -> V | None:
    """The version that holds at a moment, None when none does."""
    for each in versions:
        if each.valid is None:
            return each
        since, until = each.valid.moments()
        if since <= moment and (until is None or moment < until):
            return each
    return None


def days_of(duration: str) -> int:
    """About how many days an ISO 8601 duration of years, months and days is; to compare by."""
    return sum(int(n) * _DAYS[unit] for n, unit in re.findall(r"([0-9]+)([YMD])", duration))


def without_absent(plain: dict[str, Any]) -> None:
    """Take out of a register as plain JSON what is not said of activities and grounds."""
    for activity in plain["activities"]:
        for name in _NEW_IN_ACTIVITY:
            if not activity[name]:
                del activity[name]
    for basis in plain["legal_bases"]:
        if not basis["kept_for"]:
            del basis["kept_for"]


def faults_of(register: Register) -> Iterator[Fault]:
    """What is wrong between versions, and with how long is kept who was supplied with what."""
    yield from _between("doel", register.purposes, _SAME_OF_PURPOSE)
    yield from _between("activiteit", register.activities, _SAME_OF_ACTIVITY)
    laws = {each.id: each for each in register.legal_bases if each.kept_for}
    for place, activity in enumerate(register.activities):
        for law in (laws[name] for name in activity.legal_bases if name in laws):
            if days_of(activity.log_retention) < days_of(law.kept_for):
                message = (
                    f"{activity.log_retention} is shorter than {law.kept_for}, for which "
                    f"{law.law_name}, artikel {law.article} wants supplies known"
                )
                yield "activiteit", place, "bewaartermijn_logboek", message


_SAME_OF_PURPOSE: Mapping[str, Callable[[Purpose], object]] = {
    "stelsel": lambda one: one.scheme,
    "valt_onder": lambda one: one.broader,
    "gelijk_aan": lambda one: one.exact_match,
}
_SAME_OF_ACTIVITY: Mapping[str, Callable[[ProcessingActivity], object]] = {
    "doel": lambda one: one.purpose,
}


def _between(
    table: str, entries: Sequence[V], same: Mapping[str, Callable[[V], object]]
) -> Iterator[Fault]:
    groups: dict[str, list[tuple[int, V]]] = {}
    for place, each in enumerate(entries):
        groups.setdefault(each.uri, []).append((place, each))
    for uri, group in groups.items():
        ordered = sorted(group, key=lambda pair: pair[1].version)
        for (_, old), (place, new) in pairwise(ordered):
            message = _clash(uri, old, new)
            if message:
                yield table, place, "uri" if "twice" in message else "geldig_vanaf", message
            for key, of in same.items():
                if of(old) != of(new):
                    message = (
                        f"version {new.version} has another {key} than version {old.version}; "
                        "make it another entry, for permissions rest on this"
                    )
                    yield table, place, key, message


def _clash(uri: str, old: Versioned, new: Versioned) -> str:
    """What is wrong between two versions that follow each other, or empty."""
    if not uri:
        return ""  # told when it was read
    if old.version == new.version:
        return f"{uri!r} stands there twice with version {old.version}"
    if old.valid is None or new.valid is None:
        lacking = old if old.valid is None else new
        return (
            f"{uri!r} has versions {old.version} and {new.version}, and version {lacking.version} "
            "does not say from when it holds"
        )
    if old.valid.until is None or old.valid.until > new.valid.since:
        return (
            f"{uri!r}: version {old.version} ({period(old.valid)}) overlaps version "
            f"{new.version} ({period(new.valid)}); let version {old.version} end where version "
            f"{new.version} begins: geldig_tot = {new.valid.since}"
        )
    return ""


def period(valid: Validity | None) -> str:
    """A period in words."""
    if valid is None:
        return "always"
    return f"from {valid.since}" + (f" up to {valid.until}" if valid.until else ", no end")
