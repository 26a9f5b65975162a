# SPDX-License-Identifier: EUPL-1.2
"""What crosses between a portal and another organisation, beside the statement itself.

    POST /zeggenschap/v1/stand       what there is to say there, and how it stands for a person
    PUT  /zeggenschap/v1/uitingen    a statement; answered with the receipt of it

A member of a question that is not known is refused; one of an answer is passed over.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, TypeVar

import msgspec

from landschap.gateway.insight.told import named_schemas
from landschap.purposes.choosing import STOPPING, Choice, Used
from landschap.purposes.model import Text
from landschap.purposes.rights import Right
from landschap.vocabulary.identifiers import Bsn, InvalidValue
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal

SERVICE = "zeggenschap"
STANDING_PATH = f"/{SERVICE}/v1/stand"
STATEMENT_PATH = f"/{SERVICE}/v1/uitingen"
FIELD = "zeggenschap"
"""The field of the service in the register of purposes, and the group of data in its lines."""
NUMBER = "burgerservicenummer"
ASSERTION = "zeggenschap+jwt"
"""The kind of the assertion that a person asks how it stands (`insight.assertion`)."""
ASK, SAY = "raadplegen", "bijwerken-of-wijzigen"
MAX_BYTES = 32_768
MAX_ANSWER_BYTES = 1_000_000

HOLDS = "geldt"
RECEIVED = "ontvangen"
OVERTAKEN = "achterhaald"
NOT_HERE = "niet-van-toepassing"
OUTCOMES = (HOLDS, RECEIVED, OVERTAKEN, NOT_HERE)
"""What a statement did: it works, is a request, was overtaken, or is about nothing here."""


_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_YEARS = range(1900, 9000)


class Words(msgspec.Struct, frozen=True):
    """The same in both languages."""

    nl: str
    en: str

    @property
    def text(self) -> Text:
        """As the register of purposes has it."""
        return Text(nl=self.nl, en=self.en)


class ToldChoice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A consent that can be given there; ``geldt`` is absent as long as nothing was said."""

    doel: str
    naam: Words
    uitleg: Words
    ontvanger: str
    gegevens: tuple[str, ...] = ()
    geldt: bool | None = None
    sinds: _Moment | None = None


class ToldRight(msgspec.Struct, frozen=True):
    """Whether one can do this there, by which article."""

    recht: str
    uitkomst: str
    artikel: str
    woorden: Words


class ToldUse(msgspec.Struct, frozen=True, omit_defaults=True):
    """For what data are used there without consent, and what one can do against it."""

    doel: str
    naam: Words
    rechten: tuple[ToldRight, ...] = ()


class ToldRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request of the person there, and what became of it."""

    kenmerk: str
    recht: str
    over: str
    stand: str
    ontvangen: _Moment
    uiterlijk: date
    meteen: bool = False
    reden: str = ""
    opgeheven: _Moment | None = None


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer: all there is to say, and what was said."""

    keuzes: tuple[ToldChoice, ...] = ()
    gebruik: tuple[ToldUse, ...] = ()
    verzoeken: tuple[ToldRequest, ...] = ()


class Receipt(msgspec.Struct, frozen=True):
    """The answer to a statement: what it did, and the proof of that."""

    stand: str
    bewijs: str


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it stands for a person."""

    burgerservicenummer: str
    verklaring: str

    def __repr__(self) -> str:
        return "Question()"


class Brought(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A statement that is brought."""

    uiting: str


_Form = TypeVar("_Form", Question, Brought)
_Answer = TypeVar("_Answer", Standing, Receipt)


def write(form: msgspec.Struct) -> bytes:
    """The body of a question or an answer."""
    return msgspec.json.encode(form)


def read(body: bytes, form: type[_Form]) -> _Form | Refusal:
    """The question in a body, or why it is none; no value stands in the words."""
    try:
        found = msgspec.convert(
            loads(body, max_bytes=MAX_BYTES, max_depth=3, storable=True), type=form, strict=True
        )
        if isinstance(found, Question):
            Bsn.parse(found.burgerservicenummer)
    except (InvalidJson, msgspec.ValidationError):
        return _unreadable("it is no object with the members that belong there")
    except InvalidValue:
        return _unreadable("the number in it has no valid form")
    return found


def read_answer(body: bytes, form: type[_Answer]) -> _Answer:
    """What another organisation answered. Raises InvalidValue."""
    try:
        value = loads(body, max_bytes=MAX_ANSWER_BYTES, max_depth=8, storable=True)
        found = msgspec.convert(value, type=form, strict=True)
        if isinstance(found, Standing):
            _check(found)
    except (InvalidJson, ValueError):
        raise InvalidValue("the answer has another form than this service gives") from None
    return found


def schemas() -> dict[str, JsonValue]:
    """The schemas of all forms for an OpenAPI document."""
    names = {
        "Question": "Vraag", "Brought": "Uiting", "Standing": "Stand", "Receipt": "Ontvangst",
        "ToldChoice": "Keuze", "ToldUse": "Gebruik", "ToldRight": "Recht",
        "ToldRequest": "Verzoek", "Words": "Woorden",
    }  # fmt: skip
    found: dict[str, JsonValue] = {}
    for form in (Question, Brought, Standing, Receipt):
        found.update(named_schemas(form, names))
    return found


def told_choice(choice: Choice) -> ToldChoice:
    """A choice as it crosses."""
    last = choice.said[0] if choice.said else None
    return ToldChoice(
        doel=choice.purpose.uri,
        naam=_words(choice.purpose.label),
        uitleg=_words(choice.purpose.definition),
        ontvanger=choice.receiver,
        gegevens=choice.groups,
        geldt=last.holds if last else None,
        sinds=last.at if last else None,
    )


def told_use(used: Used) -> ToldUse:
    """A use as it crosses, with the rights by which it can be stopped."""
    rights = tuple(
        ToldRight(
            recht=right.value,
            uitkomst=verdict.outcome.value,
            artikel=verdict.article,
            woorden=_words(verdict.words),
        )
        for right, verdict in used.verdicts.items()
        if right in STOPPING
    )
    return ToldUse(doel=used.purpose.uri, naam=_words(used.purpose.label), rechten=rights)


def _check(told: Standing) -> None:
    """Raises ValueError for what no page can show: one organisation would close it for all."""
    for choice in told.keuzes:
        if (choice.geldt is None) != (choice.sinds is None):
            raise ValueError("what was said was said at a moment")
    for request in told.verzoeken:
        Right(request.recht)
    moments = [each.sinds for each in told.keuzes if each.sinds is not None]
    moments += [each.ontvangen for each in told.verzoeken]
    if any(each.year not in _YEARS for each in moments):
        raise ValueError("a moment that has no Dutch day")


def _words(text: Text) -> Words:
    return Words(nl=text.nl, en=text.en)


def _unreadable(why: str) -> Refusal:
    return Refusal(
        code="statement_unreadable",
        status=400,
        title="This question can not be read",
        detail=f"The question can not be read: {why}.",
        missing="a question as the service describes it",
        owner="the organisation whose portal asks",
    )
