# SPDX-License-Identifier: EUPL-1.2
"""``landschap log legal-hold``: what is not destroyed although its term is over, and why."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import asyncpg
import click

from landschap.cli.asked_person import KINDS, pseudonyms_asked
from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.log_hold import Decided, by_two
from landschap.cli.moment_option import Moment
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.logboek.legal_holds import About, LegalHold
from landschap.logboek.pseudonyms import as_subject_id
from landschap.logboek.store import legal_holds as store
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_Result = TypeVar("_Result")

of_organisation = read_from_config("settings", load_settings)


@click.group("legal-hold")
def legal_hold() -> None:
    """Keep lines of the log past their term, for a court, an objection or an inquiry.

    Lines about a person whose request for access has no answer yet are held by the console itself.
    This is not about what residents are told: see `landschap log hold`.

    \b
    Examples:
      landschap log legal-hold list
      landschap log legal-hold place --person bsn --reason "beroep 2026-17" \\
        --author "A. de Wit" --approver "B. Jansen"
    """


@legal_hold.command("place")
@click.option(
    "--person",
    type=click.Choice(KINDS),
    help="All about one person, by a number of this kind; it is asked for unseen.",
)
@click.option("--activity", help="All under a processing activity.")
@click.option("--since", type=Moment(), help="Acts from this moment on.")
@click.option("--until", type=Moment(), help="Acts before this moment.")
@by_two
@json_option
@of_organisation
def place(
    settings: Settings, person: str | None, decided: Decided, as_json: bool, **narrowed: object
) -> None:  # fmt: skip
    """Hold lines: about a person, under an activity, of a period; given together, what fits all.

    It counts from now on, until two people lift it. A month with one line that is held stays whole.

    \b
    Examples:
      landschap log legal-hold place --person bsn --reason "beroep 2026-17" \\
        --author "A. de Wit" --approver "B. Jansen"
      landschap log legal-hold place --activity https://weesp.example/activiteiten/bijstand \\
        --since 2021-01-01T00:00 --until 2022-01-01T00:00 --reason "raadsonderzoek" \\
        --author "A. de Wit" --approver "B. Jansen"
    """
    about = _about(settings, person, narrowed)
    made = _done(
        settings, lambda pool: store.place_legal_hold(pool, about, decided.people, decided.reason)
    )
    click.echo(json.dumps({"hold": str(made)}) if as_json else f"held: {made}")


@legal_hold.command("lift")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@by_two
@json_option
@of_organisation
def lift(settings: Settings, hold_id: UUID, decided: Decided, as_json: bool) -> None:
    """End HOLD, by two people. That it stood stays written down.

    \b
    Examples:
      landschap log legal-hold lift 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --reason "uitspraak" \\
        --author "A. de Wit" --approver "B. Jansen"
    """
    why = (decided.people, decided.reason)
    if not _done(settings, lambda pool: store.lift_legal_hold(pool, hold_id, *why)):
        raise Trouble(
            f"no hold {hold_id} is in force", "`landschap log legal-hold list` names those that are"
        )
    click.echo(json.dumps({"lifted": str(hold_id)}) if as_json else f"lifted: {hold_id}")


@legal_hold.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that ended.")
@json_option
@of_organisation
def list_legal_holds(settings: Settings, every: bool, as_json: bool) -> None:
    """List what is held, with requests for access that are open. Persons show as pseudonyms.

    \b
    Examples:
      landschap log legal-hold list
      landschap log legal-hold list --all --json
    """
    found = _done(settings, lambda pool: store.legal_holds(pool, every=every))
    rows = [_body(each) for each in found]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("Hold", "Ground", "About", "Reason", "By", "Since", "Ended", whole="Hold")
    for row, one in zip(rows, found, strict=True):
        by = ", ".join(each for each in (one.placed_by, one.approved_by) if each)
        table.add_row(
            str(row["hold"]), one.ground.value.replace("_", " "), _words(one.about), one.reason, by,
            str(row["since"])[:10], str(row.get("endedAt", "-"))[:10],
        )  # fmt: skip
    answer.print(table)


def _about(settings: Settings, person: str | None, narrowed: dict[str, object]) -> About:
    """What is to be held. Raises click.UsageError and click.BadParameter."""
    if person is None and not any(narrowed.values()):
        raise click.UsageError("give --person, --activity, --since or --until")
    subjects = None if person is None else pseudonyms_asked(settings, person)
    return About(subjects=subjects, **narrowed)  # type: ignore[arg-type]  # as click gives them


def _words(about: About) -> str:
    parts = [f"person {as_subject_id(each)}" for each in (about.subjects or ())[-1:]]
    parts += [f"activity {about.activity}"] if about.activity else []
    parts += [f"from {as_utc_text(about.since)}"] if about.since else []
    parts += [f"before {as_utc_text(about.until)}"] if about.until else []
    return ", ".join(parts)


def _body(one: LegalHold) -> dict[str, JsonValue]:
    about = one.about
    made: dict[str, JsonValue | None] = {
        "hold": str(one.hold_id),
        "ground": one.ground.value,
        "subjects": None if about.subjects is None else list(map(as_subject_id, about.subjects)),
        "activity": about.activity,
        "from": as_utc_text(about.since) if about.since else None,
        "before": as_utc_text(about.until) if about.until else None,
        "reason": one.reason,
        "author": one.placed_by,
        "approver": one.approved_by,
        "since": as_utc_text(one.placed_at),
        "endedAt": as_utc_text(one.ended_at) if one.ended_at else None,
        "endedBy": one.ended_by,
        "endReason": one.end_reason,
    }
    return {name: value for name, value in made.items() if value is not None}


def _done(settings: Settings, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    """Do it as the officers' role. Raises Trouble for what the database does not take."""
    try:
        return run_with_pool(settings, "logboek", work, role=store.OFFICERS)
    except asyncpg.CheckViolationError as error:
        raise _not_taken(error.constraint_name or "") from None


def _not_taken(constraint: str) -> Trouble:
    if constraint == "two_people":
        return Trouble("one person can not decide and approve", "let another person approve it")
    if constraint == "period":
        return Trouble("the period ends before it begins", "see --since and --until")
    return Trouble(
        "a reason of 3 to 500 characters and both names are needed",
        "give --reason, --author and --approver",
    )
