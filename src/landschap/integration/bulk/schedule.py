# SPDX-License-Identifier: EUPL-1.2
"""Extracts that are made again and again: what a schedule says, and when one is due.

    bron = "bewoning"
    doel = "https://doelen.weesp.example/id/woonmonitor"
    vorm = "parquet"
    elke = "dag"                 # dag, week (on Monday) or maand (on the first)
    om = 02:30:00                # Dutch time
    bewaar = 7                   # how many are kept
    quasi = ["postcode"]         # with minstens: no file below this k
    minstens = 10

One file per schedule; its name is the name of the extract. What was made is known by its manifest,
so that a worker that was away makes the last one that is missing, and no other.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from landschap.integration.bulk.anonymity import Question
from landschap.integration.bulk.extracts import Form
from landschap.vocabulary.times import AMSTERDAM

MANIFEST = ".manifest.json"
# What is not whole yet stands under a name that begins with a dot and ends so.
DRAFT_ENDING = ".deel"
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_KEYS = frozenset(
    {"bron", "doel", "vorm", "elke", "om", "bewaar", "quasi", "per", "minstens", "velden",
     "ontvanger", "geometrie"}
)  # fmt: skip
_MOST_KEPT = 1_000


class Every(StrEnum):
    """How often."""

    DAY = "dag"
    WEEK = "week"
    MONTH = "maand"


class InvalidSchedule(ValueError):
    """A schedule that can not be followed; the message names its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """One extract, made again and again. ``fields`` is None for all that are permitted."""

    name: str
    source: str
    purpose: str
    form: Form
    every: Every
    at: time
    kept: int
    fields: tuple[str, ...] | None = None
    receiver: str = ""
    geometry: str = ""
    anonymous: Question | None = None

    def slot(self, now: datetime) -> date:
        """The day of the last one that should be there at a moment."""
        local = now.astimezone(AMSTERDAM)
        day = local.date() if local.time() >= self.at else local.date() - timedelta(days=1)
        if self.every is Every.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.every is Every.MONTH else day

    def file(self, slot: date) -> str:
        """The name of the extract of a day, without its ending."""
        return f"{self.name}-{slot.isoformat()}"

    def is_due(self, now: datetime, there: Collection[str]) -> bool:
        """True when the last one is not among the files that are there."""
        return f"{self.file(self.slot(now))}.{self.form.value}{MANIFEST}" not in there

    def outdated(self, there: Collection[str]) -> Sequence[str]:
        """Files of this schedule beyond those that are kept, manifests too; and what one left that
        was ended on the way, so nothing of it may be in the making now.
        """
        file = re.escape(self.name) + r"-\d{4}-\d{2}-\d{2}" + re.escape(f".{self.form.value}")
        made = re.compile(file + re.escape(MANIFEST))
        half = re.compile(rf"\.{file}(?:{re.escape(MANIFEST)})?{re.escape(DRAFT_ENDING)}")
        mine = sorted(name for name in there if made.fullmatch(name))
        gone = mine[: -self.kept]
        return [
            *(each for name in gone for each in (name.removesuffix(MANIFEST), name)),
            *sorted(name for name in there if half.fullmatch(name)),
        ]


def parse_schedule(name: str, text: str) -> Schedule:
    """The schedule of this name. Raises InvalidSchedule."""
    if not _NAME.fullmatch(name):
        raise InvalidSchedule("its file is not called by lower-case words with hyphens")
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidSchedule(f"no TOML: {error}") from None
    if strange := sorted(told.keys() - _KEYS):
        raise InvalidSchedule(f"{strange[0]}: is not a key; there are {', '.join(sorted(_KEYS))}")
    at = told.get("om", time(2))
    if not isinstance(at, time):
        raise InvalidSchedule("om: must be a time of day, such as 02:30:00")
    return Schedule(
        name=name,
        source=_text(told, "bron"),
        purpose=_text(told, "doel"),
        form=Form(_choice(told, "vorm", tuple(Form), Form.PARQUET)),
        every=Every(_choice(told, "elke", tuple(Every), None)),
        at=at,
        kept=_whole(told, "bewaar", 1, _MOST_KEPT, 7),
        fields=_texts(told, "velden") or None,
        receiver=_text(told, "ontvanger", ""),
        geometry=_text(told, "geometrie", ""),
        anonymous=_anonymous(told),
    )


def _anonymous(told: Mapping[str, object]) -> Question | None:
    quasi = _texts(told, "quasi")
    if not quasi:
        if "minstens" in told:
            raise InvalidSchedule("minstens: goes with quasi")
        return None
    least = _whole(told, "minstens", 2, 1_000_000, 10)
    return Question(quasi=quasi, each=_text(told, "per", ""), least=least)


def _text(told: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = told.get(key, default)
    if not isinstance(value, str):
        raise InvalidSchedule(f"{key}: must be a text")
    return value


def _texts(told: Mapping[str, object], key: str) -> tuple[str, ...]:
    value = told.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidSchedule(f"{key}: must be a list of texts")
    return tuple(value)


def _choice(told: Mapping[str, object], key: str, valid: Sequence[str], default: str | None) -> str:
    value = told.get(key, default)
    if value not in valid:
        raise InvalidSchedule(f"{key}: must be one of {', '.join(valid)}")
    return str(value)


def _whole(told: Mapping[str, object], key: str, least: int, most: int, default: int) -> int:
    value = told.get(key, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidSchedule(f"{key}: must be a whole number from {least} to {most}")
    return value
