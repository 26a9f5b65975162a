# SPDX-License-Identifier: EUPL-1.2
"""What can be wrong with a register although each line of it is well formed.

Unknown names, cycles, texts that would show a resident the wrong purpose. A finding names the table
of the file format and its place, so that a file can be pointed at and an API can name the entry.
Permissions that can never apply are no mistake: `never` tells of those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from landschap.purposes import checks_chain, checks_derived
from landschap.purposes.duties import RECEIVERS
from landschap.purposes.model import (
    ANYONE,
    OWN,
    Effect,
    Policy,
    ProcessingActivity,
    Purpose,
    PurposeStatus,
    Register,
)
from landschap.purposes.needs import CONSENT, FOUR_EYES
from landschap.purposes.reading import nearest_of
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.versions import faults_of
from landschap.vocabulary.identifiers import InvalidValue, Oin


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing wrong: table and place (from 0) in the register, key, message, nearest name."""

    table: str
    place: int
    key: str
    message: str
    nearest: str = ""


def check_register(register: Register) -> list[Finding]:
    """Everything wrong with a register; an empty list means that it may be applied."""
    snapshot = Snapshot(register)
    findings = [
        *_duplicates(register),
        *(Finding(table=t, place=p, key=k, message=m) for t, p, k, m in faults_of(register)),
        *_compatibilities(register, snapshot),
        *_purposes(register, snapshot),
        *_activities(register, snapshot),
        *_services(register),
        *_field_sets(register, snapshot),
        *_groups(register),
        *_decrees(register, snapshot),
    ]
    for place, policy in enumerate(register.policies):
        findings += _policy(place, policy, snapshot)
    return findings


def _duplicates(register: Register) -> Iterator[Finding]:
    keys: Mapping[str, tuple[str, Sequence[str]]] = {
        "stelsel": ("uri", [each.uri for each in register.schemes]),
        "grondslag": ("id", [each.id for each in register.legal_bases]),
        "dienst": ("naam", [f"{each.provider}/{each.name}" for each in register.services]),
        "veldenset": ("id", [each.key for each in register.field_sets]),
        "groep": ("naam", [each.name for each in register.groups]),
        "beleidsregel": ("id", [each.id for each in register.policies]),
        "autorisatiebesluit": ("id", [each.id for each in register.decrees]),
        "verenigbaarheid": ("id", [each.id for each in register.compatibilities]),
    }
    for table, (key, names) in keys.items():
        seen: Counter[str] = Counter()
        for place, name in enumerate(names):
            seen[name] += 1
            if seen[name] > 1 and name:
                yield Finding(
                    table=table, place=place, key=key, message=f"{name!r} stands there twice"
                )


def _purposes(register: Register, snapshot: Snapshot) -> Iterator[Finding]:
    schemes = {each.uri for each in register.schemes}
    newest = {each.uri: each for each in register.purposes}
    claims: Counter[str] = Counter(m for each in newest.values() for m in each.exact_match)
    for place, purpose in enumerate(register.purposes):
        yield from _names("doel", place, "stelsel", [purpose.scheme], schemes)
        others = snapshot.purposes.keys() - {purpose.uri}
        named = {"valt_onder": purpose.broader, "opgevolgd_door": purpose.replaced_by}
        for key, uri in named.items():
            yield from _names("doel", place, key, [uri], others)
        if _is_in_cycle(purpose, snapshot):
            yield Finding(
                table="doel", place=place, key="valt_onder", message="the purposes form a circle"
            )
        for match in purpose.exact_match:
            if claims[match] > 1 or (match in snapshot.purposes and purpose.uri in claims):
                yield Finding(
                    table="doel",
                    place=place,
                    key="gelijk_aan",
                    message=f"{match!r} is called equal more than once; write it at one purpose",
                )


def _is_in_cycle(purpose: Purpose, snapshot: Snapshot) -> bool:
    seen: set[str] = set()
    uri = purpose.broader
    while uri and uri not in seen:
        if uri == purpose.uri:
            return True
        seen.add(uri)
        known = snapshot.purposes.get(uri)
        uri = known.purpose.broader if known else ""
    return False


def _activities(register: Register, snapshot: Snapshot) -> Iterator[Finding]:
    bases = {each.id for each in register.legal_bases}
    for place, activity in enumerate(register.activities):
        yield from _names("activiteit", place, "doel", [activity.purpose], snapshot.purposes)
        yield from _names("activiteit", place, "grondslagen", activity.legal_bases, bases)


