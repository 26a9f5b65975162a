# SPDX-License-Identifier: EUPL-1.2
"""A contract as a person reads it before signing: one sentence per grant, in English or Dutch.

    Dienst Tussen may, on behalf of Gemeente Doesburg (as processor, agreement "DPA-2026-17" until
    2027-11-24), ask service woon-en-uitkeringssituatie of Gemeente Weesp for purpose Recht op
    bijstand vaststellen (raadplegen), at most the fields of bijstand-bij-verhuizing@1, until
    2027-11-24.

Names of peers come from their certificates and of purposes from our own register; what is not
known shows as its number or address, never as somebody's own words. The reference of an agreement
is such words and stands between quotes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from landschap.fsc.areas import area_of
from landschap.fsc.contracts import Contract
from landschap.fsc.delegation import Delegation, Role, Side, delegations_of
from landschap.fsc.external import external_reference
from landschap.fsc.grants import Connection, Grant, MemberRole, Publication, Registration
from landschap.purposes.bound import Bound, read_bound
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import amsterdam_day

Language = Literal["en", "nl"]
LANGUAGES: tuple[Language, ...] = ("en", "nl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Peer ID -> name, and purpose URI -> name; ``english`` where the register has it."""

    peers: Mapping[str, str]
    purposes: Mapping[str, str]
    english: Mapping[str, str] = field(default_factory=dict)

    def peer(self, peer_id: PeerId) -> str:
        """A peer's name, or its number."""
        return self.peers.get(peer_id.value) or f"peer {peer_id}"

    def purpose(self, uri: str, language: Language = "nl") -> str:
        """A purpose's name, or its whole address."""
        known = self.purposes.get(uri) or uri
        return self.english.get(uri) or known if language == "en" else known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """The words of one language; each text names in braces what is filled in."""

    asks: str
    lists: str
    for_whom: str
    offered: str
    agreement: str
    no_agreement: str
    unreadable: str
    roles: Mapping[Role, str]
    purpose: str
    or_: str
    fields: str
    no_purpose: str
    unread_purpose: str
    outside: str
    checks: str
    onward: str
    member: str
    area: str


_WORDS: Mapping[Language, _Words] = {
    "en": _Words(
        asks="{asker} may{for_whom} ask service {service} of {provider}{offered} {purpose} "
        "until {until}.",
        lists="{directory} lists service {service} of {provider}{offered} until {until}.",
        for_whom=", on behalf of {delegator} ({agreement}),",
        offered=", offered on behalf of {delegator} ({agreement}),",
        agreement='{role}, agreement "{reference}" until {until}',
        no_agreement="without an agreement being named",
        unreadable="under an agreement that can not be read",
        roles={
            Role.PROCESSOR: "as processor",
            Role.JOINT_CONTROLLER: "as joint controller",
            Role.INDEPENDENT: "as independent controller",
        },
        purpose="for purpose {purposes} ({actions})",
        or_=" or ",
        fields=", at most the fields of {field_set},",
        no_purpose="without a purpose being named",
        unread_purpose="for a purpose that can not be read",
        outside=' It rests on an agreement outside FSC: "{reference}" of "{delegator}" '
        "({delegator_id}).",
        checks='Does the agreement "{reference}" of "{delegator}" exist, and is it in force?\n'
        'Does it let {who} ({who_id}) act for "{delegator}"?\n'
        'Does the number {delegator_id} belong to "{delegator}"?\n'
        "Does it cover the service {service}?\n"
        "If one answer is no: reject the contract.",
        onward=" {provider} may ask a third organisation to answer, also for another purpose that "
        "a recorded test found compatible.",
        member="{member} is {role} of the Regulated Area {area} by {administrator} until {until}.",
        area=" It is for members of the Regulated Area {area} of {administrator}.",
    ),
    "nl": _Words(
        asks="{asker} mag{for_whom} dienst {service} van {provider}{offered} bevragen {purpose} "
        "tot {until}.",
        lists="{directory} vermeldt dienst {service} van {provider}{offered} tot {until}.",
        for_whom=", namens {delegator} ({agreement}),",
        offered=", aangeboden namens {delegator} ({agreement}),",
        agreement='{role}, overeenkomst "{reference}" tot {until}',
        no_agreement="zonder dat een overeenkomst is genoemd",
        unreadable="met een overeenkomst die niet te lezen is",
        roles={
            Role.PROCESSOR: "als verwerker",
            Role.JOINT_CONTROLLER: "als gezamenlijk verwerkingsverantwoordelijke",
            Role.INDEPENDENT: "als zelfstandig verwerkingsverantwoordelijke",
        },
        purpose="voor doel {purposes} ({actions})",
        or_=" of ",
        fields=", met hooguit de velden van {field_set},",
        no_purpose="zonder dat een doel is genoemd",
        unread_purpose="voor een doel dat niet te lezen is",
        outside=' Het berust op een overeenkomst buiten FSC: "{reference}" van "{delegator}" '
        "({delegator_id}).",
        checks='Bestaat de overeenkomst "{reference}" van "{delegator}", en geldt zij?\n'
        'Mag {who} ({who_id}) daarmee namens "{delegator}" handelen?\n'
        'Hoort het nummer {delegator_id} bij "{delegator}"?\n'
        "Valt de dienst {service} eronder?\n"
        "Is een antwoord nee: wijs het contract af.",
        onward=" {provider} mag om te antwoorden een derde organisatie bevragen, ook voor een "
        "ander doel dat volgens een vastgelegde toets verenigbaar is.",
        member="{member} is {role} van het gereguleerde gebied {area} volgens {administrator} tot "
        "{until}.",
        area=" Het is voor leden van het gereguleerde gebied {area} van {administrator}.",
    ),
}


