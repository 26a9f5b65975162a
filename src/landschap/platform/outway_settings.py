# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""The tables ``[outway]`` of the settings: names of connections, and other engines that must agree.

What the address of another engine must look like is told by ``gateway/voices``, that reads the
same table in the file of a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.options import option, section


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSettings:
    """Another decision point; without its answer in time nothing leaves."""

    address: str = option(
        o.web_address("https", "http"), "Where it is asked; http only on this machine."
    )
    kind: str = option(o.choice("authzen", "opa"), "What it speaks.", default="authzen")
    timeout_ms: int = option(
        o.whole_number(10, 500), "How long its answer is waited for.", default=250
    )
    key_file: str | None = option(
        o.text, "File in the secrets folder; sent as a bearer token.", default=None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutwaySettings:
    """What our own applications may say, and who else must agree."""

    aliases: Mapping[str, str] = option(
        o.table_of(o.text),
        "Names for connections, used as Fsc-Grant-Alias or as host name: each stands for a grant "
        "hash, service or peer/service.",
        default=None,
    )
    veto: Path | None = option(
        o.a_path, "File with rules in Cedar that only forbid what leaves.", default=None
    )
    voice: VoiceSettings | None = section(
        VoiceSettings,
        "Another decision point that must agree with what leaves.",
        optional=True,
    )
