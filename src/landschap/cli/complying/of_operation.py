# SPDX-License-Identifier: EUPL-1.2
"""Evidence from the operation: certificates, logging in, security events, back-ups.

Settings and certificates are those of now; of an earlier moment nothing is kept.
"""

from __future__ import annotations

from datetime import UTC, timedelta

from landschap.cli.complying.asking import Asked, Facts, Found, failed, missing, named, shown
from landschap.cli.complying.backups import backups_of
from landschap.cli.ends import own_endings
from landschap.platform.identity_checks import check_identity
from landschap.platform.oidc import LEVELS
from landschap.platform.siem import outbox
from landschap.vocabulary.times import as_utc_text

_SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
# Methods of RFC 8176 that are one factor by themselves.
_ONE_FACTOR = frozenset({"pwd", "pin", "kba", "user"})


async def certificates_valid(asked: Asked, most: timedelta) -> Found:
    """Our certificate and anchors are right now, and end no sooner than ``most`` from now."""
    wrong = [each.what for each in check_identity(asked.settings, asked.now) if each.fatal]
    ends = [e for e in own_endings(asked.settings, asked.now) if e.name.split()[0] != "revocation"]
    soon = [f"{e.name} on {e.ends:%Y-%m-%d}" for e in ends if e.ends < asked.now + most]
    facts: Facts = {"certificates": len(ends), "endSoon": len(soon), "wrong": len(wrong)}
    if wrong or soon:
        return failed(
            "; ".join([*wrong, *([f"ends soon: {named(soon)}"] if soon else [])]), **facts
        )
    if not ends:
        return missing("no certificates could be read", **facts)
    first = min(each.ends for each in ends)
    return shown(f"{len(ends)} certificates; the first ends on {first:%Y-%m-%d}", **facts)


async def second_factor(asked: Asked, _most: timedelta) -> Found:
    """Employees enter the console with a second factor only: by level, or by method."""
    console = asked.settings.oidc.console
    if console is None:
        return missing("no log-in of employees is set (oidc.console)")
    weak = sorted(console.second_factors & _ONE_FACTOR)
    facts: Facts = {
        "minimumLevel": console.minimum_level,
        "methods": " ".join(console.second_factor),
    }
    if weak:
        return failed(f"these methods are no second factor: {named(weak)}", **facts)
    if not _is_substantial(console.minimum_level):
        return failed(f"{console.minimum_level} asks no second factor", **facts)
    return shown("the console asks a second factor of everybody", **facts)


async def residents_level(asked: Asked, _most: timedelta) -> Found:
    """Residents log in at level substantial or higher."""
    portal = asked.settings.oidc.portal
    if portal is None:
        return missing("no log-in of residents is set (oidc.portal)")
    facts: Facts = {"minimumLevel": portal.minimum_level}
    if not _is_substantial(portal.minimum_level):
        return failed(f"{portal.minimum_level} is lower than substantial", **facts)
    return shown(f"residents log in at {portal.minimum_level} or higher", **facts)


async def events_delivered(asked: Asked, most: timedelta) -> Found:
    """Security events reach each receiver, none waits longer than ``most``, none was lost."""
    pool = await asked.pool("platform")
    standings, lost = await outbox.standings(pool), await outbox.lost(pool)
    late = [e.name for e in standings if e.since is not None and asked.now - e.since > most]
    confirmed = min((each.confirmed for each in standings), default=0)
    facts: Facts = {
        "receivers": len(standings),
        "confirmed": confirmed,
        "lost": lost,
        "late": len(late),
    }
    if lost:
        return failed(f"{lost} events were lost since the beginning", **facts)
    if late:
        return failed(f"events wait too long for {named(late)}", **facts)
    if not confirmed:
        return missing("no receiver has confirmed an event", **facts)
    return shown(f"{len(standings)} receivers, up to event {confirmed} confirmed", **facts)


async def backup_made(asked: Asked, most: timedelta) -> Found:
    """A back-up was made in the period, at most ``most`` before its end (or before now)."""
    found = [e for e in backups_of(asked.settings) if asked.since <= e < asked.until]
    if not found:
        return missing("no back-up by `landschap backup` is known in the period")
    last = max(found)
    facts: Facts = {"backups": len(found), "last": as_utc_text(last.astimezone(UTC))}
    if last < asked.moment - most:
        return failed(f"the last back-up was made on {last:%Y-%m-%d}", **facts)
    return shown(f"{len(found)} back-ups, the last of {last:%Y-%m-%d}", **facts)


def _is_substantial(level: str) -> bool:
    return LEVELS.get(level, 0) >= LEVELS[_SUBSTANTIAL]