_ROLES: Mapping[Language, Mapping[MemberRole, str]] = {
    "en": {MemberRole.MEMBER: "a member", MemberRole.ADMINISTRATOR: "an administrator"},
    "nl": {MemberRole.MEMBER: "lid", MemberRole.ADMINISTRATOR: "beheerder"},
}


def words_of(contract: Contract, names: Names, language: Language = "en") -> str:
    """The sentences of all grants, in their order."""
    until = amsterdam_day(contract.not_after).isoformat()
    sentences = (_sentence(each.grant, names, language, until) for each in contract.grants)
    return _printable(" ".join(sentences))


def all_words_of(contract: Contract, names: Names) -> dict[str, str]:
    """Language -> the sentences of all grants."""
    return {language: words_of(contract, names, language) for language in LANGUAGES}


def checks_of(contract: Contract, names: Names) -> dict[str, list[str]]:
    """Language -> what a person looks at outside FSC before accepting; empty when nothing.

    Source: FSC External Contract Reference, "Verification".
    """
    found: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for each in contract.grants:
        outside = external_reference(each.grant)
        grant = each.grant
        if outside is None or isinstance(grant, Registration):
            continue
        who = grant.outway.peer_id if isinstance(grant, Connection) else grant.service.peer_id
        for language in LANGUAGES:
            found[language] += [
                _printable(text)
                for text in _WORDS[language]
                .checks.format(
                    reference=outside.reference,
                    delegator=outside.delegator_name,
                    delegator_id=outside.delegator_id,
                    who=names.peer(who),
                    who_id=who,
                    service=grant.service.name,
                )
                .splitlines()
            ]
    return found


def _printable(text: str) -> str:
    """What a peer wrote must not move the cursor of the one who reads before signing."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _sentence(grant: Grant, names: Names, language: Language, until: str) -> str:
    words = _WORDS[language]
    if isinstance(grant, Registration):
        return words.member.format(
            member=names.peer(grant.member),
            role=_ROLES[language][grant.role],
            area=grant.area,
            administrator=names.peer(grant.administrator),
            until=until,
        )
    delegated = {each.side: each for each in delegations_of(grant)}
    common = {
        "service": grant.service.name,
        "provider": names.peer(grant.service.peer_id),
        "offered": _on_behalf(delegated.get(Side.PUBLICATION), words.offered, words, names),
        "until": until,
    }
    match grant:
        case Publication():
            told = words.lists.format(directory=names.peer(grant.directory), **common)
        case Connection():
            told = words.asks.format(
                asker=names.peer(grant.outway.peer_id),
                for_whom=_on_behalf(delegated.get(Side.CONNECTION), words.for_whom, words, names),
                purpose=_purpose(grant, names, language),
                **common,
            )
            told += _onward(grant, words, common["provider"])
    area, outside = area_of(grant.properties), external_reference(grant)
    if area is not None:
        told += words.area.format(area=area.name, administrator=names.peer(area.administrator))
    if outside is None:
        return told
    return told + words.outside.format(
        reference=outside.reference,
        delegator=outside.delegator_name,
        delegator_id=outside.delegator_id,
    )


def _onward(grant: Connection, words: _Words, provider: str) -> str:
    bound = read_bound(grant.properties)
    return (
        words.onward.format(provider=provider) if isinstance(bound, Bound) and bound.onward else ""
    )


def _on_behalf(delegation: Delegation | None, text: str, words: _Words, names: Names) -> str:
    if delegation is None:
        return ""
    found = delegation.agreement
    if found is None:
        agreement = words.unreadable if delegation.wrong else words.no_agreement
    else:
        agreement = words.agreement.format(
            role=words.roles[found.role], reference=found.reference, until=found.until.isoformat()
        )
    return text.format(delegator=names.peer(delegation.delegator), agreement=agreement)


def _purpose(grant: Connection, names: Names, language: Language) -> str:
    bound = read_bound(grant.properties)
    if bound is None:
        return _WORDS[language].no_purpose
    if isinstance(bound, Refusal):
        return _WORDS[language].unread_purpose
    return _bound(bound, names, language)


def _bound(bound: Bound, names: Names, language: Language) -> str:
    words = _WORDS[language]
    purposes = words.or_.join(names.purpose(uri, language) for uri in bound.purposes)
    text = words.purpose.format(purposes=purposes, actions=", ".join(bound.actions))
    return text + words.fields.format(field_set=bound.field_set) if bound.field_set else text
