# SPDX-License-Identifier: EUPL-1.2
"""Versions of a model in a real database: what is stored stays as it was and is read as it is now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest
from tests.registers.test_models_versions import MIGRATION, OLD, changed, register, renewed

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import ObjectType, Register
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.questions import AsOf, Match
from landschap.registers.timeline import Kind
from landschap.registers.views import narrowed
from landschap.vocabulary.problems import ProblemError


def entry(kind: ObjectType, object_id: str, content: Mapping[str, Any]) -> store.Entry:
    draft = Draft(
        period=Period(date(2020, 1, 1)), kind=Kind.REGISTRATION, content=content, group="zaak"
    )
    return store.Entry(type=kind, object_id=object_id, draft=draft)


async def add(pool: asyncpg.Pool, where: Register, *entries: store.Entry) -> None:
    act = store.Act(register=where, transaction_id=uuid7(), entries=list(entries))
    done = await store.write(pool, act)
    assert isinstance(done, store.Written), done


async def found(
    pool: asyncpg.Pool, where: Register, wanted: Sequence[str] | Match
) -> list[Mapping[str, Any]]:
    known = await store.known_at(pool, where, datetime.now(UTC))
    question = AsOf(type=where.types["zaak"], wanted=wanted, valid_on=date(2021, 1, 1), known=known)
    return [one.content for one in await store.as_of(pool, question)]


async def test_old_content_stays_readable_and_nothing_stored_is_changed(
    pool: asyncpg.Pool,
) -> None:
    old = register(OLD)
    await store.prepare(pool, old)
    await add(pool, old, entry(old.types["zaak"], "een", {"straat": "Kade", "soort": "A"}))
    stored = await pool.fetch("SELECT inhoud, model_version FROM registers.assertion")

    new = register(renewed(), MIGRATION)
    await store.prepare(pool, new)
    fresh = {"straatnaam": "Kade", "soort": "besluit", "land": "BE"}
    await add(pool, new, entry(new.types["zaak"], "twee", fresh))
    read = {"nummer": "een", "straatnaam": "Kade", "soort": "aanvraag", "land": "NL"}
    assert await found(pool, new, ["een"]) == [read]
    # What a permit leaves of it: the value by its old name, and nothing beside it.
    part = narrowed(new.types["zaak"], {"straatnaam"})
    cut = replace(new, types={"zaak": part})
    assert await found(pool, cut, ["een"]) == [{"nummer": "een", "straatnaam": "Kade"}]
    # By a name that was another one then, and by a code that was; on the projection and the truth.
    both = await found(pool, new, Match("straatnaam", ["Kade"]))
    assert [one["nummer"] for one in both] == ["een", "twee"]
    assert await found(pool, new, Match("soort", ["aanvraag"])) == [read]
    known = await store.known_at(pool, new, datetime.now(UTC))
    kind = new.types["zaak"]
    counted = await store.count_by(pool, kind, "soort", date(2021, 1, 1), known)
    assert counted == {"aanvraag": 1, "besluit": 1}
    groups = await store.history_of(pool, kind, "een")
    assert groups["zaak"][0].content == {k: v for k, v in read.items() if k != "nummer"}
    first = await pool.fetch(
        "SELECT inhoud, model_version FROM registers.assertion WHERE object_id = 'een'"
    )
    assert [tuple(row) for row in first] == [tuple(row) for row in stored]
    versions = [(one.type_key, one.version) for one in await store.adopted(pool, new)]
    assert versions == [("proef.zaak", "2.0.0"), ("proef.zaak", "1.0.0")]
    assert await store.schema_of(pool, "proef.zaak", "1.0.0") == old.types["zaak"].schema


async def test_an_incompatible_version_is_refused_and_the_old_one_stays(pool: asyncpg.Pool) -> None:
    old = register(OLD)
    await store.prepare(pool, old)
    broken = register(changed("2.0.0", telefoon=None))
    with pytest.raises(ProblemError) as refused:
        await store.prepare(pool, broken)
    refusal = refused.value.refusal
    assert (refusal.code, refusal.status) == ("model.onverenigbaar", 409)
    assert "telefoon: is no longer there (property-removed)" in refusal.detail
    assert [one.version for one in await store.adopted(pool, old)] == ["1.0.0"]
    (judged,) = await store.would_adopt(pool, broken)
    assert judged.refused
    assert await store.adopt(pool, old) == []


async def test_nobody_can_rewrite_what_was_in_force(pool: asyncpg.Pool) -> None:
    await store.prepare(pool, register(OLD))
    for statement in (
        "UPDATE registers.model SET version = '9.9.9'",
        "DELETE FROM registers.model",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(statement)
