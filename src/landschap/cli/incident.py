# SPDX-License-Identifier: EUPL-1.2
"""``landschap incident``: whom and what a data breach is about, and the notice of it."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import click
from cryptography import x509

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.deskwork import is_named, typed_hash
from landschap.cli.incident_letters import letters
from landschap.cli.incident_noted import list_incidents, note, step
from landschap.cli.incident_user import record_look, user_look
from landschap.cli.moment_option import Moment
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import LOG_READER, counting
from landschap.cli.with_pool import run_with_pool
from landschap.fsc.connections import ConnectionGrant
from landschap.fsc.keys import public_key
from landschap.fsc.store import connection_grants
from landschap.fsc.thumbprints import is_public_key_thumbprint, public_key_thumbprint
from landschap.logboek import store
from landschap.logboek.incidents import COLUMNS, Scope, TooMuch, due
from landschap.logboek.notices import draft_notice
from landschap.logboek.store.counting import stretches
from landschap.platform.identity import hosts_of, read_certificates
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3
_DEFAULT_DAYS = 30
_SHOWN = 50

of_organisation = read_from_config("settings", load_settings)


@click.group()
def incident() -> None:
    """See whom and what a data breach is about, and write down each.

    \b
    Examples:
      landschap incident scope --certificate stolen.crt --since 2026-11-01T00:00
      landschap incident note --found 2026-11-12T09:30 "Een brief aan het verkeerde adres"
    """


@dataclass(frozen=True, slots=True)
class Concerned:
    """The grants that an incident is about and who used them; None is every one."""

    grants: list[str] | None
    peers: list[str] | None


incident.add_command(note)
incident.add_command(step)
incident.add_command(list_incidents)
incident.add_command(letters)


@incident.command("scope")
@click.option("--certificate", help="File (PEM), or the thumbprint of its public key (64 hex).")
@click.option("--contract", help="The hash of a contract, or how it begins.")
@click.option("--user", help="The account of one of our own people, as applications name it.")
@click.option("--reason", help="With --user: why; it is recorded.")
@click.option("--author", help="With --user: who decides to look.")
@click.option("--approver", help="With --user: who approves, another person.")
@click.option("--since", type=Moment(), help="From this moment; default 30 days ago.")
@click.option("--until", type=Moment(), help="Up to this moment; default now.")
@click.option("--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="CSV file.")
@click.option("--discovered", type=Moment(), help="When it became known: the clock of 72 hours.")
@json_option
@of_organisation
@click.pass_context
def show_scope(
    ctx: click.Context, /, settings: Settings, target: Path | None, as_json: bool, **chosen: object
) -> None:
    """Say whose data went over the doors in a period, with which fields and to whom.

    Of a certificate: everything on the contracts that name its key or its host. Of a contract:
    everything on that contract. Of a user: everything that this employee asked, of others through
    an application and of us in the console; two people decide to look, and that is recorded first.
    Without any of these: everything that was carried. With --to the exact
    list, one row per person, receiver and service; persons are pseudonyms. With --discovered also
    the draft of the notice to the authority.

    \b
    Examples:
      landschap incident scope --certificate stolen.crt --since 2026-11-01T00:00 --to list.csv
      landschap incident scope --contract X1KsN8G5 --json
      landschap incident scope --certificate stolen.crt --discovered 2026-11-02T09:00
      landschap incident scope --user medewerker-17 --reason "wachtwoord gestolen" \\
        --author "A. de Wit" --approver "B. Jansen" --to list.csv
    """
    look = user_look(chosen)
    now = datetime.now(UTC)
    period = _period(chosen["since"], chosen["until"], now)
    concerned = _concerned(settings, chosen["certificate"], chosen["contract"])
    if concerned is None:
        click.echo("No contract that is known here names it.", err=True)
        ctx.exit(_NOT_FOUND)
    if look is not None:
        record_look(settings, look, period)
    scope = _scope(settings, period, concerned, look.user if look else None)
    if target is not None:
        _write(target, scope.table())
    body = {"since": as_utc_text(period[0]), "until": as_utc_text(period[1]), **scope.body()}
    discovered = chosen["discovered"]
    if isinstance(discovered, datetime):
        body["noticeDue"] = as_utc_text(due(discovered))
        body["notice"] = draft_notice(scope, discovered=discovered, now=now, period=period)
    if as_json:
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    _tell(body)


def _tell(body: Mapping[str, object]) -> None:
    table = table_of("Controller", "Receiver", "On behalf of", "Service", "Persons", "Uses")
    rows = body["perController"]
    assert isinstance(rows, list)  # noqa: S101 - made by Scope.body
    for row in rows[:_SHOWN]:
        table.add_row(*(str(row[name]) for name in (*COLUMNS[:4], "persons", "uses")))
    answer.print(table)
    if len(rows) > _SHOWN:
        click.echo(f"and {len(rows) - _SHOWN} more; --json gives all")
    groups, fields = body["dataGroups"], body["fields"]
    assert isinstance(groups, list) and isinstance(fields, dict)  # noqa: S101, PT018 - see above
    click.echo(f"{body['persons']} persons in {body['questions']} questions that were carried")
    click.echo(f"kinds of data: {', '.join(groups) or '-'}")
    click.echo(f"fields: {', '.join(fields) or '-'}")
    if body["questionsWithoutPersons"]:
        click.echo(
            f"not known: whom {body['questionsWithoutPersons']} questions were about; "
            "no line in the log tells, ask the source"
        )
    if "notice" in body:
        click.echo(f"\n{body['notice']}")


def _period(since: object, until: object, now: datetime) -> tuple[datetime, datetime]:
    end = until if isinstance(until, datetime) else now
    begin = since if isinstance(since, datetime) else end - timedelta(days=_DEFAULT_DAYS)
    if begin >= end:
        raise click.BadParameter("the period ends before it begins")
    return begin, end


def _concerned(settings: Settings, certificate: object, contract: object) -> Concerned | None:
    """The grants; None when the log can hold nothing of what was asked."""
    if certificate is None and contract is None:
        return Concerned(None, None)
    thumbprints, hosts = _names(str(certificate)) if certificate else (set(), set())
    wanted = None if contract is None else typed_hash(str(contract))

    async def find(pool: asyncpg.Pool) -> list[ConnectionGrant]:
        return await connection_grants(pool, datetime.now(UTC))

    found = [
        grant
        for grant in run_with_pool(settings, "fsc", find)
        if (certificate is None or _of_certificate(grant, thumbprints, hosts))
        and (wanted is None or is_named(grant.content_hash.value, wanted))
    ]
    peers = sorted({grant.outway_peer_id.value for grant in found})
    own = settings.organisation.oin.value
    suppliers = {
        grant.service_peer_id.value for grant in found if grant.outway_peer_id.value == own
    }
    grants = sorted({grant.grant_hash.value for grant in found})
    return Concerned(grants, sorted({*peers, *suppliers})) if found else None


def _of_certificate(grant: ConnectionGrant, thumbprints: set[str], hosts: set[str]) -> bool:
    return grant.outway_thumbprint in thumbprints or grant.outway_domain in hosts


def _names(certificate: str) -> tuple[set[str], set[str]]:
    """The thumbprints of keys and the hosts by which contracts can name a certificate."""
    if is_public_key_thumbprint(certificate):
        return {certificate}, set()
    found: Sequence[x509.Certificate] = read_certificates(Path(certificate))
    own = found[:1]  # a chain begins with the certificate itself
    if not own:
        raise Trouble(f"{certificate} holds no certificate", "name a file in PEM")
    key = public_key(own[0].public_key())
    return {public_key_thumbprint(key)}, set(hosts_of(own[0]))


def _scope(
    settings: Settings, period: tuple[datetime, datetime], concerned: Concerned, user: str | None
) -> Scope:
    async def gather(pool: asyncpg.Pool) -> Scope:
        with counting("Searching", len(stretches(*period))) as advance:
            return await store.incident_scope(
                pool, *period, grants=concerned.grants, peers=concerned.peers, user=user,
                progress=advance,
            )  # fmt: skip

    try:
        return run_with_pool(settings, "logboek", gather, role=LOG_READER)
    except TooMuch as error:
        raise Trouble(f"the scope holds {error}", "ask for a shorter period") from None


def _write(target: Path, rows: Iterable[Sequence[str]]) -> None:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            os.fchmod(descriptor, 0o600)
            csv.writer(file).writerows(rows)
    except OSError as error:
        raise Trouble(f"{target} can not be written: {error.strerror}", "name another") from None
