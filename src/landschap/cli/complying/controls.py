# SPDX-License-Identifier: EUPL-1.2
"""The controls of a law, as they stand in ``controls/LAW.toml``: to be reviewed, no program.

The lists are a start. The lawyer and the auditor of the organisation complete them, and fill in the
numbers of the ENSIA questions of the year.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from landschap.platform.trouble import Trouble

LAWS = ("avg", "wdo", "bio2", "ensia", "archiefwet")
_FOLDER = Path(__file__).with_name("controls")
_NEEDED = frozenset({"id", "article", "asked", "evidence"})
_MAY = frozenset({"ensia", "most", "deliver"})
_LONGEST_DAYS = 3_660


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One thing that a law asks.

    ``evidence`` names the query that shows it; empty: nothing here can show it. ``ensia`` is the
    number of the ENSIA question, empty until the organisation fills it in. ``most`` is a number of
    days, what it limits is said by the evidence. ``deliver`` is what the organisation hands in
    itself where nothing here can show it.
    """

    id: str
    article: str
    nl: str
    en: str
    evidence: str
    ensia: str
    most: int
    deliver: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """A law by name, with its controls in order."""

    name: str
    title: str
    controls: Sequence[Control]


def text_of(name: str) -> str:
    """The list of one of `LAWS` as it stands in its file, to be completed elsewhere."""
    return (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def law_of(name: str, own: Path | None, evidences: Collection[str]) -> Law:
    """One of `LAWS`: the list of our own, or the completed one of the organisation.

    Raises Trouble with the control that is wrong.
    """
    path = own or _FOLDER / f"{name}.toml"
    remedy = "correct the list of controls; docs/how-to/comply.md"
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Trouble(f"{path.name} can not be read: {error}", remedy) from None
    listed = told.get("control", [])
    found = []
    for place, each in enumerate(listed if isinstance(listed, list) else [], 1):
        if not isinstance(each, dict):
            raise Trouble(f"{path.name}: control {place} is no table", remedy)
        wrong = _wrong(each, evidences)
        if wrong:
            raise Trouble(f"{path.name}: control {each.get('id', place)}: {wrong}", remedy)
        found.append(_control(each))
    if not found or len({each.id for each in found}) < len(found):
        raise Trouble(f"{path.name}: no controls, or one id twice", remedy)
    return Law(name=name, title=str(told.get("title", name)), controls=found)


def _wrong(each: Mapping[str, object], evidences: Collection[str]) -> str:
    names = set(each)
    if missing := _NEEDED - names:
        return f"without {', '.join(sorted(missing))}"
    if strange := names - _NEEDED - _MAY:
        return f"{', '.join(sorted(strange))} is unknown"
    asked, most = each["asked"], each.get("most", 0)
    if not isinstance(asked, dict) or set(asked) != {"nl", "en"} or not all(asked.values()):
        return "asked needs words in nl and en"
    if each["evidence"] and each["evidence"] not in evidences:
        return f"there is no evidence {each['evidence']}"
    if not isinstance(each.get("deliver", ""), str):
        return "deliver is a text"
    if not isinstance(most, int) or not 0 <= most <= _LONGEST_DAYS:
        return f"most is a number of days, at most {_LONGEST_DAYS}"
    return ""


def _control(each: Mapping[str, object]) -> Control:
    asked, most = each["asked"], each.get("most", 0)
    assert isinstance(asked, dict)  # noqa: S101 - looked at above
    assert isinstance(most, int)  # noqa: S101 - as above
    return Control(
        id=str(each["id"]),
        article=str(each["article"]),
        nl=str(asked["nl"]),
        en=str(asked["en"]),
        evidence=str(each["evidence"]),
        ensia=str(each.get("ensia", "")),
        most=most,
        deliver=str(each.get("deliver", "")),
    )