def _services(register: Register) -> Iterator[Finding]:
    for place, service in enumerate(register.services):
        yield from _oins("dienst", place, "aanbieder", [service.provider])
        yield from _names("dienst", place, "zoekvelden", service.searchable, service.fields)
        if service.confidential:
            named = (service.confidential.path, *service.confidential.guarded)
            yield from _names("dienst", place, "geheimhouding", named, service.fields)
        for key, message, near in checks_derived.faults_of(service):
            yield Finding(table="dienst", place=place, key=key, message=message, nearest=near)
        groups = {
            path[:cut] for path in service.fields for cut, sign in enumerate(path) if sign == "."
        }
        for path in service.fields:
            if path in groups:
                yield Finding(
                    table="dienst",
                    place=place,
                    key="velden",
                    message=f"{path!r} is a group of other fields and so no field itself",
                )


def _field_sets(register: Register, snapshot: Snapshot) -> Iterator[Finding]:
    names = {f"{provider}/{name}" for provider, name in snapshot.services}
    for place, each in enumerate(register.field_sets):
        service = snapshot.services.get((each.provider, each.service))
        if service is None:
            name = f"{each.provider}/{each.service}"
            yield from _names("veldenset", place, "dienst", [name], names)
            continue
        yield from _names("veldenset", place, "velden", each.fields, service.fields)
        usable = set(each.fields) & set(service.searchable)
        yield from _names("veldenset", place, "zoekvelden", each.searchable, usable)


def _groups(register: Register) -> Iterator[Finding]:
    for place, group in enumerate(register.groups):
        yield from _oins("groep", place, "leden", group.members)


def _decrees(register: Register, snapshot: Snapshot) -> Iterator[Finding]:
    table = "autorisatiebesluit"
    for place, decree in enumerate(register.decrees):
        yield from _oins(table, place, "ontvangers", decree.receivers)
        service = snapshot.services.get((decree.provider, decree.service))
        if service is None:
            names = {f"{provider}/{name}" for provider, name in snapshot.services}
            named = [f"{decree.provider}/{decree.service}"]
            yield from _names(table, place, "dienst", named, names)
            continue
        yield from _names(table, place, "zoekvelden", decree.searchable, service.searchable)
        paths = [each.path for each in decree.persons]
        yield from _names(table, place, "personen", paths, service.fields)
        for message in checks_derived.rows_faults(service, paths):
            yield Finding(table=table, place=place, key="personen", message=message)


def _compatibilities(register: Register, snapshot: Snapshot) -> Iterator[Finding]:
    bases = {each.id for each in register.legal_bases}
    for place, each in enumerate(register.compatibilities):
        yield from _names("verenigbaarheid", place, "van", [each.origin], snapshot.purposes)
        yield from _names("verenigbaarheid", place, "naar", [each.target], snapshot.purposes)
        yield from _names("verenigbaarheid", place, "grondslag", [each.legal_basis], bases)
        for key, message in checks_chain.faults_of(each, snapshot):
            yield Finding(table="verenigbaarheid", place=place, key=key, message=message)


def _policy(place: int, policy: Policy, snapshot: Snapshot) -> Iterator[Finding]:
    is_permit = policy.effect is Effect.PERMIT
    any_name = set() if is_permit else {ANYONE}
    table = "beleidsregel"
    groups = {each.name for each in snapshot.register.groups} | {OWN} | any_name
    yield from _oins(
        table, place, "organisaties", [name for name in policy.organisations if name not in groups]
    )
    yield from _names(table, place, "doel", [policy.purpose], snapshot.purposes.keys() | any_name)
    if policy.provider not in any_name:
        yield from _oins(table, place, "aanbieder", [policy.provider])
    services = {f"{provider}/{name}" for provider, name in snapshot.services}
    if policy.service not in any_name:
        name = f"{policy.provider}/{policy.service}"
        yield from _names(table, place, "dienst", [name], services)
    if not is_permit:
        return
    yield from _names(table, place, "veldenset", [policy.field_set], snapshot.field_sets)
    yield from _names(table, place, "activiteit", [policy.activity], snapshot.activities)
    yield from _coherent(place, policy, snapshot)


