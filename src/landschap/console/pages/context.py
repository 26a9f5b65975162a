# SPDX-License-Identifier: EUPL-1.2
"""What every handler of the console shares: its dependencies, its door, its frame."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
from litestar import Response
from litestar.datastructures import Cookie, FormMultiDict

from landschap.console.desk import Whom
from landschap.console.known import Emergency, Known
from landschap.console.pages.gate import Gate
from landschap.console.places import Places
from landschap.fsc.own import OwnPeer
from landschap.gateway.saying.store import Rooms as SayingRooms
from landschap.gateway.usage.store import Rooms as UsageRooms
from landschap.integration.connectors.opening import Surroundings
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform.identities import Employee
from landschap.platform.oidc import OidcClient, Reason
from landschap.platform.settings import Settings
from landschap.platform.web import N_, Alarm, Language, Link, Site, SiteShape, Visitor
from landschap.platform.web.door import AnyRequest, Asked, Door, Failure
from landschap.platform.web.login import FAILURES
from landschap.platform.web.sessions import Session
from landschap.purposes.model import Text
from landschap.purposes.store import Following
from landschap.registers.api import Deps as RegisterDeps
from landschap.registers.models import ObjectType, Property, Register
from landschap.vocabulary.desk import AtDesk
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.problems import ProblemError, Refusal

__all__ = [
    "BASE", "AnyRequest", "Asked", "ConsoleDeps", "Words", "both", "console_shape", "door_of",
]  # fmt: skip

BASE = "/console"
_LONGEST = 2_000  # characters of one field of a form that is kept in one line
REGISTERS = Link(path=f"{BASE}/register", label=N_("Registers"))
REPORTS = Link(path=f"{BASE}/terugmeldingen", label=N_("Terugmeldingen"))
PROCESSING = Link(path=f"{BASE}/verwerkingen", label=N_("Verwerkingen"))
START = Link(path=BASE, label=N_("Console"))
TASK = Link(path=f"{BASE}/doel", label=N_("Doel en zaak"))
CONTRACTS = Link(path=f"{BASE}/contracten", label=N_("Contracten"))
TRACE = Link(path=f"{BASE}/spoor", label=N_("Spoor"))
REQUESTS = Link(path=f"{BASE}/verzoeken", label=N_("Verzoeken van inwoners"))
PERSONS = Link(path=f"{BASE}/persoon", label=N_("Persoonsvraag"))
INTEGRITY = Link(path=f"{BASE}/integriteit", label=N_("Integriteit"))
PLACES = Link(path=f"{BASE}/plaatsen", label=N_("Waar liggen gegevens?"))
WATCHERS = Link(path=f"{BASE}/meekijkers", label=N_("Meekijkers"))
LOG = Link(path=f"{BASE}/logboek", label=N_("Logboek"))
CATALOGUE = Link(path="/catalogus", label=N_("Catalogus"))
SOURCES = Link(path=f"{BASE}/bronnen", label=N_("Bronnen"))
EMERGENCY = Link(path=f"{BASE}/noodtoegang", label=N_("Noodtoegang"))
DESK = Link(path=f"{BASE}/balie", label=N_("Balie"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contracts:
    """Where contracts are kept, and who we are when we sign, as the files are at that moment."""

    pool: asyncpg.Pool
    own: Callable[[], OwnPeer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonyms:
    """How a person is known in the log: a key by its number, and the address of the space."""

    keys: Mapping[int, bytes] = field(repr=False)
    space: str
    version: str

    def of(self, own: Oin, kind: str, number: str) -> tuple[bytes, int]:
        """What stands for somebody in a new line, and by which key."""
        key_id, key = list(self.keys.items())[-1]
        return subject_pseudonym(key, own, kind, number), key_id


Opens = Callable[[AtDesk, Whom, int], Awaitable[Cookie]]
"""The cookie of a session at the portal: in which visit, for whom, since when they are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleDeps:
    """What the console needs, made once per process.

    ``registers`` is what the registers' own API stands on: pages go the same way. ``snapshot``
    holds the register of purposes that is in force, ``purposes`` those of before. Without ``oidc``
    nobody can log in, and the pages say so. ``case_open`` tells whether a case is open. ``usage``
    is where use is counted; without it there is no page of that. With ``pseudonyms`` a
    person can be found in the log. ``reaches`` tells whether an organisation offers us an inbox, so
    that it can be told of a correction. ``places`` are those where data lies. ``sources`` is the
    folder of logical sources, and what these are looked at with. ``hearing`` is where requests of
    persons are kept, opened with ``request_keys``, files they handed in with
    ``evidence_keys``; without it nobody decides on them here.
    ``opens`` begins a session of the portal for the person of a visit at the desk.
    """

    settings: Settings
    site: Site
    pool: asyncpg.Pool
    registers: RegisterDeps
    snapshot: Following
    purposes: asyncpg.Pool
    session_key: bytes = field(repr=False)
    oidc: OidcClient[Employee] | None
    case_open: Callable[[str], Awaitable[bool | None]] | None = None
    contracts: Contracts | None = None
    usage: UsageRooms | None = None
    pseudonyms: Pseudonyms | None = None
    reaches: Callable[[str], Awaitable[bool]] | None = None
    places: Places | None = None
    sources: Surroundings | None = None
    hearing: SayingRooms | None = None
    request_keys: Callable[[], Sequence[bytes]] = field(default=tuple, repr=False)
    evidence_keys: Callable[[], Sequence[bytes]] = field(default=tuple, repr=False)
    opens: Opens | None = None


