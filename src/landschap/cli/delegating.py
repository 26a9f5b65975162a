# SPDX-License-Identifier: EUPL-1.2
"""Who acts for whom in a contract that is proposed: the options, and the values they make.

Both delegations have the same three facts behind them, and none can be left out: as what the other
acts, under which agreement, and until when.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from landschap.fsc.areas import Area
from landschap.fsc.delegation import Agreement, Role, Side
from landschap.fsc.external import PROPERTIES, ExternalReference
from landschap.fsc.grants import GrantType
from landschap.fsc.thumbprints import is_public_key_thumbprint
from landschap.vocabulary.identifiers import InvalidValue, PeerId
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """One delegation as it was typed; the words name its options in an error."""

    words: str
    delegator: PeerId | None
    agreement: Agreement | None

    def properties(self, side: Side) -> dict[str, JsonValue]:
        """The grant property of its agreement."""
        if self.agreement is None:
            return {}
        return {side.agreement_property: self.agreement.as_property()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """Whose Outway asks, or which directory lists; and for whom."""

    outway: PeerId | None = None
    outway_key: str = ""
    directory: PeerId | None = None
    asks: Acting
    offers: Acting
    outside: ExternalReference | None = None
    area: Area | None = None

    def properties(self) -> dict[str, JsonValue]:
        """The grant properties that say for whom, and under which agreements."""
        area = {} if self.area is None else self.area.as_properties()
        if self.outside is not None:
            kind = GrantType.CONNECTION if self.directory is None else GrantType.PUBLICATION
            return {PROPERTIES[kind]: self.outside.as_property()} | area
        asks = Side.CONNECTION if self.directory is None else Side.PUBLICATION
        return area | self.asks.properties(asks) | self.offers.properties(Side.PUBLICATION)


def delegation_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of `mandate_of`, on one command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def mandate_of(typed: dict[str, Any]) -> Mandate:
    """Take the options of `delegation_options` out of what was typed. Raises ClickException."""
    outway, key = typed.pop("outway"), typed.pop("outway_key")
    directory = typed.pop("directory")
    found = Mandate(
        outway=_peer_id(outway, "--outway"),
        outway_key=key.lower(),
        directory=_peer_id(directory, "--directory"),
        asks=_acting(typed, ""),
        offers=_acting(typed, "service_"),
        outside=_outside(typed),
        area=area_from(typed.pop("area"), typed.pop("area_administrator")),
    )
    if found.outside is not None and found.asks.delegator is not None:
        raise click.UsageError(
            "give either --on-behalf-of, for a delegator that signs itself, or --external-agreement"
        )
    if bool(outway) != bool(key):
        raise click.UsageError("--outway and --outway-key belong together")
    if key and not is_public_key_thumbprint(found.outway_key):
        raise click.BadParameter("--outway-key is 64 hexadecimals: SHA-256 of the public key")
    if found.directory is not None and (found.outway or found.offers.delegator):
        raise click.UsageError(
            "with --directory there is no Outway: say for whom the service is offered with "
            "--on-behalf-of"
        )
    return found


def _acting(typed: dict[str, Any], prefix: str) -> Acting:
    names = ("on_behalf_of", "role", "agreement", "agreement_until")
    whom, *facts = (typed.pop(f"{prefix}{name}") for name in names)
    options = [f"--{prefix}{name}".replace("_", "-") for name in names]
    if not any((whom, *facts)):
        return Acting(words=options[0], delegator=None, agreement=None)
    if not all((whom, *facts)):
        raise click.UsageError(
            f"{', '.join(options[:-1])} and {options[-1]} belong together: nobody acts for another "
            "without an agreement that is named"
        )
    role, reference, until = facts
    try:
        agreement = Agreement.of(role=role, reference=reference, until=until)
    except InvalidValue as error:
        raise click.BadParameter(f"{options[2]}, {options[3]}: {error}") from None
    return Acting(words=options[0], delegator=_peer_id(whom, options[0]), agreement=agreement)


def _outside(typed: dict[str, Any]) -> ExternalReference | None:
    names = ("external_agreement", "external_delegator", "external_delegator_name")
    texts = [typed.pop(name) for name in names]
    if not any(texts):
        return None
    options = ", ".join(f"--{name}".replace("_", "-") for name in names)
    if not all(texts):
        raise click.UsageError(f"{options} belong together")
    try:
        return ExternalReference.of(
            reference=texts[0], delegator_id=texts[1], delegator_name=texts[2]
        )
    except InvalidValue as error:
        raise click.BadParameter(f"{options}: {error}") from None


def area_from(name: str, administrator: str) -> Area | None:
    """The Regulated Area that was typed, None when there is none. Raises ClickException."""
    if bool(name) != bool(administrator):
        raise click.UsageError("--area and --area-administrator belong together")
    try:
        return Area.of(administrator=administrator, name=name) if name else None
    except InvalidValue as error:
        raise click.BadParameter(f"--area, --area-administrator: {error}") from None


def _peer_id(text: str, option: str) -> PeerId | None:
    try:
        return PeerId.parse(text) if text else None
    except InvalidValue as error:
        raise click.BadParameter(f"{option}: {error}") from None


def _four(prefix: str, whom: str) -> list[Callable[..., Any]]:
    """The four options of one delegation."""
    return [
        click.option(f"--{prefix}on-behalf-of", default="", metavar="PEER-ID", help=whom),
        click.option(
            f"--{prefix}role",
            type=click.Choice([each.value for each in Role]),
            default=None,
            help="As what the other acts (GDPR art. 26, 28).",
        ),
        click.option(
            f"--{prefix}agreement", default="", metavar="TEXT",
            help="Reference of the agreement between the two.",
        ),
        click.option(
            f"--{prefix}agreement-until", default="", metavar="YYYY-MM-DD",
            help="First day the agreement no longer holds; questions stop then.",
        ),
    ]  # fmt: skip


_OPTIONS = [
    click.option(
        "--outway", default="", metavar="PEER-ID", help="Whose Outway asks; default our own."
    ),
    click.option(
        "--outway-key", default="", metavar="HEX",
        help="SHA-256 of the public key of that Outway; 64 hexadecimals.",
    ),
    click.option(
        "--directory", default="", metavar="PEER-ID",
        help="Have the service listed in this directory, instead of asking for its use.",
    ),
    *_four("", "For whom the Outway asks; with --directory: for whom the service is offered."),
    *_four("service-", "For whom the provider offers the service."),
    click.option(
        "--external-agreement", default="", metavar="TEXT",
        help="Reference of an agreement outside FSC, for a delegator without a Manager.",
    ),
    click.option(
        "--external-delegator", default="", metavar="TEXT", help="Number of that delegator."
    ),
    click.option(
        "--external-delegator-name", default="", metavar="TEXT", help="Its name."
    ),
    click.option(
        "--area", default="", metavar="NAME",
        help="Regulated Area that the service is in: for members only.",
    ),
    click.option(
        "--area-administrator", default="", metavar="PEER-ID",
        help="Its membership administrator.",
    ),
]  # fmt: skip
