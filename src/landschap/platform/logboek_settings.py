# SPDX-License-Identifier: EUPL-1.2
"""The settings of logs: the technical one, and of the processing log who keeps its ends and who may
write in it by the municipal standard.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landschap.platform import options as o
from landschap.platform.options import option
from landschap.vocabulary.identifiers import PeerId

VNG_RIGHTS = (
    "create:normal", "create:confidential", "update:normal", "update:confidential", "read:normal",
)  # fmt: skip
"""The scopes of the municipal standard that mean something here. Source: VNG, "Scopes"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """The technical log."""

    level: str = option(
        o.choice("debug", "info", "warning", "error"), "Least severe line shown.", default="info"
    )
    format: str = option(
        o.choice("auto", "json", "text"), "auto: text on a terminal, else JSON.", default="auto"
    )
    access_megabytes: int = option(
        o.whole_number(1, 100_000),
        "Size at which a log file of nginx is renamed; each day it is too.",
        default=100,
    )
    access_days: int = option(
        o.whole_number(1, 3_650), "Days that renamed log files of nginx are kept.", default=30
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LogboekSettings:
    """The processing log."""

    sealed: bool = option(
        o.boolean,
        "What records say is sealed with a key of the secrets folder before it is written: who "
        "operates the database reads only what finds them.",
        default=False,
    )
    destroy: str = option(
        o.choice("daily", "by_hand"),
        "Months of which every term is over and that nothing holds are destroyed each day, or only "
        "by `landschap log destroy --execute`.",
        default="daily",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessSettings:
    """Who keeps the signed ends of our log, as we keep theirs: so no log is rewritten unseen."""

    peers: tuple[PeerId, ...] = option(
        o.several(o.a_peer_id),
        "Peer IDs of our witnesses, for which we witness too; each names the other.",
        default=(),
    )
    seconds_between: int = option(
        o.whole_number(1, 86_400), "How often the end of our log is brought to them.", default=600
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class VngSettings:
    """The processing log by the municipal standard "logging van verwerkingen"."""

    applications: Mapping[str, tuple[str, ...]] = option(
        o.table_of(o.several(o.choice(*VNG_RIGHTS))),
        "What an application may do, by its name; who is not named may do nothing. While none is, "
        "every application creates and reads what is normal, as at the other doors of the log.",
        default=None,
    )