def console_shape(settings: Settings, version: str) -> SiteShape:
    """The console's site: its name, its menu, where a form may end."""
    oidc = settings.oidc.console
    more: tuple[Link, ...] = (DESK,) if settings.desk else ()
    more += (SOURCES,) if oidc and oidc.source_officers else ()
    more += (LOG,) if oidc and oidc.log_officers else ()
    more += (EMERGENCY,) if oidc and oidc.emergency else ()
    return SiteShape(
        name=N_("Console"),
        version=version,
        rooms=("console",),
        base=BASE,
        start=BASE,
        visitor_line=N_("Wat u bekijkt, wordt vastgelegd"),
        public_menu=(START,),
        personal_menu=(START, REGISTERS, REPORTS, PROCESSING, TASK, *more, CATALOGUE),
        form_targets=(oidc.issuer,) if oidc else (),
    )


def is_register_officer(deps: ConsoleDeps, known: Known) -> bool:
    """True for one who may propose and approve changes of the register; own roles only."""
    console = deps.settings.oidc.console
    return console is not None and not set(console.register_officers).isdisjoint(known.roles)


def is_log_officer(deps: ConsoleDeps, known: Known) -> bool:
    """True for one who may look in the log of processing; own roles only."""
    console = deps.settings.oidc.console
    return console is not None and not set(console.log_officers).isdisjoint(known.roles)


def is_source_officer(deps: ConsoleDeps, known: Known) -> bool:
    """True for one who works on logical sources; own roles only."""
    console = deps.settings.oidc.console
    return console is not None and not set(console.source_officers).isdisjoint(known.roles)


def is_at_desk(deps: ConsoleDeps, known: Known) -> bool:
    """True for one who serves people at the desk; own roles only."""
    desk = deps.settings.desk
    return desk is not None and not set(desk.roles).isdisjoint(known.roles)


def gate_of(deps: ConsoleDeps) -> Gate:
    """Who may go on behind the door."""
    return Gate(deps.settings, deps.pool, deps.session_key, deps.snapshot)


def door_of(deps: ConsoleDeps) -> Door[Employee, Known]:
    """The door of employees."""
    gate = gate_of(deps)
    return Door(
        site=deps.site,
        pool=deps.pool,
        key=deps.session_key,
        oidc=deps.oidc,
        knows=Known,
        remember=_remember,
        visitor=_visitor,
        failures=_FAILURES,
        session_cookie="__Host-console",
        login_cookie="__Host-console-inloggen",
        base=BASE,
        home=BASE,
        start=BASE,
        address=deps.settings.addresses.web,
        admit=gate.admit,
        still=gate.still,
        depart=gate.depart,
    )


def _remember(found: Employee) -> Known:
    return Known(
        subject=found.subject,
        name=found.name,
        roles=found.roles,
        level=found.level,
        authenticated_at=found.authenticated_at,
        id_token=found.id_token,
        session_id=found.session_id,
        access_token=found.access_token,
        number=found.number,
    )