def _coherent(place: int, policy: Policy, snapshot: Snapshot) -> Iterator[Finding]:
    """A permission whose parts exist, yet do not fit together."""

    def finding(key: str, message: str) -> Finding:
        return Finding(table="beleidsregel", place=place, key=key, message=message)

    service = snapshot.services.get((policy.provider, policy.service))
    if policy.rows and policy.provider != snapshot.owner:
        yield finding("rijen", "which objects may be seen is decided by the provider, not by us")
    if service:
        paths = [each.path for each in policy.rows]
        yield from _names("beleidsregel", place, "rijen", paths, service.fields)
        for message in checks_derived.rows_faults(service, paths):
            yield finding("rijen", message)
        obliged = [each.path for each in policy.obligations if each.path]
        yield from _names("beleidsregel", place, "verplichtingen", obliged, service.fields)
    yield from _needs(place, policy, snapshot)
    known = snapshot.purposes.get(policy.purpose)
    if known and known.purpose.status is not PurposeStatus.ACTIVE:
        yield finding("doel", f"the purpose is {known.purpose.status.value}; nothing can use it")
    chosen = snapshot.field_sets.get(policy.field_set)
    if chosen and (chosen.provider, chosen.service) != (policy.provider, policy.service):
        yield finding("veldenset", "the field set belongs to another service")
    activity = snapshot.activities.get(policy.activity)
    if activity and known and not _related(activity, policy, snapshot):
        yield finding("activiteit", "the activity has another purpose; residents would read that")
    if activity and OWN in policy.organisations and policy.provider != snapshot.owner:
        codes = {b.code for b in snapshot.register.legal_bases if b.id in activity.legal_bases}
        if strange := sorted(set(policy.legal_bases) - codes):
            yield finding(
                "grondslagen", f"{strange[0]} is no ground of the activity we declare for"
            )


def _needs(place: int, policy: Policy, snapshot: Snapshot) -> Iterator[Finding]:
    """Needs, obligations and the decree of a permission: each where it can be met."""

    def finding(key: str, message: str) -> Finding:
        return Finding(table="beleidsregel", place=place, key=key, message=message)

    is_ours = policy.provider == snapshot.owner
    service = snapshot.services.get((policy.provider, policy.service))
    if not is_ours:
        others = {
            "verplichtingen": bool(policy.obligations),
            "ondanks_beperking": bool(policy.despite),
            "soort_ontvanger": bool(policy.receiver),
            "autorisatiebesluit": bool(policy.decree),
            "nodig": CONSENT in policy.needs,
        }
        for key in (key for key, named in others.items() if named):
            yield finding(key, "is decided by the provider, who answers, not by us")
    elif FOUR_EYES in policy.needs and set(policy.organisations) != {OWN}:
        yield finding("nodig", "vier-ogen is for *own alone: another approves at its own door")
    if service and service.confidential and is_ours and not policy.receiver:
        yield finding(
            "soort_ontvanger",
            f"{service.name} holds a confidentiality mark, so say which kind of receiver this is: "
            f"{' or '.join(RECEIVERS)}",
        )
    yield from _names(
        "beleidsregel", place, "autorisatiebesluit", [policy.decree], snapshot.decrees
    )
    known = snapshot.decrees.get(policy.decree)
    if known and (known.decree.provider, known.decree.service) != (policy.provider, policy.service):
        yield finding("autorisatiebesluit", "the decree is about another service")


def _related(activity: ProcessingActivity, policy: Policy, snapshot: Snapshot) -> bool:
    """True when one purpose is the other, or lies under it."""
    same = snapshot.equivalents
    ours = same.get(activity.purpose, activity.purpose)
    theirs = same.get(policy.purpose, policy.purpose)
    lines = [snapshot.purposes[uri].ancestors for uri in (ours, theirs) if uri in snapshot.purposes]
    return any(ours in line and theirs in line for line in lines)


def _names(
    table: str, place: int, key: str, names: Sequence[str], valid: Collection[str]
) -> Iterator[Finding]:
    """A finding for each name that does not exist; an empty one was reported when it was read."""
    for name in names:
        if name and name not in valid:
            near = nearest_of(name, valid)
            shown = ", ".join(sorted(valid)[:8]) or "none"
            listed = "" if near else f"; there are: {shown}"
            yield Finding(
                table=table,
                place=place,
                key=key,
                message=f"{name[:120]!r} does not exist{listed}",
                nearest=near,
            )


def _oins(table: str, place: int, key: str, names: Sequence[str]) -> Iterator[Finding]:
    for name in names:
        try:
            Oin.parse(name)
        except InvalidValue as error:
            yield Finding(
                table=table, place=place, key=key, message=f"{name[:80]!r} is {error}, nor a group"
            )
