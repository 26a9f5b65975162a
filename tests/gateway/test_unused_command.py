# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose unused`` and ``used``: on the real register, contract and log."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.conftest import Database
from tests.fsc import fsc_rig
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ASSISTANCE,
    BOUND,
    DOESBURG,
    GROUP,
    PARKING,
    WEESP,
    register,
    scene_of,
)
from tests.gateway.replay_rig import SERVICE, Door, open_door, place
from tests.logboek.log_rig import pseudonym

from landschap.cli.purpose import apply
from landschap.fsc.states import Kind
from landschap.logboek.payloads import Outcome
from landschap.purposes.bound import PROPERTY
from landschap.purposes.derived import DerivedField
from landschap.purposes.duties import Obligation
from landschap.purposes.files import parse_register
from landschap.purposes.model import FieldSet, Register
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.writing import files_of

WIDE = FieldSet(
    id="bijstand", version=1, provider=WEESP, service=SERVICE,
    fields=("bsn", "uitkering.soort", "uitkering.norm", "adres.straat", "woning.m2"),
    searchable=("bsn",),
)  # fmt: skip
COMMENT = "# Dit veld vroeg de afdeling in 2024."


def ours() -> Register:
    """Assistance on five fields for two roles, and a policy for parking that nobody uses."""
    base = register(WEESP)
    policy = base.policies[0]
    used = dataclasses.replace(
        policy, id="pol-1", roles=("archivaris", "consulent"), organisations=(DOESBURG, WEESP),
        obligations=(Obligation(kind="maskeren", path="woning.m2"),),
    )  # fmt: skip
    idle = dataclasses.replace(policy, id="pol-9", purpose=PARKING, field_set="bijstand@1")
    activity = dataclasses.replace(base.activities[0], uri=base.activities[0].uri + "/p",
                                   purpose=PARKING)  # fmt: skip
    idle = dataclasses.replace(idle, activity=activity.uri)
    return dataclasses.replace(
        base,
        activities=(*base.activities, activity),
        field_sets=(WIDE, *base.field_sets[1:]),
        policies=(used, idle),
    )


@pytest.fixture
async def door(
    database: Database, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Door]:  # fmt: skip
    """The register lies in a folder with comments, and is in force for 200 days."""
    scene = scene_of(group_anchor, weesp, doesburg)
    folder = database.settings.path.parent / "doelbinding"
    folder.mkdir()
    files = files_of(ours())
    files["beleid.toml"] = files["beleid.toml"].replace(
        'veldenset = "bijstand@1"', f'veldenset = "bijstand@1"   {COMMENT}'
    )
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    adopted = parse_register(files, WEESP)
    # The contract binds to the set by its digest.
    bound = dataclasses.replace(BOUND, field_set=WIDE.key, field_set_digest=WIDE.digest)
    monkeypatch.setattr("tests.gateway.replay_rig.BOUND", bound)
    found = await open_door(database, scene, monkeypatch, adopted)
    await backdate(found, 200)
    yield found
    await found.writer.close()


async def backdate(door: Door, days: int) -> None:
    """As if the register and its contracts had been there for so long."""
    owner = await door.database.administrator()
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(
        "UPDATE purposes.adoption SET adopted_at = adopted_at - make_interval(days => $1)", days
    )
    await owner.close()


async def asked(door: Door) -> None:
    """Three questions by name and one that leaves the choice to us."""
    for fields in ("uitkering.soort", "uitkering.soort", "uitkering"):
        _, code = await door.ask(fields, role="consulent")
        assert code == ""


def of(told: Any, policy: str) -> Any:
    return next(each for each in told["policies"] if each["policy"] == policy)


def names(grants: Any) -> list[str]:
    return sorted(each["name"] for each in grants if each["unused"])