def _visitor(session: Session[Known], token: str) -> Visitor:
    known = session.known
    return Visitor(
        name=known.name,
        until=session.until,
        token=token,
        as_what=", ".join(known.acting_roles),
        alarm=_alarm(known.emergency) if known.emergency else None,
    )


def _alarm(emergency: Emergency) -> Alarm:
    """Emergency access stands on every page, and on paper."""
    return Alarm(
        title=N_("Noodtoegang"),
        words=N_("U werkt als %(role)s, tot %(until)s. Reden: %(reason)s"),
        until=datetime.fromtimestamp(emergency.until, UTC),
        link=Link(path=EMERGENCY.path, label=N_("Stop of bekijk")),
        values={"role": emergency.role, "reason": emergency.reason},
    )


def both(path: str) -> list[str]:
    """An address of the console in both languages."""
    return [f"{BASE}{path}", f"/en{BASE}{path}"]


async def own_form(
    door: Door[Employee, Known], request: AnyRequest, session: Session[Known]
) -> FormMultiDict:
    """The form that was sent. Raises ProblemError when it is not from a page of this session."""
    form = await request.form()
    if not door.is_own_form(form, session):
        raise refuse(403, "form_foreign", "This form did not come from this site")
    return form


async def lines_of_form(
    door: Door[Employee, Known], request: AnyRequest, session: Session[Known]
) -> dict[str, str]:
    """The fields of the form that was sent, each in one line. Raises as `own_form` does."""
    form = await own_form(door, request, session)
    return {name: " ".join(str(value)[:_LONGEST].split()) for name, value in form.items()}


def session_of(asked: Asked[Known]) -> Session[Known]:
    """The session of a page that is only for who is logged in. Raises LookupError without one."""
    if asked.session is None:
        raise LookupError("nobody is logged in")
    return asked.session


@dataclass(frozen=True, slots=True)
class Words:
    """Words of the catalogue and of models, in the language of a request."""

    site: Site
    language: Language

    def say(self, text: str, **values: object) -> str:
        """Words of the catalogue."""
        return self.site.say(self.language, text, **values)

    def text(self, text: Text) -> str:
        """Words of the register of purposes."""
        return text.nl if self.language is Language.NL else text.en

    def title(self, of: Register | ObjectType | Property) -> str:
        """The title a model gives."""
        return of.title if self.language is Language.NL else of.title_en


def refuse(status: int, code: str, detail: str, **more: Any) -> ProblemError:
    """A refusal of the console itself, to be raised."""
    return ProblemError(Refusal(code=code, status=status, title=detail, detail=detail, **more))


def require_desk(deps: ConsoleDeps, asked: Asked[Known]) -> Known:
    """Who it is. Raises ProblemError for who does not serve people at the desk."""
    known = session_of(asked).known
    if not is_at_desk(deps, known):
        raise refuse(403, "role_not_allowed", "Only who serves people at the desk comes here")
    return known


def words_of(deps: ConsoleDeps, asked: Asked[Known]) -> Words:
    """Words in the language of a request."""
    return Words(deps.site, asked.language)


_FAILURES: Mapping[Reason, Failure] = {
    **FAILURES,
    Reason.CANCELLED: Failure(
        N_("U bent niet ingelogd"), (N_("U stopte met inloggen. Er is niets gebeurd."),), 200
    ),
    Reason.LEVEL_TOO_LOW: Failure(
        N_("Log in met een tweede stap"),
        (
            N_("Hier staan gegevens van inwoners. Een wachtwoord alleen is dan niet genoeg."),
            N_("Log opnieuw in met een tweede stap, zoals een app, sleutel of pas."),
        ),
        403,
    ),
    Reason.DEPARTED: Failure(
        N_("Uw account is gestopt"),
        (
            N_("Wij hoorden dat u hier niet meer werkt, of dat u bent uitgelogd."),
            N_("Klopt dat niet? Vraag uw leidinggevende of de beheerder van accounts."),
        ),
        403,
    ),
    Reason.NO_ROLE: Failure(
        N_("Uw rol geeft geen toegang tot de console"),
        (
            N_("U bent bekend, maar geen van uw rollen mag hier naar binnen."),
            N_("Heeft u dit nodig voor uw werk? Vraag uw leidinggevende om de rol."),
        ),
        403,
    ),
}

Shown = Response[str]
