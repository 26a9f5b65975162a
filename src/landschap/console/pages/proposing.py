# SPDX-License-Identifier: EUPL-1.2
"""Proposing a change of the register of purposes: by form for a policy, as text for all of it.

    /console/verwerkingen/wijzig/{soort}/{naam}     beleidsregel, activiteit or doel
    /console/verwerkingen/wijzig/{soort}/nieuw      a new one; ?als=NAAM begins with a copy

A proposal does nothing yet: `deciding` is where another approves it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Redirect

from landschap.console.known import Known, names_a_person
from landschap.console.pages.context import (
    BASE,
    PROCESSING,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    both,
    door_of,
    is_register_officer,
    own_form,
    refuse,
    session_of,
    words_of,
)
from landschap.console.pages.deciding import A_PERSON, PROPOSALS, person_of
from landschap.console.policy_form import faults_by_field, fields_of, kept_as_it_is, read_form
from landschap.logboek.canonical import holds_person_number
from landschap.platform.web import N_
from landschap.purposes.model import Policy, ProcessingActivity
from landschap.purposes.proposals import (
    KINDS,
    MAX_CHARACTERS,
    entries_of,
    text_of,
    with_proposal,
)
from landschap.purposes.proposals import store as proposals
from landschap.purposes.public import id_of, is_confidential
from landschap.purposes.reading import RegisterError
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.versions import by_uri
from landschap.purposes.writing import table_text

_KIND_OF = {"beleidsregel": "policies", "activiteit": "activities", "doel": "purposes"}
_LABELS: Mapping[str, str] = {
    "werking": N_("Werking"),
    "doel": N_("Doel"),
    "activiteit": N_("Verwerkingsactiviteit"),
    "organisaties": N_("Organisaties, een per regel"),
    "rollen": N_("Rollen, een per regel"),
    "handelingen": N_("Wat mag"),
    "veldenset": N_("Veldenset"),
    "grondslagen": N_("Grondslagen, een per regel"),
    "minimaal_niveau": N_("Laagste niveau van inloggen"),
    "historie": N_("Geschiedenis"),
    "nodig": N_("Wat er moet zijn"),
    "geldig_vanaf": N_("Geldt vanaf"),
    "geldig_tot": N_("Geldt tot (leeg: geen einde)"),
    "uitleg_nl": N_("Uitleg in het Nederlands"),
    "uitleg_en": N_("Uitleg in het Engels"),
    "tekst": N_("Tekst"),
    "reden": N_("Waarom deze wijziging"),
}
_WORDS = ("rollen", "uitleg_nl", "uitleg_en", "reden")
_NO_DAY = N_("Vul een dag in, zoals 24-11-2026")
_NO_CHOICE = N_("Kies een van de mogelijkheden")
_NO_REASON = N_("Schrijf op waarom, in ten minste drie tekens")
_NOTHING = N_("Hiermee verandert er niets")
_SAYS = {"day": _NO_DAY, "choice": _NO_CHOICE}
_AS = "als"
_NEW = "nieuw"
_NAME_IN = {"policies": re.compile(r'^id = "([^"]+)"', re.MULTILINE)} | dict.fromkeys(
    ("purposes", "activities"), re.compile(r'^uri = "([^"]+)"', re.MULTILINE)
)
# A character is at most four bytes, each written as three in a form.
_MAX_FORM_BYTES = 12 * MAX_CHARACTERS + 40_960
_HAS_NAME = N_("Geef een nieuwe naam: deze is niet nieuw, of er staat er geen")


def proposing_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of proposing."""
    door, pages = door_of(deps), _Pages(deps)
    path = "/verwerkingen/wijzig/{sort:str}/{name:str}"

    @get(both(path), opt={"query": (_AS,)})
    async def form(sort: FromPath[str], name: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.form(asked, sort, name) if asked.session else door.to_login(asked)

    @post(both(path), status_code=303, opt={"query": (_AS,)}, request_max_body_size=_MAX_FORM_BYTES)
    async def send(sort: FromPath[str], name: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        if asked.session is None:
            return door.to_login(asked)
        given = await own_form(door, request, asked.session)
        fields = {key: [str(each) for each in given.getall(key)] for key in given}
        return await pages.send(asked, sort, name, fields)

    return [form, send]


class _Pages:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps

    async def form(self, asked: Asked[Known], sort: str, name: str) -> Response[str]:
        snapshot = await self.deps.snapshot.newest()
        if name == _NEW:
            kind, like = self._named(asked, snapshot, sort, asked.query.get(_AS, ""))
            entry_name, text = _NEW, _renamed(kind, text_of(snapshot.register, kind, like))
        else:
            kind, entry_name = self._named(asked, snapshot, sort, name)
            text = text_of(snapshot.register, kind, entry_name)
        return self._page(asked, snapshot, (sort, entry_name), {"tekst": [text]}, {})

    async def send(
        self, asked: Asked[Known], sort: str, name: str, form: Mapping[str, Sequence[str]]
    ) -> Response[Any]:
        snapshot = await self.deps.snapshot.newest()
        words = words_of(self.deps, asked)
        errors: dict[str, str] = {}
        if name == _NEW:
            kind, _ = self._named(asked, snapshot, sort, asked.query.get(_AS, ""))
            entry_name = _new_name(snapshot, kind, (form.get("tekst") or [""])[0])
            if not entry_name:
                errors["tekst"] = words.say(_HAS_NAME)
        else:
            kind, entry_name = self._named(asked, snapshot, sort, name)
        policy = self._policy(asked, snapshot, kind, entry_name)
        if policy is None:
            text = (form.get("tekst") or [""])[0][: MAX_CHARACTERS + 1].replace("\r\n", "\n")
        else:
            read, unread = read_form(policy, form)
            errors |= {each: words.say(_SAYS[why]) for each, why in unread.items()}
            text = table_text(kind, read)
        if not 0 < len(text.strip()) <= MAX_CHARACTERS:
            errors["tekst"] = words.say(_NOTHING)
        reason = " ".join((form.get("reden") or [""])[0][:1000].split())
        if len(reason) < 3:
            errors["reden"] = words.say(_NO_REASON)
        errors |= dict.fromkeys(_naming_a_person(form), words.say(A_PERSON))
        if not errors:
            try:
                made = with_proposal(snapshot.register, kind, entry_name, text)
            except RegisterError as error:
                errors = faults_by_field(error, list(_LABELS) if policy else ["tekst"])
            else:
                if _same(snapshot, made, kind, entry_name):
                    errors["tekst"] = words.say(_NOTHING)
        if errors:
            shown = _NEW if name == _NEW else entry_name
            return self._page(asked, snapshot, (sort, shown), form, errors)
        number = await proposals.propose(
            self.deps.purposes,
            person_of(session_of(asked).known),
            kind=kind,
            name=entry_name,
            body=text,
            reason=reason,
            based_on=snapshot.version,
        )
        return Redirect(asked.at(f"{PROPOSALS.path}/{number}"), status_code=303)

    def _policy(
        self, asked: Asked[Known], snapshot: Snapshot, kind: str, name: str
    ) -> Policy | None:
        """The policy that is changed by form; None where it goes as text."""
        if kind != "policies" or _AS in asked.query or asked.path.endswith(f"/{_NEW}"):
            return None
        found: Policy = entries_of(snapshot.register, kind, name)[0]
        return found

    def _named(
        self, asked: Asked[Known], snapshot: Snapshot, sort: str, name: str
    ) -> tuple[str, str]:
        """Table and name of what an address names. Raises ProblemError: not there, not for you."""
        if not is_register_officer(self.deps, session_of(asked).known):
            raise refuse(403, "role_not_allowed", "Only officers of the register propose changes")
        kind = _KIND_OF.get(sort, "")
        hidden = _confidential(snapshot)
        for each in getattr(snapshot.register, kind, ()):
            key = getattr(each, KINDS[kind])
            activity = each.activity if kind == "policies" else key
            if name in {key, str(id_of(key))} and activity not in hidden:
                return kind, key
        raise refuse(404, "not_found", "There is no such entry in the register")

    def _page(
        self,
        asked: Asked[Known],
        snapshot: Snapshot,
        what: tuple[str, str],
        form: Mapping[str, Sequence[str]],
        errors: Mapping[str, str],
    ) -> Response[str]:
        sort, name = what
        words = words_of(self.deps, asked)
        policy = self._policy(asked, snapshot, _KIND_OF[sort], name)
        own = name if sort == "beleidsregel" or name == _NEW else str(id_of(name))
        path = f"{BASE}/verwerkingen/wijzig/{sort}/{own}"
        like = asked.query.get(_AS, "")
        action = f"{path}?{urlencode({_AS: like})}" if like else path
        english = asked.language != "nl"
        values = {
            "path": path,
            "action": action,
            "is_new": name == _NEW,
            "as_text": policy is None,
            "fields": fields_of(policy, snapshot.register, english=english) if policy else (),
            "kept": [] if policy is None else kept_as_it_is(policy),
            "is_policy": sort == "beleidsregel",
            "given": defaultdict(list, {key: list(each) for key, each in form.items()}),
            "is_sent": "reden" in form,
            "errors": errors,
            "labels": {key: words.say(label) for key, label in _LABELS.items()},
            "version": snapshot.version,
        }
        return door_of(self.deps).show(
            asked,
            "console/proposing.html",
            words.say(N_("Wijziging voorstellen: %(name)s"), name=name.rpartition("/")[2]),
            values=values,
            crumbs=(START, PROCESSING, PROPOSALS),
            part=PROCESSING.path,
            status=400 if errors else 200,
            is_wrong=bool(errors),
        )


def _naming_a_person(form: Mapping[str, Sequence[str]]) -> list[str]:
    """The fields in which the number of a person stands: what is proposed is kept.

    In what also holds numbers of organisations a number counts when it stands by itself.
    """
    given = {name: "\n".join(each) for name, each in form.items()}
    found = [name for name in _WORDS if names_a_person(given.get(name, ""))]
    whole = ("tekst", "organisaties")
    return found + [name for name in whole if holds_person_number(given.get(name, "").encode())]


def _renamed(kind: str, text: str) -> str:
    """A copy to begin a new entry with: its first version, and a name to be given."""
    text = _NAME_IN[kind].sub(lambda found: found[0].replace(found[1], _NEW), text)
    return re.sub(r"^versie = [0-9]+$", "versie = 1", text, flags=re.MULTILINE)


def _new_name(snapshot: Snapshot, kind: str, text: str) -> str:
    """The name in a text, when nothing has it yet; else empty."""
    found = _NAME_IN[kind].search(text)
    name = found[1] if found else ""
    taken = name == _NEW or bool(entries_of(snapshot.register, kind, name))
    return "" if taken else name


def _confidential(snapshot: Snapshot) -> set[str]:
    versions: Mapping[str, Sequence[ProcessingActivity]] = by_uri(snapshot.register.activities)
    return {uri for uri, every in versions.items() if is_confidential(every)}


def _same(snapshot: Snapshot, made: Any, kind: str, name: str) -> bool:
    """True when nothing but the number of the version differs."""
    before = [repr(each).replace(f"version={each.version}", "") for each in
              entries_of(snapshot.register, kind, name)]  # fmt: skip
    after = [repr(each).replace(f"version={each.version}", "") for each in
             entries_of(made, kind, name)]  # fmt: skip
    return before == after