async def test_granted_against_used_per_policy_and_receiver(door: Door) -> None:
    await asked(door)
    told = await door.told("unused")
    used = of(told, "pol-1@3")
    assert used["questions"] == 3
    fields = {each["name"]: each for each in used["fields"]}
    assert (fields["uitkering.soort"]["askedByName"], fields["uitkering.norm"]["askedByName"]) == (
        3, 1,
    )  # fmt: skip
    assert names(used["fields"]) == ["adres.straat", "bsn", "woning.m2"]
    assert fields["bsn"]["kept"] == "may be searched by"
    assert fields["woning.m2"]["kept"] == "under maskeren"
    assert fields["adres.straat"]["kept"] == ""
    assert names(used["roles"]) == ["archivaris"]
    assert names(used["organisations"]) == [WEESP]
    assert used["askers"] == {DOESBURG: 3}
    assert of(told, "pol-9@3")["unused"] is True
    receivers = {(each["policy"], each["who"]): each for each in told["receivers"]}
    mine = receivers["pol-1@3", DOESBURG]
    assert (mine["purpose"], mine["service"], mine["questions"]) == (ASSISTANCE, SERVICE, 3)
    assert mine["askedByName"] == ["uitkering.norm", "uitkering.soort"]
    assert mine["unused"] == ["adres.straat", "bsn", "woning.m2"]
    assert receivers["pol-1@3", WEESP]["questions"] == 0, "named, and silent"
    assert told["proposal"]["commentsKept"] is True
    steps = [(each["policy"], each["fieldSet"], each["why"]) for each in told["proposal"]["steps"]]
    assert steps == [
        (None, "bijstand@2", "not used: adres.straat"),
        ("pol-1", None, "not used: adres.straat, archivaris"),
        ("pol-9", None, "no question was permitted by it"),
    ]


async def test_what_is_given_without_being_asked_for_is_used_and_told_apart(door: Door) -> None:
    _, code = await door.ask(None, role="consulent")
    assert code == ""
    told = await door.told("unused")
    used = of(told, "pol-1@3")
    assert names(used["fields"]) == []
    assert all(each["givenUnasked"] == 1 for each in used["fields"])
    mine = next(each for each in told["receivers"] if each["who"] == DOESBURG)
    assert (mine["askedByName"], mine["givenUnasked"]) == ([], sorted(WIDE.fields))


async def test_the_proposal_is_a_difference_that_apply_takes(door: Door, tmp_path: Path) -> None:
    await asked(door)
    folder = door.database.settings.path.parent / "doelbinding"
    done = await door.run("unused", "--diff")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert "+# not used: adres.straat" in lines
    assert '+rollen = ["consulent"]' in lines
    assert f'+veldenset = "bijstand@2"   {COMMENT}' in lines, "the comment stays"
    assert any(line.startswith("+geldig_tot = ") for line in lines)
    changed = [line for line in lines if line.startswith("-") and not line.startswith("---")]
    keys = [line[1:].partition(" ")[0] for line in changed]
    assert keys == ["versie", "rollen", "veldenset", "versie"], "nothing else is touched"
    # As a patch, with the tool that everybody has.
    copy = tmp_path / "doelbinding"
    copy.mkdir()
    for path in folder.glob("*.toml"):
        (copy / path.name).write_text(path.read_text())
    subprocess.run(
        ["patch", "-p1", "--quiet"], input=done.stdout, text=True, cwd=tmp_path, check=True
    )
    out = tmp_path / "kleiner"
    assert (await door.run("unused", "--out", out)).exit_code == 0
    for path in out.glob("*.toml"):
        assert path.read_text() == (copy / path.name).read_text()
    applied = await applying(door, out, "--author", "A. de Vries", "--approver", "B. Jansen")
    assert applied.exit_code == 0, (applied.output, applied.exception)
    assert (await door.ask("uitkering.soort", role="consulent"))[1] == ""
    assert (await door.ask("adres.straat", role="consulent"))[1] == "fields_excess"
    assert (await door.ask("uitkering.soort", role="archivaris"))[1] == "role_not_allowed"
    again = await door.told("unused", "--granted-for", "0d")
    assert again["proposal"]["steps"] == []
    wrong = await door.run("unused", "--out", out)
    assert "is not empty" in str(wrong.exception)


async def applying(door: Door, folder: Path, *words: str) -> Result:
    settings = door.database.settings
    env = {"LANDSCHAP__POSTGRES__DSN": settings.postgres.dsn}
    arguments = [str(folder), *words, "--config", str(settings.path)]
    return await asyncio.to_thread(CliRunner(env=env).invoke, apply, arguments)


