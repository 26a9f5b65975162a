# SPDX-License-Identifier: EUPL-1.2
"""What a gateway asks, read from JSON: one evaluation, several, or a search.

What can not be read at all is a mistake of the call (`Unreadable`, HTTP 400). What can be read but
names nothing we know is a question that is denied (`Unclear`): the gateway gets an answer it can
act on. Members that we do not know change nothing and are told back as ignored.
Source: AuthZEN 1.0, "Access Evaluation", "Access Evaluations", "Search"; NLGov profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landschap.purposes.authzen import names
from landschap.purposes.decision import Question
from landschap.purposes.needs import Facts
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue

Words = Mapping[str, JsonValue]

MAX_TEXT = 500
MAX_ITEMS = 500
SEMANTICS = ("execute_all", "deny_on_first_deny", "permit_on_first_permit")

_TOP = ("subject", "action", "resource", "context")
_SUBJECT = ("type", "id", "properties")
_SUBJECT_PROPERTIES = ("roles", "role", "loa")
_ACTION = ("name", "properties")
_ACTION_PROPERTIES = ("processing_activity_id", "algorithm_id")
_RESOURCE = ("type", "id", "properties")
_RESOURCE_PROPERTIES = ("provider", "fields", "search")
_CONTEXT = (
    "doelbinding", "grondslag", "delegator", "handling", "client_principal", "time", "traceparent",
    "tracestate", "mim", "ld-context", "supported_obligations", "zaak",
)  # fmt: skip


class Unreadable(ValueError):
    """A call that can not be read; the message names the place and the rule."""


class Unclear(ValueError):
    """A question that names nothing we know; it is denied, with this hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One question, what of it was passed over, and the obligations its asker can execute.

    ``supported`` is None when the asker did not say.
    """

    question: Question
    ignored: tuple[str, ...] = ()
    supported: tuple[str, ...] | None = None


def read_evaluation(body: Words, owner: str, *, without: tuple[str, ...] = ()) -> Evaluation:
    """The question in an access evaluation, asked of the register of ``owner``.

    ``without`` names what a search leaves open: ``subject``, ``action`` or ``resource``; it then
    stands for anything. Raises Unreadable and Unclear.
    """
    reading = _Reading(body, owner, without)
    question = reading.question()
    return Evaluation(
        question=question,
        ignored=tuple(reading.ignored),
        supported=reading.supported(),
    )


def merged(body: Words, item: JsonValue) -> Words:
    """One evaluation of several: what it leaves out it has from the call as a whole."""
    if not isinstance(item, Mapping):
        raise Unreadable("each member of evaluations is an object")
    shared = {name: body[name] for name in _TOP if name in body}
    return {**shared, **item}


def semantic_of(body: Words) -> str:
    """How several evaluations end. Raises Unreadable."""
    options = body.get("options", {})
    if not isinstance(options, Mapping):
        raise Unreadable("options is an object")
    given = options.get("evaluations_semantic", SEMANTICS[0])
    if given not in SEMANTICS:
        raise Unreadable(f"options.evaluations_semantic is one of {', '.join(SEMANTICS)}")
    return str(given)


class _Reading:
    """One pass over one question."""

    def __init__(self, body: Words, owner: str, without: tuple[str, ...]) -> None:
        self.body = body
        self.owner = owner
        self.without = without
        self.ignored: list[str] = []

    def question(self) -> Question:
        self._passed_over(self.body, (*_TOP, "page", "evaluations", "options"), "")
        subject = self._object(self.body, "subject", required="subject" not in self.without)
        resource = self._object(self.body, "resource", required=True)
        context = self._object(self.body, "context", required=False)
        action = self._action()
        self._passed_over(context, _CONTEXT, "context.")
        organisation, purpose = self._subject(subject, context)
        properties = self._properties(resource, _RESOURCE, _RESOURCE_PROPERTIES, "resource")
        self._known(resource, "resource.type", names.RESOURCES)
        delegator = self._text(context, "delegator", "context.delegator")
        about = self._object(subject, "properties", required=False)
        return Question(
            purpose=purpose,
            organisation=delegator or organisation,
            delegatee=organisation if delegator else "",
            service=self._id(resource, "resource", needed="resource" not in self.without),
            provider=self._text(properties, "provider", "resource.properties.provider"),
            action=action,
            fields=self._texts(properties, "fields", "resource.properties.fields"),
            search=self._texts(properties, "search", "resource.properties.search") or (),
            legal_bases=self._texts(context, "grondslag", "context.grondslag"),
            roles=self._roles(about),
            loa=self._text(about, "loa", "subject.properties.loa"),
            require_bound=False,
            lenient=self._text(context, "handling", "context.handling") == "lenient",
            facts=Facts(case=self._text(context, "zaak", "context.zaak")),
        )

    def supported(self) -> tuple[str, ...] | None:
        context = self._object(self.body, "context", required=False)
        return self._texts(context, "supported_obligations", "context.supported_obligations")

    def _action(self) -> str:
        action = self._object(self.body, "action", required="action" not in self.without)
        if "action" in self.without:
            return "raadplegen"
        self._properties(action, _ACTION, _ACTION_PROPERTIES, "action")
        return names.action_of(self._known(action, "action.name", names.ACTION_URIS))

    def _subject(self, subject: Words, context: Words) -> tuple[str, str]:
        """Which organisation asks, and for which purpose.

        Gateways that put the purpose in the place of the subject name the asker in the context.
        """
        self._properties(subject, _SUBJECT, _SUBJECT_PROPERTIES, "subject")
        purpose = self._text(context, "doelbinding", "context.doelbinding")
        if not subject and "subject" in self.without:
            return self.owner, self._purpose(purpose)
        kind = self._known(subject, "subject.type", names.SUBJECTS)
        given = self._id(subject, "subject", needed="subject" not in self.without)
        if kind == names.PURPOSE:
            if purpose and purpose != given:
                raise Unclear("subject.id and context.doelbinding name two purposes")
            principal = self._text(context, "client_principal", "context.client_principal")
            return self._organisation(principal, "context.client_principal"), self._purpose(given)
        if kind in {names.USER, names.APPLICATION}:
            # One of ours: the organisation asks, whoever it is at home.
            return self.owner, self._purpose(purpose)
        if not given:
            return self.owner, self._purpose(purpose)
        return self._organisation(given, "subject.id"), self._purpose(purpose)

    def _purpose(self, given: str) -> str:
        if not given:
            raise Unclear("context.doelbinding names no purpose; write its URI")
        if "://" not in given:
            raise Unclear(
                f"the purpose {given[:80]!r} is a short name; write the whole URI of the purpose"
            )
        return given

    @staticmethod
    def _organisation(given: str, place: str) -> str:
        try:
            return Oin.parse(given).value
        except InvalidValue:
            raise Unclear(f"{place} is no OIN; write the 20 digits of the organisation") from None

    def _roles(self, about: Words) -> tuple[str, ...]:
        given = self._texts(about, "roles", "subject.properties.roles")
        one = self._text(about, "role", "subject.properties.role")
        return given if given is not None else (one,) if one else ()

    def _known(self, holder: Words, place: str, valid: tuple[str, ...]) -> str:
        key = place.rpartition(".")[2]
        given = self._text(holder, key, place)
        if not given:
            raise Unreadable(f"{place} is missing")
        if given not in valid:
            raise Unclear(f"{place} {given[:80]!r} is not known; {names.hint_of(given, valid)}")
        return given

    def _id(self, holder: Words, place: str, *, needed: bool) -> str:
        given = self._text(holder, "id", f"{place}.id")
        if needed and not given:
            raise Unreadable(f"{place}.id is missing")
        return given

    def _properties(
        self, holder: Words, known: tuple[str, ...], inside: tuple[str, ...], place: str
    ) -> Words:
        self._passed_over(holder, known, f"{place}.")
        properties = self._object(holder, "properties", required=False)
        self._passed_over(properties, inside, f"{place}.properties.")
        return properties

    def _passed_over(self, holder: Words, known: tuple[str, ...], prefix: str) -> None:
        new = [f"{prefix}{name[:80]}" for name in holder if name not in known]
        room = max(0, 20 - len(self.ignored))
        self.ignored += [each for each in new[:room] if each not in self.ignored]

    @staticmethod
    def _object(holder: Words, key: str, *, required: bool) -> Words:
        value = holder.get(key)
        if value is None and not required:
            return {}
        if not isinstance(value, Mapping):
            raise Unreadable(f"{key} is {'missing' if value is None else 'no object'}")
        return value

    @staticmethod
    def _text(holder: Words, key: str, place: str) -> str:
        value = holder.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or len(value) > MAX_TEXT:
            raise Unreadable(f"{place} is a text of at most {MAX_TEXT} characters")
        return value

    @staticmethod
    def _texts(holder: Words, key: str, place: str) -> tuple[str, ...] | None:
        value = holder.get(key)
        if value is None:
            return None
        right = isinstance(value, list) and len(value) <= MAX_ITEMS
        if not right or not all(isinstance(e, str) and 0 < len(e) <= MAX_TEXT for e in value):  # type: ignore[union-attr]  # a list by then
            raise Unreadable(f"{place} is a list of at most {MAX_ITEMS} texts")
        return tuple(value)  # type: ignore[arg-type]  # checked above
