# SPDX-License-Identifier: EUPL-1.2
"""Evidence from the registers: rules of retention, what is past its term, what was destroyed."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from landschap.cli.complying.asking import Asked, Facts, Found, failed, missing, named, shown
from landschap.cli.register import desk_of
from landschap.cli.retention.parts import pseudonyms, rules_of
from landschap.cli.verify import counting
from landschap.registers.retention import Value
from landschap.registers.store import disposal, proposing
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
    if seen["overdue"]:
        words = f"{seen['overdue']:,} objects are past their term, {seen['held']:,} more are held"
        return failed(words, **facts)
    if without or not desk.registers.by_name:
        told = f"no rules for {named(without)}" if without else _NO_REGISTERS
        return missing(told, **facts)
    return shown(f"of {seen.total():,} objects with a rule none is past its term", **facts)


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
