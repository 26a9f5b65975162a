# SPDX-License-Identifier: EUPL-1.2
"""What one must have to use an API: certificate, contract, purpose, level of assurance.

    info:
      x-gebruik:
        toegang: contract                      # open | aangemeld | contract
        middelen: [mtlsPkioverheid, fscContract]
        fsc: {peerId: "00000099000000002000", service: uitkeringen}
        doelen: [https://doelen.example/id/bijstand]
        niveau: urn:etoegang:core:assurance-class:loa3

What a description does not say is not known, which is something else than not needed: purposes that
are absent are None, an empty list is any purpose. Descriptions come from strangers, so everything
has a bound and what is not understood is left out.
Source: API design rules, "Criteria for use" (extension ``info.x-gebruik``); eTD, "Assurance".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from landschap.gateway.users import level_of
from landschap.vocabulary.ijson import JsonValue

OPEN, KNOWN, CONTRACT = "open", "aangemeld", "contract"
ACCESS = (OPEN, KNOWN, CONTRACT)
CERTIFICATE, AGREEMENT, KEY = "mtlsPkioverheid", "fscContract", "apiKey"
MEANS = ("geen", KEY, "basic", "bearer", "oauth2", "oidc", CERTIFICATE, AGREEMENT)
"""Ways to show who asks."""
_MOST, _LONGEST = 20, 300
_TEXTS = ("gevoeligheid", "beschikbaarheid", "onderhoudsvenster", "ondersteuning", "kosten",
          "licentie", "bewaarplicht", "proef", "omgeving")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A purpose for which use is accepted, and the level of assurance it then asks."""

    uri: str
    level: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """What a provider asks of who wants to use an API.

    ``access`` is one of `ACCESS`, empty when not said. ``purposes`` is None when not said and empty
    when any will do. ``level`` is an assurance class of eToegang, ``none`` when none is asked,
    empty when not said. ``texts`` are the other lines, by their key in the description.
    """

    access: str = ""
    means: tuple[str, ...] = ()
    provider: str = ""
    service: str = ""
    purposes: tuple[Wanted, ...] | None = None
    grounds: tuple[str, ...] = ()
    level: str = ""
    persons: tuple[str, ...] = ()
    personal: bool | None = None
    texts: Mapping[str, str]

    @property
    def needs_contract(self) -> bool | None:
        """Whether a contract between organisations is asked; None when not said."""
        if self.access:
            return self.access == CONTRACT
        return True if AGREEMENT in self.means else None

    @property
    def needs_certificate(self) -> bool | None:
        """Whether a certificate of the organisation is asked; None when not said."""
        if self.access == CONTRACT or {CERTIFICATE, AGREEMENT} & set(self.means):
            return True
        return False if self.access or self.means else None

    @property
    def needs_purpose(self) -> bool | None:
        """Whether each question names a purpose; None when not said."""
        return None if self.purposes is None else bool(self.purposes)


NOTHING_SAID: Final = Criteria(texts={})


def criteria_of(value: JsonValue) -> Criteria:
    """The criteria in a description of an API."""
    document = _table(value)
    info = _table(document.get("info"))
    said = _table(info.get("x-gebruik"))
    fsc = _table(said.get("fsc"))
    service = _text(fsc.get("service"))
    access = _text(said.get("toegang"))
    means = [each for each in _names(said.get("middelen")) if each in MEANS]
    purposes = said.get("doelen")
    persons = tuple(_names(said.get("betrokkenen")))
    texts = {key: text for key in _TEXTS if (text := _text(said.get(key)))}
    return Criteria(
        access=access if access in ACCESS else CONTRACT if service else "",
        means=tuple(dict.fromkeys(means or _schemes(document))),
        provider=_peer(fsc.get("peerId")),
        service=service,
        purposes=tuple(Wanted(uri=each) for each in _names(purposes))
        if isinstance(purposes, list)
        else None,
        grounds=tuple(_names(said.get("grondslag"))),
        level=level_of(said.get("niveau")),
        persons=persons,
        personal=_is_personal(said),
        texts=texts,
    )


def _is_personal(said: Mapping[str, JsonValue]) -> bool | None:
    """Whose data it is tells whether it is about persons; an empty list says that it is not."""
    persons = said.get("betrokkenen")
    return bool(persons) if isinstance(persons, list) else None


def _schemes(document: Mapping[str, JsonValue]) -> list[str]:
    """The ways the security schemes of the document name. Source: OpenAPI, "Security Scheme"."""
    schemes = _table(_table(document.get("components")).get("securitySchemes"))
    found = []
    for each in list(schemes.values())[:_MOST]:
        table = _table(each)
        kind, scheme = _text(table.get("type")), _text(table.get("scheme")).lower()
        named = {"apiKey": KEY, "oauth2": "oauth2", "openIdConnect": "oidc",
                 "mutualTLS": CERTIFICATE}  # fmt: skip
        if kind == "http":
            found.append(scheme if scheme in {"basic", "bearer"} else "")
        else:
            found.append(named.get(kind, ""))
    return [each for each in found if each]


def _peer(value: JsonValue) -> str:
    """A Peer ID; an OIN without quotes is a number in YAML, and has lost its zeros."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**20:
        return f"{value:020d}"
    return _text(value)


def _names(value: JsonValue) -> list[str]:
    """The texts of a list; an item may be an object that names itself."""
    if isinstance(value, str):
        return [value[:_LONGEST]]
    found = []
    for each in (value if isinstance(value, list) else [])[:_MOST]:
        text = _text(_table(each).get("naam")) if isinstance(each, dict) else _text(each)
        if text:
            found.append(text)
    return found


def _table(value: object) -> Mapping[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return " ".join(value.split())[:_LONGEST] if isinstance(value, str) else ""
