# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""The settings of FSC: generation of the wire, tokens, who says yes to a contract."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.options import option, section
from landschap.platform.toml_reading import Reading

_WAYS = o.choice("auto", "callout", "manual")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignSettings:
    """Who says yes to what others propose; empty is the usual way of a grant type."""

    service_publication: str = option(
        _WAYS, "To be listed at us. Usual: auto at the directory, else manual.", default=""
    )
    service_connection: str = option(
        _WAYS, "To ask a service of ours. Usual: manual, or auto if in `fsc.auto_sign`.", default=""
    )
    delegated_service_publication: str = option(
        _WAYS, "To be listed at us for another. Usual: as `service_publication`.", default=""
    )
    delegated_service_connection: str = option(
        _WAYS, "To ask a service of ours for another. Usual: as `service_connection`.", default=""
    )

    def ways(self) -> dict[str, str]:
        """The word of each grant type -> its way."""
        return {
            "servicePublication": self.service_publication,
            "serviceConnection": self.service_connection,
            "delegatedServicePublication": self.delegated_service_publication,
            "delegatedServiceConnection": self.delegated_service_connection,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CalloutSettings:
    """The validator that is asked about contracts whose way is `callout`: one of the two."""

    program: Path | None = option(
        o.a_path, "Program that gets the contract as JSON on its standard input.", default=None
    )
    address: str = option(o.web_address("https"), "Address that gets it in a POST.", default="")
    authority: Path | None = option(
        o.a_path, "CA of that address (PEM); left out: those of the system.", default=None
    )
    seconds: int = option(o.whole_number(1, 60), "Longest wait; then a person decides.", default=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class FscSettings:
    """Federated Service Connectivity."""

    profile: str = option(
        o.choice("fsc-2", "fsc-1.1"), "Wire generation of the Group.", default="fsc-2"
    )
    token_ttl_seconds: int = option(
        o.whole_number(1, 86_400), "Life of access tokens we issue.", default=300
    )
    auto_sign: tuple[str, ...] = option(
        o.several(
            o.choice(
                "servicePublication",
                "serviceConnection",
                "delegatedServicePublication",
                "delegatedServiceConnection",
            )
        ),
        "Grant types that are accepted without a person: a short form of `fsc.sign`.",
        default=(),
    )
    accept_again: str = option(
        o.choice("warn", "automatic"),
        "Accepts of ours whose certificate ends before the contract: say so, or sign again with "
        "the new certificate.",
        default="warn",
    )
    sign: SignSettings = section(SignSettings, "Who says yes to a contract, per grant type.")
    callout: CalloutSettings | None = section(
        CalloutSettings, "The validator that is asked.", optional=True
    )


def check_callout(reading: Reading, fsc: FscSettings) -> None:
    """Who says callout says whom to ask, and one of the two ways to ask."""
    asked = [word for word, way in fsc.sign.ways().items() if way == "callout"]
    if asked and fsc.callout is None:
        reading.problem("fsc.callout", f"needed because fsc.sign says callout for {asked[0]}")
    if fsc.callout is not None and bool(fsc.callout.program) == bool(fsc.callout.address):
        reading.problem("fsc.callout", "give either a program or an address")
