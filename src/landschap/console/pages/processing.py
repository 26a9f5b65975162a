# SPDX-License-Identifier: EUPL-1.2
"""The register of purposes as employees read it: what is in force, and what changed when.

    /console/verwerkingen                    purposes, each with its activities
    /console/verwerkingen/{id}               an activity: ground, data, receivers, who may what
    /console/verwerkingen/versies            who put which register in force
    /console/verwerkingen/versies/{nummer}   the difference with the one before, or with another

It is read here; `proposing` and `deciding` change it, and so does ``landschap apply``. A
confidential activity, and the policies under it, are only counted: no role of the console is about
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.console.known import Known
from landschap.console.pages.context import (
    BASE,
    PROCESSING,
    START,
    AnyRequest,
    Asked,
    ConsoleDeps,
    Words,
    both,
    door_of,
    is_register_officer,
    refuse,
    session_of,
    words_of,
)
from landschap.platform.web import N_, Link
from landschap.purposes import store
from landschap.purposes.changes import changes_between
from landschap.purposes.model import OWN, Policy, ProcessingActivity, Register
from landschap.purposes.public import entry_of, id_of, is_confidential, term_words
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.versions import by_uri, version_at

VERSIONS = Link(path=f"{BASE}/verwerkingen/versies", label=N_("Versies van het register"))
_WITH = "met"
_SHOWN = 300


def processing_routes(deps: ConsoleDeps) -> list[HTTPRouteHandler]:
    """The routes of these pages."""
    door, pages = door_of(deps), _Pages(deps)

    @get(both("/verwerkingen"))
    async def every(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.every(asked) if asked.session else door.to_login(asked)

    @get(both("/verwerkingen/versies"))
    async def versions(request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.versions(asked) if asked.session else door.to_login(asked)

    @get(both("/verwerkingen/versies/{nummer:str}"), opt={"query": (_WITH,)})
    async def version(nummer: FromPath[str], request: AnyRequest) -> Response[Any]:
        asked = await door.asked(request)
        return await pages.version(asked, nummer) if asked.session else door.to_login(asked)

    @get(both("/verwerkingen/{id:str}"))
    async def one(id: FromPath[str], request: AnyRequest) -> Response[Any]:  # noqa: A002
        asked = await door.asked(request)
        return await pages.one(asked, id) if asked.session else door.to_login(asked)

    return [every, versions, version, one]


class _Pages:
    def __init__(self, deps: ConsoleDeps) -> None:
        self.deps = deps

    async def every(self, asked: Asked[Known]) -> Response[str]:
        snapshot, words = await self.deps.snapshot.newest(), words_of(self.deps, asked)
        open_ones = _open(snapshot)
        purposes = []
        for uri, known in sorted(snapshot.purposes.items()):
            under = [each for each in open_ones if each.purpose == uri]
            purposes.append(
                {
                    "name": words.text(known.purpose.label),
                    "says": words.text(known.purpose.definition),
                    "status": known.purpose.status.value,
                    "is_active": known.is_active(datetime.now(UTC)),
                    "version": known.purpose.version,
                    "change": f"{BASE}/verwerkingen/wijzig/doel/{id_of(uri)}",
                    "activities": [
                        {"path": _path(each), "name": words.text(each.name)} for each in under
                    ],
                }
            )
        values = {
            "purposes": purposes,
            "confidential": len(snapshot.activities) - len(open_ones),
            "version": snapshot.version if snapshot.owner else "",
            "is_officer": is_register_officer(self.deps, session_of(asked).known),
        }
        return self._show(asked, "processing", words.say(PROCESSING.label), values, (START,))

    async def one(self, asked: Asked[Known], number: str) -> Response[str]:
        snapshot, words = await self.deps.snapshot.newest(), words_of(self.deps, asked)
        found = next((e for e in _open(snapshot) if str(id_of(e.uri)) == number), None)
        if found is None:
            raise refuse(404, "not_found", "There is no such activity")
        entry = entry_of(snapshot, found)
        english = asked.language != "nl"
        facts: list[tuple[str, str | Sequence[str]]] = [
            (words.say(N_("Wat")), words.text(found.what)),
            (words.say(N_("Waarvoor")), words.text(found.why)),
            (words.say(N_("Doel")), words.text(entry.purpose.label) if entry.purpose else ""),
            (
                words.say(N_("Grondslag")),
                [f"{b.law_name}, {b.article} ({b.code})" for b in entry.legal_bases],
            ),
            (words.say(N_("Verwerkingsverantwoordelijke")), found.controller or snapshot.owner),
            (words.say(N_("Bestuursorgaan")), found.public_body),
            (words.say(N_("Verwerkers")), found.processors),
            (words.say(N_("Betrokkenen")), found.subjects),
            (words.say(N_("Gegevens")), entry.data_groups),
            (words.say(N_("Bijzondere gegevens")), found.special_data),
            (words.say(N_("Ontvangers")), found.recipients),
            (words.say(N_("Doorgifte buiten de EER")), found.third_countries),
            (words.say(N_("Bewaartermijn")), term_words(found.retention, english=english)),
            (
                words.say(N_("Bewaartermijn van het logboek")),
                term_words(found.log_retention, english=english),
            ),
            (words.say(N_("Maatregelen")), found.measures),
            (words.say(N_("Versies")), [
                _version(each)
                for each in snapshot.activity_versions[found.uri]
            ]),
        ]  # fmt: skip
        values = {
            "facts": [(name, [told] if isinstance(told, str) else told) for name, told in facts],
            "policies": [
                _policy(snapshot, words, each)
                for each in snapshot.register.policies
                if each.activity == found.uri
            ],
            "uri": found.uri,
            "change": f"{BASE}/verwerkingen/wijzig/activiteit/{id_of(found.uri)}",
            "is_officer": is_register_officer(self.deps, session_of(asked).known),
        }
        title = words.text(found.name)
        return self._show(asked, "processing_one", title, values, (START, PROCESSING))

    async def versions(self, asked: Asked[Known]) -> Response[str]:
        words = words_of(self.deps, asked)
        rows = await store.adoptions(self.deps.purposes)
        values = {
            "rows": [{"row": row, "path": f"{VERSIONS.path}/{row.number}"} for row in rows],
        }
        title = words.say(VERSIONS.label)
        return self._show(asked, "register_versions", title, values, (START, PROCESSING))

    async def version(self, asked: Asked[Known], number: str) -> Response[str]:
        words = words_of(self.deps, asked)
        rows = {str(row.number): row for row in await store.adoptions(self.deps.purposes)}
        row = rows.get(number)
        if row is None:
            raise refuse(404, "not_found", "There is no such version of the register")
        other = asked.query.get(_WITH, str(row.number - 1))
        if other not in {*rows, "0"}:
            raise refuse(404, "not_found", "There is no version to compare with")
        old = await self._register(rows[other].version) if other in rows else None
        new = await self._register(row.version)
        changes = changes_between(old, new) if new else ()
        values = {
            "row": row,
            "other": other,
            "changes": [list(each.words()) for each in changes[:_SHOWN]],
            "more": max(0, len(changes) - _SHOWN),
            "rows": [each for each in rows if each != number],
        }
        title = words.say(N_("Versie %(number)s van het register"), number=number)
        crumbs = (START, PROCESSING, VERSIONS)
        return self._show(asked, "register_changes", title, values, crumbs)

    async def _register(self, version: str) -> Register | None:
        """A register of before, without what is confidential now or was then."""
        found = await store.snapshot_by_version(self.deps.purposes, version)
        if found is None:
            return None
        return without_confidential(found.register, hidden_in(self.deps.snapshot(), found))

    def _show(
        self, asked: Asked[Known], template: str, title: str, values: Mapping[str, Any],
        crumbs: tuple[Link, ...],
    ) -> Response[str]:  # fmt: skip
        return door_of(self.deps).show(
            asked, f"console/{template}.html", title, values=values, part=PROCESSING.path,
            crumbs=crumbs,
        )  # fmt: skip


def _open(snapshot: Snapshot) -> list[ProcessingActivity]:
    """What is not confidential, in the version of now or else the newest, by name."""
    now = datetime.now(UTC)
    found = [
        version_at(every, now) or every[0]
        for every in snapshot.activity_versions.values()
        if not is_confidential(every)
    ]
    return sorted(found, key=lambda each: (each.name.nl, each.uri))


def hidden_in(*snapshots: Snapshot) -> set[str]:
    """The activities that are confidential in one of these."""
    return {
        uri
        for snapshot in snapshots
        for uri, every in by_uri(snapshot.register.activities).items()
        if is_confidential(every)
    }


def without_confidential(register: Register, hidden: set[str]) -> Register:
    """The register without these activities, and without what tells of nothing but them."""
    return replace(
        register,
        activities=tuple(each for each in register.activities if each.uri not in hidden),
        policies=tuple(each for each in register.policies if each.activity not in hidden),
    )


def _version(activity: ProcessingActivity) -> str:
    """The number of a version, with its period when it has one: ``2 (2026-07-01/..)``."""
    valid = activity.valid
    return f"{activity.version}" + (f" ({valid.since}/{valid.until or '..'})" if valid else "")


def _path(activity: ProcessingActivity) -> str:
    return f"{PROCESSING.path}/{id_of(activity.uri)}"


def _policy(snapshot: Snapshot, words: Words, policy: Policy) -> dict[str, Any]:
    """Who may what under an activity, in words."""
    members = {each.name: each.members for each in snapshot.register.groups}
    who = []
    for name in policy.organisations:
        own = words.say(N_("de eigen organisatie"))
        listed = f"{name}: {', '.join(members[name])}" if name in members else name
        who.append(own if name == OWN else listed)
    return {
        "id": policy.id,
        "version": policy.version,
        "valid": policy.valid,
        "change": f"{BASE}/verwerkingen/wijzig/beleidsregel/{policy.id}",
        "effect": policy.effect.value,
        "says": words.text(policy.explanation),
        "who": who,
        "roles": policy.roles,
        "service": policy.service,
        "actions": policy.actions,
        "fields": sorted(snapshot.fields_of_set.get(policy.field_set, ())),
    }
