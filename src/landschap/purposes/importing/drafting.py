# SPDX-License-Identifier: EUPL-1.2
"""From rows of a sheet to activities of the register, with everything that a person must look at.

Each row ends in one of three: an activity that is whole, one that lacks something, or one that the
register has already. No cell is dropped: what has no place is kept beside it as it was.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from landschap.purposes.importing.columns import Columns, plain
from landschap.purposes.importing.terms import (
    AVG,
    GROUND_WORDS,
    LAWS,
    NO,
    article_of,
    day_of,
    durations_of,
    is_only_term,
    is_yes,
    items_of,
    law_of,
    letters_of,
    nearest_law,
    slug,
)
from landschap.purposes.model import (
    LegalBasis,
    ProcessingActivity,
    Purpose,
    PurposeScheme,
    PurposeStatus,
    Register,
    Text,
    Validity,
)
from landschap.purposes.versions import days_of

_SURE = 0.86
_LISTS = {
    "betrokkenen": "subjects", "gegevens": "data_groups", "ontvangers": "recipients",
    "verwerkers": "processors", "herkomst": "origin", "maatregelen": "measures",
}  # fmt: skip
_TEXTS = {"categorie": "category", "dpia": "dpia", "bestuursorgaan": "public_body"}
_REQUIRED = ("naam", "doel", "grondslag", "betrokkenen", "bewaartermijn")


@dataclass(slots=True, kw_only=True)
class Draft:
    """One row as an activity. ``missing`` keeps it out of the register until it is filled in.

    ``look`` is what a person should look at, ``kept`` the cells that have no place, as they were.
    """

    row: int
    name: str
    activity: ProcessingActivity | None = None
    values: dict[str, object] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    matched: dict[str, str] = field(default_factory=dict)
    known_as: str = ""

    @property
    def outcome(self) -> Literal["new", "incomplete", "known"]:
        """Where the row goes."""
        if self.known_as:
            return "known"
        return "incomplete" if self.missing else "new"


@dataclass(slots=True, kw_only=True)
class Drafting:
    """Makes drafts of rows, one after another; what one row adds the next one finds.

    ``base`` is where addresses of our own begin; ``today`` from when own purposes hold.
    """

    register: Register
    columns: Columns
    base: str
    organisation: str
    today: date
    purposes: dict[str, Purpose] = field(default_factory=dict)
    bases: dict[str, LegalBasis] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _names: dict[str, int] = field(default_factory=dict)
    _known_names: dict[str, str] = field(default_factory=dict)
    _purpose_of: dict[str, tuple[str, str]] = field(default_factory=dict)
    _laws: Mapping[str, str] = field(default_factory=dict)
    _basis_of: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._taken = {each.uri for each in self.register.activities}
        self._known_names = {plain(each.name.nl): each.uri for each in self.register.activities}
        bases = self.register.legal_bases
        self._laws = {**LAWS, **{each.law_name: each.law for each in bases}}
        self._basis_of = {(each.code, each.law, each.article): each.id for each in bases}

    @property
    def scheme(self) -> PurposeScheme:
        """The list our own purposes stand in."""
        return PurposeScheme(
            uri=f"{self.base}/id/stelsel/eigen",
            title=Text(nl=f"Doelen van {self.organisation}", en=f"Purposes of {self.organisation}"),
            publisher=self.register.owner,
            rank=max((each.rank for each in self.register.schemes), default=0) + 1,
        )

    def add(self, number: int, cells: Mapping[str, str], faults: Sequence[str] = ()) -> Draft:
        """The draft of one row."""
        given = {key: cells[name] for key, name in self.columns.by_key.items() if cells.get(name)}
        used = {self.columns.by_key[key] for key in given}
        draft = Draft(row=number, name=given.get("naam", ""), look=[*faults])
        draft.kept = {name: cell for name, cell in cells.items() if name not in used}
        self._plain_values(draft, given)
        self._term(draft, given)
        self._purpose(draft, given)
        self._grounds(draft, given)
        self._words(draft, given)
        self._period(draft, given)
        for key in _REQUIRED:
            if not given.get(key) and key not in draft.missing and key not in draft.matched:
                draft.missing.append(key)
        self._name(draft)
        if not draft.missing:
            draft.activity = ProcessingActivity(**draft.values)  # type: ignore[arg-type]
        self.drafts.append(draft)
        return draft

    def _plain_values(self, draft: Draft, given: Mapping[str, str]) -> None:
        for key, name in _LISTS.items():
            items = items_of(given.get(key, ""))
            draft.values[name] = items
            if given.get(key) and not items and key in _REQUIRED:
                draft.missing.append(key)
        for key, name in _TEXTS.items():
            draft.values[name] = given.get(key, "")
        for key, name, unnamed in (
            ("bijzondere_gegevens", "special_data", "bijzondere persoonsgegevens, niet genoemd"),
            ("derde_landen", "third_countries", "buiten de EER, niet genoemd"),
        ):
            text = given.get(key, "")
            draft.values[name] = (unnamed,) if is_yes(text) else items_of(text)
        address = given.get("gebaseerd_op", "")
        draft.values["based_on"] = address if re.fullmatch(r"https?://\S+", address) else ""
        secret = is_yes(given["vertrouwelijk"]) if "vertrouwelijk" in given else False
        # What is not understood is not published.
        draft.values["confidential"] = secret is not False
        for key, lost in (
            ("gebaseerd_op", address and not draft.values["based_on"]),
            ("vertrouwelijk", secret is None),
        ):
            if lost:
                self._keep(draft, given, key, "was not understood")
        self._controller(draft, given)

    def _controller(self, draft: Draft, given: Mapping[str, str]) -> None:
        text = given.get("verantwoordelijke", "")
        draft.values["controller"] = text if re.fullmatch(r"[0-9]{20}", text) else ""
        body = re.match(r"(?i)(het )?college|(de )?(raad|burgemeester|ambtenaar)\b", text)
        if body and not draft.values["public_body"]:
            draft.values["public_body"] = text
        elif text and not draft.values["controller"] and not self._is_us(text):
            self._keep(draft, given, "verantwoordelijke", "is no OIN, nor this organisation")

    def _is_us(self, text: str) -> bool:
        ours, theirs = plain(self.organisation), plain(text)
        return theirs in ours or difflib.SequenceMatcher(None, ours, theirs).ratio() > _SURE

    def _keep(self, draft: Draft, given: Mapping[str, str], key: str, why: str) -> None:
        draft.kept[self.columns.by_key[key]] = given[key]
        draft.look.append(f"{key}: {given[key][:80]!r} {why}; it is kept as comment")

    def _term(self, draft: Draft, given: Mapping[str, str]) -> None:
        text = given.get("bewaartermijn", "")
        terms = durations_of(text)
        if not terms:
            if text:
                draft.missing.append("bewaartermijn")
                self._keep(draft, given, "bewaartermijn", "names no term")
            return
        longest = max(terms, key=days_of)
        draft.values["retention"] = longest
        if len(terms) > 1 or not is_only_term(text):
            self._keep(draft, given, "bewaartermijn", f"was read as {longest}")

    def _purpose(self, draft: Draft, given: Mapping[str, str]) -> None:
        text = " ".join(given.get("doel", "").split())
        if not text:
            return
        if text not in self._purpose_of:
            self._purpose_of[text] = self._find_purpose(text)
        uri, how = self._purpose_of[text]
        draft.matched["doel"] = how
        draft.values["purpose"] = uri
        if uri in self.purposes:
            draft.look.append(f"doel: {text[:80]!r} is {how}")

    def _find_purpose(self, text: str) -> tuple[str, str]:
        """A purpose of the register, or one of our own, as a draft that permits nothing yet."""
        names = {plain(name): each.uri for each in self.register.purposes
                 for name in (each.uri, each.uri.rpartition("/")[2], each.definition.nl,
                              each.label.nl)}  # fmt: skip
        words = plain(text)
        if words in names:
            return names[words], f"the known purpose {names[words]}"
        sure = difflib.get_close_matches(words, names, n=1, cutoff=_SURE)
        if sure:
            return names[sure[0]], f"most like the known purpose {names[sure[0]]}"
        near = difflib.get_close_matches(words, names, n=1, cutoff=0.4)
        hint = f"; nearest known: {names[near[0]]}" if near else ""
        short = slug(text)
        uri = next(
            each
            for each in (f"{self.base}/doelen/{short}{end}" for end in _endings())
            if each not in self.purposes and each not in names.values()
        )
        label = text if len(text) <= 80 else text[:77].rsplit(" ", 1)[0] + "..."
        self.purposes[uri] = Purpose(
            uri=uri, scheme=self.scheme.uri, version=1, label=Text(nl=label, en=label),
            definition=Text(nl=text, en=text), status=PurposeStatus.DRAFT,
            valid=Validity(since=self.today),
        )  # fmt: skip
        return uri, f"no known purpose: written as a draft of our own{hint}"

    def _grounds(self, draft: Draft, given: Mapping[str, str]) -> None:
        ground, law_text = given.get("grondslag", ""), given.get("wet", "")
        letters = letters_of(ground) or letters_of(law_text)
        law = law_of(law_text, self._laws) or law_of(ground, self._laws)
        if not letters:
            if ground or law_text:
                key = "grondslag" if ground else "wet"
                draft.missing.append("grondslag")
                self._keep(draft, given, key, "names no ground of AVG art. 6")
            return
        article = article_of(law_text if law_of(law_text, self._laws) else ground)
        draft.matched["grondslag"] = ", ".join(GROUND_WORDS[each] for each in letters)
        if law is None or law == AVG:
            law, article = AVG, ""
        else:
            draft.matched["wet"] = f"{law[1]} ({law[0]})"
        draft.values["legal_bases"] = tuple(
            self._basis(letter, law, article, law_text or ground) for letter in letters
        )
        if law == AVG and law_text:
            near = nearest_law(law_text)
            self._keep(
                draft, given, "wet", f"is no law known here{f'; nearest: {near}' if near else ''}"
            )
        elif law != AVG and not article:
            draft.look.append(f"wet: {law[1]} without an article; 'niet genoemd' stands for it")

    def _basis(self, letter: str, law: tuple[str, str], article: str, text: str) -> str:
        """The id of a ground: one of the register, or one that is added."""
        code = f"eu-gdpr:A6-1-{letter}"
        article = article or (f"6 lid 1 sub {letter}" if law == AVG else "niet genoemd")
        if (code, law[0], article) in self._basis_of:
            return self._basis_of[code, law[0], article]
        taken = {*self._basis_of.values()}
        short = slug(f"{law[1]} {article.replace('.', ' ')} {letter}")
        name = next(each for each in (f"{short}{end}" for end in _endings()) if each not in taken)
        words = GROUND_WORDS[letter] if law == AVG else " ".join(text.split())[:500]
        self.bases[name] = LegalBasis(
            id=name, code=code, law=law[0], law_name=law[1], article=article,
            text=Text(nl=words, en=words),
        )  # fmt: skip
        self._basis_of[code, law[0], article] = name
        return name

    def _words(self, draft: Draft, given: Mapping[str, str]) -> None:
        """What residents read; where the sheet says nothing, words are made and marked."""
        name = " ".join(given.get("naam", "").split())
        purpose = " ".join(given.get("doel", "").split())
        ground = " ".join((given.get("wet") or given.get("grondslag", "")).split())
        made = {
            "what": (given.get("wat", ""), f"Wij gebruiken gegevens voor: {name}."),
            "why": (given.get("waarvoor", ""), f"Wij doen dit voor: {purpose}."),
            "ground": ("", f"Dit mag door: {ground}."),
        }
        for key, (said, instead) in made.items():
            words = " ".join(said.split()) or instead
            draft.values[key] = Text(nl=words, en=words)
        english = given.get("naam_en", "")
        draft.values["name"] = Text(nl=name, en=english or name)
        draft.look.append("texts: look at wat, waarvoor and waarom_mag_dit; en still is Dutch")

    def _period(self, draft: Draft, given: Mapping[str, str]) -> None:
        version = given.get("versie", "1").removesuffix(".0")
        fits = re.fullmatch(r"[1-9][0-9]{0,5}", version) is not None
        draft.values["version"] = int(version) if fits else 1
        if not fits:
            self._keep(draft, given, "versie", "is no whole number; version 1 stands for it")
        draft.values["log_retention"] = "P5Y"
        days: dict[str, date | None] = {}
        for key in ("geldig_vanaf", "geldig_tot"):
            text = given.get(key, "")
            days[key] = day_of(text) if plain(text) not in NO else None
            if text and days[key] is None and plain(text) not in NO:
                self._keep(draft, given, key, "is no day")
        since, until = days["geldig_vanaf"], days["geldig_tot"]
        if since and (until is None or since < until):
            draft.values["valid"] = Validity(since=since, until=until)
        elif until:
            self._keep(draft, given, "geldig_tot", "does not lie after a known geldig_vanaf")

    def _name(self, draft: Draft) -> None:
        words = plain(draft.name)
        draft.known_as = self._known_names.get(words, "")
        if words in self._names:
            draft.look.append(f"naam: the same as row {self._names[words]}")
        elif words:
            self._names[words] = draft.row
        short = slug(draft.name or f"rij {draft.row}")
        uri = next(
            each
            for each in (f"{self.base}/activiteiten/{short}{end}" for end in _endings())
            if each not in self._taken
        )
        self._taken.add(uri)
        draft.values["uri"] = uri


def _endings() -> Iterable[str]:
    yield ""
    number = 2
    while True:
        yield f"-{number}"
        number += 1
