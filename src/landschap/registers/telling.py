# SPDX-License-Identifier: EUPL-1.2
"""Values of an object as a page tells them: titles of the model, words instead of true and null.

Contents come in already cut to what may be seen; nothing here sees more.
Source: house rule; experience, "each value says where it is from".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from landschap.registers.answering import cut
from landschap.registers.models import ObjectType, Property
from landschap.registers.occurrences import BEGIN, END, Groups
from landschap.registers.questions import Found
from landschap.registers.timeline import DOUBT_PREFIX, Assertion
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import parse_day

STATE = "status"
_MAX_TEXT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value with its title in both languages.

    ``path`` is where it stands; ``points_at`` names the type whose object it is. ``value`` is a
    text, a number, a day, a boolean, or None where there is nothing.
    """

    path: str
    title: str
    title_en: str
    value: str | int | float | bool | date | None
    in_doubt: bool = False
    points_at: str = ""
    unit: str = ""

    def name(self, language: str) -> str:
        """The title in a language."""
        return self.title_en if language == "en" else self.title


def values_of(
    kind: ObjectType, content: Mapping[str, JsonValue], doubts: Sequence[str] = ()
) -> list[Value]:
    """The values of a content in the order of the model; geometry is for the map."""
    found: list[Value] = []
    for prop in kind.properties.values():
        told = prop.name in content and prop.name != kind.identification
        if told and prop.geometry is None:
            doubtful = any(_covers(path, prop.name) for path in doubts)
            found += _values(prop, content[prop.name], doubts, doubtful=doubtful)
    return found


def title_of(kind: ObjectType, path: str, language: str) -> str:
    """What a path is called: the title of its property, or of the member inside it."""
    name, _, member = path.partition(".")
    prop = kind.properties.get(name)
    if prop is None:
        return path
    content: dict[str, JsonValue] = {name: {member: None} if member else None}
    inside = [each for each in values_of(kind, content) if each.path == path]
    if inside:
        return inside[0].name(language)
    return prop.title_en if language == "en" else prop.title


def label_of(kind: ObjectType, every: Sequence[Found], found: Found) -> str:
    """A few words for a state: its status, else what differs between states, else the first value.

    ``every`` are all states that are shown, so that the words tell them apart.
    """
    # A number that says who it is tells nothing of a state.
    names = [
        prop.name
        for prop in kind.content_properties()
        if prop.name in found.content and prop.geometry is None and not prop.subject_kind
    ]
    varying = [name for name in names if len({_text(each.content.get(name)) for each in every}) > 1]
    chosen = [STATE] if STATE in names else (varying or names)[:1]
    return ", ".join(_text(found.content[name]) for name in chosen if found.content[name] != "")


def detail_of(kind: ObjectType, every: Sequence[Found], found: Found, language: str) -> str:
    """What sets a state apart beside its label: the values that differ between states."""
    told = []
    label = label_of(kind, every, found)
    for prop in kind.content_properties():
        texts = {_text(each.content.get(prop.name)) for each in every}
        mine = _text(found.content.get(prop.name))
        telling = prop.geometry is None and not prop.subject_kind and mine != label
        if len(texts) > 1 and telling:
            title = prop.title_en if language == "en" else prop.title
            told.append(f"{title}: {mine or '-'}")
    return "; ".join(told)[:_MAX_TEXT]


def seen(groups: Groups, leaves: frozenset[str]) -> Groups:
    """A history with only what may be seen in it; doubt about a hidden value is hidden too."""
    told: dict[str, list[Assertion]] = {}
    for group, assertions in groups.items():
        told[group] = [
            replace(each, content=None if each.content is None else _seen(group, each, leaves))
            for each in assertions
        ]
    return told


def _seen(group: str, assertion: Assertion, leaves: frozenset[str]) -> Mapping[str, JsonValue]:
    content = assertion.content or {}
    if not group.startswith(DOUBT_PREFIX):
        return cut(content, leaves)
    paths = content.get("kenmerken")
    names = paths if isinstance(paths, list) else []
    return {"kenmerken": [name for name in names if _may_see_doubt(str(name), leaves)]}


def _may_see_doubt(path: str, leaves: frozenset[str]) -> bool:
    return path in (BEGIN, END) or any(
        leaf == path or leaf.startswith(f"{path}.") for leaf in leaves
    )


def sources_of(groups: Groups) -> Mapping[int, Assertion]:
    """The registrations by number, to tell document, reason and who for a state."""
    return {
        each.number: each
        for group, assertions in groups.items()
        if not group.startswith(DOUBT_PREFIX)
        for each in assertions
    }


def document_of(assertion: Assertion | None) -> str:
    """The document a registration rests on, by whichever name its source gives it."""
    return source_text(assertion, "document") or source_text(assertion, "documentnummer")


def source_text(assertion: Assertion | None, name: str) -> str:
    """One member of the source of a registration: document, reden or organisatie."""
    value = assertion.source.get(name) if assertion is not None else None
    return _text(value) if value is not None else ""


def _values(
    prop: Property, value: JsonValue, doubts: Sequence[str], *, doubtful: bool
) -> Iterator[Value]:
    if isinstance(value, Mapping):
        members = prop.schema.get("properties")
        for name, inner in value.items():
            titles = members.get(name) if isinstance(members, Mapping) else None
            told = titles if isinstance(titles, Mapping) else {}
            yield Value(
                path=f"{prop.name}.{name}",
                title=str(told.get("title", name)),
                title_en=str(told.get("x-titel-en", name)),
                value=_plain(inner),
                in_doubt=doubtful or f"{prop.name}.{name}" in doubts,
            )
        return
    for one in value if isinstance(value, list) and value else [value]:
        yield Value(
            path=prop.name,
            title=prop.title,
            title_en=prop.title_en,
            value=_plain(one),
            in_doubt=doubtful,
            points_at=prop.points_at,
            unit=prop.unit,
        )


def _covers(path: str, name: str) -> bool:
    return path == name


def _plain(value: JsonValue) -> str | int | float | bool | date | None:
    if isinstance(value, str):
        try:
            return parse_day(value)
        except InvalidValue:
            return value[:_MAX_TEXT]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _text(value)


def _text(value: JsonValue) -> str:
    if value is None or value == []:
        return ""
    if isinstance(value, Mapping):
        return " ".join(filter(None, (_text(each) for each in value.values())))[:_MAX_TEXT]
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)[:_MAX_TEXT]
    return str(value)[:_MAX_TEXT]