async def test_without_the_files_the_proposal_is_written_anew(door: Door, tmp_path: Path) -> None:
    await asked(door)
    (door.database.settings.path.parent / "doelbinding" / "beleid.toml").unlink()
    for path in (door.database.settings.path.parent / "doelbinding").glob("*.toml"):
        path.unlink()
    (door.database.settings.path.parent / "doelbinding").rmdir()
    out = tmp_path / "kleiner"
    done = await door.run("unused", "--out", out)
    assert done.exit_code == 0
    assert "without their comments" in done.stderr
    sources = {path.name: path.read_text() for path in out.glob("*.toml")}
    made = parse_register(sources, WEESP)
    assert {each.key for each in made.field_sets} >= {"bijstand@1", "bijstand@2"}
    assert (out / "gebaseerd-op.txt").read_text().strip() == Snapshot(ours()).version


async def test_what_was_granted_lately_is_not_called_unused(door: Door) -> None:
    await backdate(door, -195)
    told = await door.told("unused", "--period", "90d")
    assert not any(each["unused"] for each in told["policies"])
    assert told["proposal"]["steps"] == []
    done = await door.run("unused")
    assert "too short to tell: pol-1, pol-9" in done.stdout
    assert "The log is empty" in done.stdout
    short = await door.told("unused", "--granted-for", "2d")
    assert [each["unused"] for each in short["policies"]] == [True, True]


async def test_a_field_that_was_added_lately_is_too_new_in_an_old_policy(door: Door) -> None:
    await asked(door)
    more = dataclasses.replace(WIDE, version=2, fields=(*WIDE.fields[:4], "woning.m2"))
    base = door.scene.weesp_register
    narrow = dataclasses.replace(WIDE, version=3, fields=WIDE.fields[:3])
    await door.adopt(
        dataclasses.replace(
            base,
            field_sets=(*base.field_sets, narrow),
            policies=tuple(
                dataclasses.replace(each, version=4, field_set=narrow.key, obligations=())
                if each.id == "pol-1" else each for each in base.policies
            ),
        )
    )  # fmt: skip
    await backdate(door, 60)
    base = door.scene.weesp_register
    await door.adopt(
        dataclasses.replace(
            base,
            field_sets=(*base.field_sets, more),
            policies=tuple(
                dataclasses.replace(each, version=5, field_set=more.key)
                if each.id == "pol-1" else each for each in base.policies
            ),
        )
    )  # fmt: skip
    told = await door.told("unused", "--granted-for", "30d")
    used = of(told, "pol-1@5")
    assert names(used["fields"]) == ["bsn"], "adres.straat went and came back just now"
    since = {each["name"]: each["grantedSince"][:10] for each in used["fields"]}
    assert since["adres.straat"] == datetime.now(UTC).date().isoformat()
    assert since["uitkering.norm"] < (datetime.now(UTC) - timedelta(days=30)).date().isoformat()


async def test_a_contract_that_nobody_used_is_named(door: Door) -> None:
    await asked(door)
    begin = int((datetime.now(UTC) - timedelta(days=150)).timestamp())
    for days in (150, 1):
        grant = fsc_rig.connection_grant(
            DOESBURG, WEESP, door.scene.doesburg.certificate.key_thumbprint,
            service="pand-open", properties={PROPERTY: BOUND.as_property()},
        )  # fmt: skip
        tree = fsc_rig.content(
            grant,
            group_id=GROUP,
            validity={"not_before": begin + (150 - days) * 86400, "not_after": begin + 86400 * 400},
        )
        contract = fsc_rig.contract(tree)
        for signer in (door.scene.weesp, door.scene.doesburg):
            await place(door.pools.fsc, contract, signer, Kind.ACCEPT)
    told = await door.told("unused")
    unused = {(each["service"], each["questions"], each["unused"]) for each in told["contracts"]}
    assert unused == {(SERVICE, 3, False), ("pand-open", 0, True), ("pand-open", 0, False)}
    done = await door.run("unused")
    assert "contract" in done.stdout
    assert "Not used by anybody" in done.stdout


