# SPDX-License-Identifier: EUPL-1.2
"""`landschap service` and `landschap application`, as an operator or a script runs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.gateway.gateway_scene import WEESP, register
from tests.throwaway import Database
from tests.typing_commands import Done, typed

from landschap.gateway import store
from landschap.gateway.memory import digest
from landschap.platform.identity import Validity, issue_application, make_anchor
from landschap.purposes.store import Signers, save_register

DECLARED = """
name = "uitkeringen"
upstream = "landschap"
recording = "{recording}"
"""


async def test_protocol_that_this_nginx_lacks_is_refused_when_it_is_declared(
    database: Database, tmp_path: Path
) -> None:
    old = tmp_path / "nginx"
    old.write_text("#!/bin/sh\necho 'nginx version: nginx/1.22.1' >&2\n")
    old.chmod(0o755)
    settings = database.settings.path
    text = settings.read_text()
    declare(
        database, recording="intent", more='protocol = "http/2"\n', upstream="http://127.0.0.1:9"
    )
    settings.write_text(f'{text}\n[nginx]\npath = "{old}"\n')
    done = await run(database, "service", "apply")
    settings.write_text(text)
    assert done.code == 1
    assert "speaks HTTP/2" in done.err
    assert "1.29.4" in done.err
    assert await store.services(await database.pool("gateway")) == []
    assert (await run(database, "service", "apply")).code == 0


async def run(database: Database, *words: str) -> Done:
    return await typed(database.settings.path, database.settings.postgres.dsn, *words)


def declare(database: Database, name: str = "uitkeringen", **changes: str) -> None:
    folder = database.settings.path.parent / "services"
    folder.mkdir(exist_ok=True)
    text = DECLARED.format(recording=changes.get("recording", "self"))
    (folder / f"{name}.toml").write_text(
        text.replace("uitkeringen", name).replace("landschap", changes.get("upstream", "landschap"))
        + changes.get("more", "")
    )


async def test_services_are_applied_listed_and_shown(database: Database) -> None:
    declare(database)
    done = await run(database, "service", "apply", "--json")
    assert done.code == 0, done.err
    assert done.json["added"] == ["uitkeringen"]
    listed = await run(database, "service", "list", "--json")
    assert [each["name"] for each in listed.json["services"]] == ["uitkeringen"]
    shown = await run(database, "service", "show", "uitkeringen", "--json")
    assert shown.json["declaration"] == "signed"
    table = await run(database, "service", "show", "uitkeringen")
    assert "POST = raadplegen" in table.out


async def test_service_that_is_not_there_is_not_found_and_the_nearest_named(
    database: Database,
) -> None:
    declare(database)
    await run(database, "service", "apply")
    done = await run(database, "service", "show", "uitkering")
    assert done.code == 3
    assert "did you mean uitkeringen?" in done.err


async def test_mistakes_of_all_files_are_told_and_nothing_changes(database: Database) -> None:
    declare(database)
    declare(database, "pand", more='headers = ["Cookie"]\n')
    declare(database, "kadaster", recording="hold")
    done = await run(database, "service", "apply")
    assert done.code == 1
    assert "pand.toml: line 5: headers: Cookie is set by the door" in done.err
    assert 'kadaster.toml: hold: is missing: recording = "hold" needs it' in done.err
    assert await store.offered_services(await database.pool("gateway")) == frozenset()


async def test_service_the_register_calls_personal_needs_lines(database: Database) -> None:
    pool = await database.pool("purposes")
    signers = Signers(author="A. de Vries", approver="B. Jansen")
    await save_register(pool, register(WEESP), signers, based_on="")
    declare(database, recording="intent")
    done = await run(database, "service", "apply")
    assert done.code == 1
    assert "holds personal data" in done.err


HOLD = """
[hold]
form = "json"
paths = ["/personen/{bsn}"]
persons = ["bsn"]
[velden]
bsn = "/bsn"
uitkering.soort = "/soort"
[access]
header = "X-Api-Key"
secret_file = "leverancier.key"
"""


async def test_held_service_is_held_against_the_register_and_its_files(database: Database) -> None:
    pool = await database.pool("purposes")
    signers = Signers(author="A. de Vries", approver="B. Jansen")
    await save_register(pool, register(WEESP), signers, based_on="")
    supplier = "https://leverancier.test:443"
    misspelt = HOLD.replace("uitkering.soort", "uitkering.sort")
    declare(database, recording="hold", upstream=supplier, more=misspelt)
    done = await run(database, "service", "apply")
    assert done.code == 1
    assert "velden.uitkering.sort is no field of this service" in done.err
    assert "did you mean uitkering.soort" in done.err
    assert "leverancier.key: No such file or directory" in done.err
    (database.settings.paths.secrets / "leverancier.key").write_text("geheim")
    declare(database, recording="hold", upstream=supplier, more=HOLD)
    done = await run(database, "service", "apply", "--json")
    assert (done.code, done.json["added"]) == (0, ["uitkeringen"]), done.err
    shown = await run(database, "service", "show", "uitkeringen", "--json")
    assert shown.json["hold"]["fields"]["uitkering.soort"] == ["/soort"]
    assert "geheim" not in shown.out
    assert (await run(database, "config", "check")).code == 0
    declare(database, recording="hold", upstream=supplier, more=HOLD.replace("velden", "velde"))
    done = await run(database, "config", "check")
    assert done.code == 1
    assert "velde: unknown key; did you mean velden?" in done.err


async def test_prune_withdraws_what_is_no_longer_declared(database: Database) -> None:
    declare(database)
    declare(database, "pand")
    await run(database, "service", "apply")
    (database.settings.path.parent / "services" / "pand.toml").unlink()
    kept = await run(database, "service", "apply", "--json")
    assert kept.json["removed"] == []
    pruned = await run(database, "service", "apply", "--prune", "--json")
    assert pruned.json["removed"] == ["pand"]


async def test_key_of_an_application_is_the_whole_answer_and_shown_once(
    database: Database,
) -> None:
    done = await run(database, "application", "add", "zaaksysteem")
    assert done.code == 0, done.err
    key = done.out.strip()
    assert "\n" not in key
    assert "not shown again" in done.err
    pool = await database.pool("gateway")
    assert await pool.fetchval("SELECT key_digest FROM application") == digest(key)
    listed = await run(database, "application", "list", "--json")
    assert key not in listed.out
    assert listed.json["applications"][0]["proof"] == "key"
    again = await run(database, "application", "add", "zaaksysteem")
    assert again.code == 1
    assert "application_known" in again.err


async def test_application_with_a_certificate_gets_no_key(database: Database) -> None:
    validity = Validity.of_days(datetime.now(UTC) - timedelta(minutes=1), 30)
    ca = make_anchor("Intern", validity)
    issued = issue_application(ca, name="balie", validity=validity)
    file = database.settings.path.parent / "balie.crt"
    file.write_bytes(issued.certificate_pem)
    done = await run(database, "application", "add", "balie", "--certificate", str(file), "--json")
    assert done.code == 0, done.err
    assert done.json["key"] is None
    assert len(done.json["certificate"]) == 43


@pytest.mark.parametrize("known", [True, False])
async def test_revoking_says_whether_there_was_one(database: Database, known: bool) -> None:
    if known:
        await run(database, "application", "add", "zaaksysteem")
    done = await run(database, "application", "revoke", "zaaksysteem", "--json")
    assert done.json == {"name": "zaaksysteem", "revoked": known}
    assert done.code == (0 if known else 3)
