# SPDX-License-Identifier: EUPL-1.2
"""``landschap log hold|review|lift|holds``: what residents are not told of, decided by two."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import wraps
from typing import TypeVar
from uuid import UUID

import asyncpg
import click

from landschap.cli.asked_person import KINDS, pseudonyms_asked
from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.tables import answer, table_of
from landschap.logboek.canonical import holds_person_number
from landschap.logboek.disclosure import GROUNDS, Hold, Matter, PostLift, undecided
from landschap.logboek.store import holds as store
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.purposes.reading import nearest_of
from landschap.purposes.store import (
    activity_versions,
    confidential_activities,
    current_snapshot,
)
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day, as_utc_text, parse_day

OFFICERS = "landschap_disclosure"
LONGEST_CASE = 200
_Result = TypeVar("_Result")
_AFTER = click.Choice([each.value for each in PostLift])
_NONE_STANDS = "`landschap log holds` names those in force"

of_organisation = read_from_config("settings", load_settings)


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided and who approved, and why."""

    people: tuple[str, str]
    reason: str


def by_two(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every decision has, as one argument ``decided``."""

    @click.option("--reason", required=True, help="Why; without a person's number.")
    @click.option("--author", required=True, help="Who decides.")
    @click.option("--approver", required=True, help="Who approves: another person.")
    @wraps(command)
    def with_people(*, reason: str, author: str, approver: str, **given: object) -> None:
        _refuse_number(reason, "--reason")
        command(decided=Decided((author, approver), reason), **given)

    return with_people


review_option = click.option(
    "--review", required=True, metavar="DAY", help="When it is looked at again, YYYY-MM-DD."
)


@click.command("hold")
@click.argument("activity", metavar="[ACTIVITY]", required=False, default="")
@click.option(
    "--case",
    metavar="NUMBER",
    default="",
    help="Instead of ACTIVITY: all uses in one case, by its number as it stands in the log.",
)
@click.option(
    "--ground",
    required=True,
    type=click.Choice(list(GROUNDS)),
    help="Item of UAVG art. 41 lid 1 (AVG art. 23 lid 1).",
)
@click.option(
    "--person",
    type=click.Choice(KINDS),
    help="Only from one person, by a number of this kind; it is asked for unseen.",
)
@by_two
@review_option
@click.option(
    "--after",
    type=_AFTER,
    default=PostLift.NEVER.value,
    show_default=True,
    help="What is told once it is lifted: all, only that there was a use, or nothing.",
)
@json_option
@of_organisation
def hold(
    settings: Settings, decided: Decided, activity: str, case: str, person: str | None,
    as_json: bool, **told: str,
) -> None:  # fmt: skip
    """Hold back all uses under ACTIVITY, or in one case, from the persons they are about.

    Two people decide it, until it is lifted; it is looked at again within six months. It counts
    from now on, for uses of before too. With --person it is held back from one person, and others
    are told of theirs as before. With --case it is about all uses with that number of a case,
    whoever they are about and under whichever activity.

    \b
    Grounds:
      a  national security               f  independence of courts
      b  defence                         g  breaches of codes of professions
      c  public security                 h  supervision and inspection
      d  criminal offences               i  the person, or rights of others
      e  another general interest        j  civil claims

    \b
    Examples:
      landschap log hold https://weesp.example/activiteiten/fraude --ground d \\
        --reason "onderzoek 2026-17" --review 2027-04-01 --author "A. de Wit" --approver "B. Jansen"
      landschap log hold https://weesp.example/activiteiten/fraude --ground i --person bsn \\
        --reason "dreiging, besluit B-31" --review 2027-04-01 --after show_generic \\
        --author "A. de Wit" --approver "B. Jansen"
      landschap log hold --case Z-2026-0017 --ground d --reason "onderzoek 2026-17" \\
        --review 2027-04-01 --author "A. de Wit" --approver "B. Jansen"
    """
    day, after = _day(told["review"]), PostLift(told["after"])
    what = _matter(settings, activity, case.strip(), person)

    async def put(rooms: _Rooms) -> UUID | None:
        if what.activity:
            await _require_known(rooms.purposes, what.activity)
        return await store.put_hold(
            rooms.log, what, told["ground"], decided.people, decided.reason, day, after
        )

    made = _done(settings, put)
    if made is None:
        same = f"case {what.case}" if what.case else what.activity
        same = same if person is None else f"{same} for this person"
        raise Trouble(f"a hold on {same} is in force already", _NONE_STANDS)
    click.echo(json.dumps({"hold": str(made)}) if as_json else f"held back: {made}")


def _matter(settings: Settings, activity: str, case: str, person: str | None) -> Matter:
    """What is decided on. Raises click.UsageError, click.BadParameter."""
    if bool(activity) == bool(case):
        raise click.UsageError("give an ACTIVITY, or the number of a case with --case")
    if not case:
        return Matter(activity, None if person is None else pseudonyms_asked(settings, person))
    if person is not None:
        raise click.UsageError("a case is held back from everybody: --person goes with ACTIVITY")
    if len(case) > LONGEST_CASE:
        raise click.BadParameter(f"at most {LONGEST_CASE} characters", param_hint="--case")
    _refuse_number(case, "--case")
    return Matter(case=case)


def _refuse_number(text: str, option: str) -> None:
    if holds_person_number(text.encode()):
        raise click.BadParameter("the number of a person stands in it", param_hint=option)


@click.command("review")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@by_two
@review_option
@json_option
@of_organisation
def review(
    settings: Settings, decided: Decided, hold_id: UUID, review: str, as_json: bool
) -> None:  # fmt: skip
    """Write down that HOLD was looked at again and goes on, until the next day of review.

    \b
    Examples:
      landschap log review 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --reason "loopt nog" \\
        --review 2027-09-01 --author "A. de Wit" --approver "B. Jansen"
    """
    day = _day(review)

    async def write(rooms: _Rooms) -> bool:
        return await store.review_hold(rooms.log, hold_id, decided.people, decided.reason, day)

    if not _done(settings, write):
        raise Trouble(f"no hold {hold_id} is in force", _NONE_STANDS)
    told = {"hold": str(hold_id), "review": day.isoformat()}
    click.echo(json.dumps(told) if as_json else f"goes on until {day}: {hold_id}")


@click.command("lift")
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@by_two
@click.option("--after", type=_AFTER, help="What is told since; default as the hold says.")
@json_option
@of_organisation
def lift(
    settings: Settings, decided: Decided, hold_id: UUID, after: str | None, as_json: bool
) -> None:  # fmt: skip
    """End HOLD. What is told since counts for uses of before too.

    show tells them in full, show_generic only that there was a use by law, never nothing. That
    the hold was there stays written down.

    \b
    Examples:
      landschap log lift 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --reason "afgerond" \\
        --after show --author "A. de Wit" --approver "B. Jansen"
    """
    what = PostLift(after) if after else None

    async def write(rooms: _Rooms) -> Hold | None:
        return await store.lift_hold(rooms.log, hold_id, decided.people, decided.reason, what)

    ended = _done(settings, write)
    if ended is None:
        raise Trouble(f"no hold {hold_id} is in force", _NONE_STANDS)
    told = {"lifted": str(hold_id), "after": ended.post_lift.value}
    click.echo(json.dumps(told) if as_json else f"lifted ({ended.post_lift}): {hold_id}")


@click.command("holds")
@click.option("--all", "every", is_flag=True, help="Also those that were lifted.")
@json_option
@of_organisation
def list_holds(settings: Settings, every: bool, as_json: bool) -> None:
    """List what is held back: since when, on which ground, and when it is looked at again.

    Confidential activities on which nobody decided are held back too, and named below.

    \b
    Examples:
      landschap log holds
      landschap log holds --all --json
    """

    async def read(rooms: _Rooms) -> tuple[list[Hold], list[str]]:
        found = await store.holds(rooms.log)
        return found, undecided(await confidential_activities(rooms.purposes), found)

    found, missing = _done(settings, read)
    today = amsterdam_day(datetime.now(UTC))
    shown = [each for each in found if every or each.stands]
    if as_json:
        told = {"holds": [_body(each, today) for each in shown], "undecided": missing}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = table_of(
        "Hold", "Activity or case", "Ground", "Days", "Review", "State", "By", whole="Hold"
    )  # fmt: skip
    for each in shown:
        table.add_row(
            str(each.hold_id),
            _about(each),
            each.ground,
            str(each.age(today)),
            each.review_at.isoformat(),
            _state(each, today),
            f"{each.decided_by}, {each.approved_by}",
        )
    answer.print(table)
    for uri in missing:
        click.echo(f"held back without a decision: {uri}")


def _about(each: Hold) -> str:
    if each.case:
        return f"case {each.case}"
    return each.activity if each.subjects is None else f"{each.activity} (one person)"


def _state(each: Hold, today: date) -> str:
    if not each.stands:
        return f"lifted, {each.post_lift}"
    return "review overdue" if each.is_overdue(today) else "in force"


def _body(each: Hold, today: date) -> dict[str, JsonValue]:
    made: dict[str, JsonValue] = {
        "hold": str(each.hold_id),
        "activity": each.activity or None,
        "case": each.case or None,
        "isOnePerson": each.subjects is not None,
        "ground": f"UAVG art. 41 lid 1 onder {each.ground}",
        "reason": each.reason,
        "author": each.decided_by,
        "approver": each.approved_by,
        "decidedAt": as_utc_text(each.decided_at),
        "days": each.age(today),
        "reviewAt": each.review_at.isoformat(),
        "isOverdue": each.is_overdue(today),
        "after": each.post_lift.value,
    }
    if each.lifted_at is not None:
        made |= {
            "liftedAt": as_utc_text(each.lifted_at),
            "liftedBy": each.lifted_by,
            "liftApprovedBy": each.lift_approved_by,
            "liftReason": each.lift_reason,
        }
    return made


class _Rooms:
    """The two rooms a decision is about."""

    def __init__(self, log: asyncpg.Pool, purposes: asyncpg.Pool) -> None:
        self.log = log
        self.purposes = purposes


def _done(settings: Settings, work: Callable[[_Rooms], Awaitable[_Result]]) -> _Result:
    """Do it as the officers' role. Raises Trouble for what the database does not take."""

    async def at_work() -> _Result:
        async with postgres.database(settings):
            log = await postgres.pool(settings, "logboek", role=OFFICERS, size=1)
            purposes = await postgres.pool(settings, "purposes", size=1)
            try:
                return await work(_Rooms(log, purposes))
            except asyncpg.CheckViolationError as error:
                raise _not_taken(error.constraint_name or "") from None
            finally:
                await log.close()
                await purposes.close()

    return asyncio.run(at_work())


def _not_taken(constraint: str) -> Trouble:
    if constraint == "two_people":
        return Trouble("one person can not decide and approve", "let another person approve it")
    if constraint == "half_a_year":
        return Trouble(
            "the day of review is not within six months from today",
            "choose a day after today and at most six months ahead",
        )
    return Trouble("a reason and both names are needed", "give --reason, --author and --approver")


async def _require_known(pool: asyncpg.Pool, activity: str) -> None:
    """A misspelt activity would hold nothing back. Raises Trouble."""
    snapshot, _ = await current_snapshot(pool)
    if activity in snapshot.activities or await activity_versions(pool, activity):
        return
    near = nearest_of(activity, snapshot.activities)
    raise Trouble(
        f"there never was an activity {activity} in the register; nothing was decided",
        f"did you mean {near}?" if near else "`landschap purpose list` tells what there is",
    )


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except InvalidValue as error:
        raise click.BadParameter(str(error), param_hint="--review") from None