@pytest.mark.case("S-10")
async def test_of_any_field_one_command_tells_purposes_users_and_how_often(door: Door) -> None:
    """Which purposes use it, by whom, how often last month."""
    await asked(door)
    transaction, _ = await door.ask(None, role="consulent")
    for person in ("999993653", "999995935"):
        await door.line(transaction, pseudonym(person), Outcome.DELIVERED)
    rows = await door.told("used", "uitkering.soort")
    used = next(each for each in rows if each["purpose"] == ASSISTANCE)
    assert (used["who"], used["door"], used["policy"]) == (DOESBURG, "Inway", "pol-1")
    assert (used["askedByName"], used["givenUnasked"]) == (3, 1)
    assert used["last"][:10] == datetime.now(UTC).date().isoformat()
    assert used["personsDelivered"] == 2
    only_permitted = next(each for each in rows if each["purpose"] == PARKING)
    assert (only_permitted["who"], only_permitted["askedByName"]) == (None, 0)
    for group in ("uitkering", "adres"):
        fields = {each["field"] for each in await door.told("used", group)}
        assert fields == {each for each in WIDE.fields if each.startswith(f"{group}.")}
    assert await door.told("used", "uitkering.soort", "--service", SERVICE) == rows
    done = await door.run("used", "uitkering.soort")
    assert (done.exit_code, DOESBURG in done.stdout, ASSISTANCE in done.stdout) == (0, True, True)
    near = await door.run("used", "uitkering.sort")
    assert (near.exit_code, "did you mean uitkering.soort?" in near.stderr) == (3, True)
    other = await door.run("used", "uitkering.soort", "--service", f"{SERVICE}x")
    assert other.exit_code == 3
    assert (
        f"no service {SERVICE}x that is permitted or was used; did you mean {SERVICE}?"
        in other.stderr
    )


async def test_what_follows_from_a_field_is_told_with_it(door: Door) -> None:
    base = door.scene.weesp_register
    high = DerivedField(path="boven_norm", inputs=("uitkering.norm",))
    services = tuple(
        dataclasses.replace(each, fields=(*each.fields, high.path), derived=(high,))
        if each.name == SERVICE
        else each
        for each in base.services
    )
    more = dataclasses.replace(WIDE, version=2, fields=(*WIDE.fields, high.path))
    policies = tuple(
        dataclasses.replace(each, version=4, field_set=more.key) if each.id == "pol-1" else each
        for each in base.policies
    )
    await door.adopt(
        dataclasses.replace(
            base, services=services, field_sets=(*base.field_sets, more), policies=policies
        )
    )
    rows = await door.told("used", "uitkering.norm")
    assert {each["field"] for each in rows} == {"uitkering.norm", high.path}
    assert {each["field"] for each in await door.told("used", "adres")} == {"adres.straat"}


async def test_uses_of_before_the_period_do_not_count(door: Door) -> None:
    await asked(door)
    owner = await door.database.administrator()
    # The records of a month ago: their identifiers say so.
    month_ago = int((datetime.now(UTC) - timedelta(days=40)).timestamp() * 1000)
    first = datetime.now(UTC).date().replace(day=1)
    for months in (1, 2):
        earlier = (first - timedelta(days=28 * months)).replace(day=1)
        await owner.execute("SELECT logboek.make_month($1)", earlier)
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(
        "UPDATE logboek.record SET record_id = (lpad(to_hex($1::bigint), 12, '0')"
        " || substr(replace(record_id::text, '-', ''), 13))::uuid",
        month_ago,
    )
    await owner.close()
    assert (await door.told("used", "uitkering.soort"))[1]["askedByName"] == 0
    wide = await door.told("used", "uitkering.soort", "--period", "60d")
    assert sorted(each["askedByName"] for each in wide) == [0, 3]


@pytest.mark.parametrize("period", ["90", "0d", "3661d", "lang"])
async def test_a_period_is_a_number_of_days(door: Door, period: str) -> None:
    done = await door.run("unused", "--period", period)
    assert (done.exit_code, "no number of days, as 90d" in done.stderr) == (2, True)
