# SPDX-License-Identifier: EUPL-1.2
"""Evidence from the registers: rules of retention, what is past its term, what was destroyed.

And reports that a value is wrong.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from landschap.cli.complying.asking import Asked, Facts, Found, failed, missing, named, shown
from landschap.cli.register import desk_of
from landschap.cli.retention.parts import pseudonyms, rules_of
from landschap.cli.verify import counting
from landschap.registers.retention import Value
from landschap.registers.store import disposal, proposing
from landschap.registers.store.reported import reported_between
from landschap.vocabulary.times import amsterdam_day

_NO_REGISTERS = "there are no registers here"


async def retention_rules(asked: Asked, _most: timedelta) -> Found:
    """Every register has rules of retention, by its selection list."""
    desk = desk_of(asked.settings)
    names = sorted(desk.registers.by_name)
    if not names:
        return missing(_NO_REGISTERS)
    without = [each for each in names if rules_of(desk, desk.register(each)) is None]
    facts: Facts = {"registers": len(names), "withoutRules": len(without)}
    if without:
        return failed(f"without rules: {named(without)}", **facts)
    return shown(f"{len(names)} registers, each with rules of retention", **facts)


async def retention_overdue(asked: Asked, most: timedelta) -> Found:
    """Nothing that must be destroyed is longer than ``most`` past its term, unless it is held."""
    seen, without, facts = await _past_term(asked, most)
    if seen["overdue"]:
        words = f"{seen['overdue']:,} objects are past their term, {seen['held']:,} more are held"
        return failed(words, **facts)
    if without:
        return missing(without, **facts)
    return shown(f"of {seen.total():,} objects with a rule none is past its term", **facts)


async def transfer_overdue(asked: Asked, most: timedelta) -> Found:
    """Nothing that is kept for ever is longer than ``most`` past the day of its transfer."""
    seen, without, facts = await _past_term(asked, most)
    if seen["toTransfer"]:
        return failed(f"{seen['toTransfer']:,} objects had to be transferred by now", **facts)
    if without:
        return missing(without, **facts)
    return shown(f"of {seen.total():,} objects with a rule none waits for its transfer", **facts)


async def corrections_in_time(asked: Asked, _most: timedelta) -> Found:
    """Each report that a value is wrong, made in the period, was decided on in its term.

    Which receivers were told stands with each report in the console, and is not counted.
    """
    found = await reported_between(await asked.pool("registers"), asked.since, asked.until)
    late = sum((each.decided_at or asked.now) > each.until for each in found)
    waiting = sum(each.decided_at is None for each in found)
    facts: Facts = {"reports": len(found), "late": late, "open": waiting}
    if late:
        return failed(f"{late} of {len(found)} reports were not decided on in time", **facts)
    if not found:
        return missing(
            "no value was reported as wrong; reports made elsewhere are not seen", **facts
        )
    return shown(f"{len(found)} reports, {waiting} open, none past its term", **facts)


async def _past_term(asked: Asked, most: timedelta) -> tuple[Counter[str], str, Facts]:
    """How the objects of all registers stand; and why that can not be told of all."""
    desk = desk_of(asked.settings)
    pool = await asked.pool("registers")
    day, find = amsterdam_day(asked.now) - most, pseudonyms(desk)
    seen: Counter[str] = Counter()
    without = []
    for name, register in sorted(desk.registers.by_name.items()):
        rules = rules_of(desk, register)
        if rules is None:
            without.append(name)
            continue
        total = await proposing.size_of(pool, register, rules)
        with counting(f"Looking in {name}", seen.total() + total) as advance:
            async for one in proposing.judged(pool, register, rules, asked.now, find):
                seen[_standing(one, day)] += 1
                advance(seen.total())
    kinds = {each: seen[each] for each in ("overdue", "held", "toTransfer")}
    facts: Facts = {"looked": seen.total(), **kinds, "withoutRules": len(without)}
    told = f"no rules for {named(without)}" if without else ""
    return seen, told if desk.registers.by_name else _NO_REGISTERS, facts


def _standing(one: proposing.Judged, day: date) -> str:
    """What an object is on a day, by its rule: in its term, held, to transfer, or overdue."""
    if one.due is None or one.due.due_on >= day:
        return "inTerm"
    if one.holds:
        return "held"
    return "toTransfer" if one.due.rule.value is Value.KEEP else "overdue"


async def retention_executed(asked: Asked, most: timedelta) -> Found:
    """Lists that two persons approved in the period were carried out, within ``most``."""
    desk = desk_of(asked.settings)
    pool = await asked.pool("registers")
    lists = done = 0
    late = []
    for register in desk.registers.by_name.values():
        for given, counts in await disposal.lists(pool, register):
            at = given.approved_at
            if at is None or not asked.since <= at < asked.until:
                continue
            lists += 1
            done += counts["done"]
            waits = counts["items"] - counts["excluded"] - counts["done"]
            if waits > 0 and at + most < asked.now:
                late.append(str(given.list_id))
    facts: Facts = {"lists": lists, "destroyed": done, "unfinished": len(late)}
    if late:
        return failed(f"approved and not carried out: {named(late)}", **facts)
    if not done:
        return missing("nothing was approved and destroyed in the period", **facts)
    return shown(f"{done:,} objects of {lists} lists destroyed, with signed statements", **facts)
