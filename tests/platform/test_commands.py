# SPDX-License-Identifier: EUPL-1.2
"""Commands of the operator: identity, config, doctor, backup and restore, as typed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from tests.logboek.log_rig import permitted
from tests.platform.serving import Serving, landschap, listening_organisation
from tests.throwaway import Database, organisation

from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.identity import Issued
from landschap.platform.keys import make_secret_keys
from landschap.platform.postgres.copies import _address, dump
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble

_numbers = count(1)


@pytest.fixture
def settings(short_folder: Path, anchor: Issued) -> Settings:
    made = organisation(short_folder / f"c{next(_numbers)}", anchor)
    make_secret_keys(made)
    return made


def test_makes_an_identity_that_its_own_check_accepts(settings: Settings, tmp_path: Path) -> None:
    pki, ours = tmp_path / "pki", tmp_path / "ours"
    assert landschap("identity", "anchor", str(pki)).returncode == 0
    asked = ["identity", "issue", str(ours), "--anchor", str(pki), "--name", "Gemeente Proefdorp"]
    asked += ["--oin", "00000099000000001000"]
    asked += ["--host", "manager.proefdorp.test", "--host", "inway.proefdorp.test"]
    assert landschap(*asked).returncode == 0
    assert (ours / "organisation.key").stat().st_mode & 0o777 == 0o600
    again = landschap(*asked)
    assert again.returncode == 2
    assert "is there already" in again.stderr
    shutil.copy(ours / "organisation.crt", settings.identity.certificate)
    config = ("--config", str(settings.path))
    refused = landschap("identity", "check", *config)
    assert refused.returncode == 1
    assert "does not belong to the certificate" in refused.stdout
    assert "does not lead to a trust anchor" in refused.stdout
    shutil.copy(ours / "organisation.key", settings.identity.key)
    shutil.copy(pki / "anchor.crt", settings.identity.trust_anchors[0])
    assert landschap("identity", "check", *config).stdout == "the identity is in order\n"
    shown = json.loads(landschap("identity", "show", "--json", *config).stdout)
    assert (shown["oin"], shown["hosts"][0]) == ("00000099000000001000", "manager.proefdorp.test")


def test_revokes_a_certificate_and_makes_one_for_an_application(
    settings: Settings, tmp_path: Path
) -> None:
    pki = tmp_path / "pki"
    landschap("identity", "anchor", str(pki))
    made = landschap("identity", "application", "zaak-1", str(tmp_path), "--anchor", str(pki))
    assert made.stdout.split() == [str(tmp_path / "zaak-1.crt"), str(tmp_path / "zaak-1.key")]
    done = landschap("identity", "revoke", str(pki), str(tmp_path / "zaak-1.crt"))
    assert "1 revoked" in done.stdout
    wrong = landschap("identity", "issue", str(tmp_path), "--anchor", str(pki), "--oin", "1",
                      "--name", "x", "--host", "y")  # fmt: skip
    assert wrong.returncode == 2
    assert "--oin: not an OIN" in wrong.stderr
    nowhere = landschap("identity", "application", "x", str(tmp_path), "--anchor", "/nowhere")
    assert nowhere.returncode == 1
    assert "does not exist" in nowhere.stderr


def test_config_shows_who_set_what_and_masks_secrets(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDSCHAP__POSTGRES__DSN", "postgresql://u:hush@db/x")
    shown = landschap("config", "show", "--origin", "--config", str(settings.path)).stdout
    assert 'postgres.dsn = "(secret)"  # environment LANDSCHAP__POSTGRES__DSN' in shown
    assert "hush" not in shown
    assert f'organisation.oin = "00000099000000001000"  # file {settings.path}:3' in shown
    assert 'fsc.profile = "fsc-2"  # default' in shown
    rows = json.loads(landschap("config", "show", "--json", "--config", str(settings.path)).stdout)
    assert {"key": "listen.web", "value": None, "origin": "default"} in rows


def test_config_check_and_schema_are_for_machines_too(settings: Settings, tmp_path: Path) -> None:
    assert landschap("config", "check", "--config", str(settings.path)).returncode == 0
    missing = landschap("config", "check", "--config", str(tmp_path / "none.toml"))
    assert missing.returncode == 1
    assert "there is no such file" in missing.stderr
    assert json.loads(landschap("config", "schema").stdout)["additionalProperties"] is False


@pytest.mark.parametrize("host", ["127.0.0.1", "open.proefdorp.test"])
def test_config_check_refuses_open_data_that_serve_would_refuse(
    short_folder: Path, anchor: Issued, host: str
) -> None:
    more = f'\n[listen]\nopen = "127.0.0.1:8703"\n[addresses]\nopen = "http://{host}:8703"\n'
    settings = organisation(short_folder / f"c{next(_numbers)}", anchor)
    text = settings.path.read_text(encoding="utf-8")
    settings.path.write_text(text.replace("[addresses]", more, 1), encoding="utf-8")
    told = landschap("config", "check", "--config", str(settings.path))
    assert told.returncode == 1
    assert "without TLS" in told.stderr
    assert "write addresses.open with https" in told.stderr


def lines_of(settings: Settings) -> tuple[int, dict[str, dict[str, str]]]:
    done = landschap("doctor", "--json", "--config", str(settings.path))
    lines = json.loads(done.stdout)
    assert all(line["remedy"] for line in lines if line["state"] != "well")
    return done.returncode, {line["subject"]: line for line in lines}


def test_doctor_says_for_each_thing_what_to_do(short_folder: Path, anchor: Issued) -> None:
    settings = listening_organisation(short_folder / f"c{next(_numbers)}", anchor)
    make_secret_keys(settings)
    settings.identity.key.chmod(0o644)
    code, lines = lines_of(settings)
    assert code == 1  # the directory is not there, and others may read the key
    assert lines["keys"]["remedy"] == f"chmod 600 {settings.identity.key}"
    assert "manager.gids.test" in lines["directory"]["what"]
    assert "migrations to apply" in lines["database"]["what"]
    assert "nothing runs now" in lines["parts"]["what"]
    assert lines["certificate"]["state"] == "well"


STRANGER = "00000099000000009000"


@pytest.mark.long
def test_doctor_finds_a_running_organisation_well(short_folder: Path, anchor: Issued) -> None:
    settings = listening_organisation(short_folder / f"c{next(_numbers)}", anchor)
    # Its own Manager stands in for the directory: it answers, and its certificate is trusted.
    text = settings.path.read_text(encoding="utf-8")
    port = str(settings.listen.manager).rpartition(":")[2]
    own = f"https://manager.proefdorp.test:{port}"
    text = text.replace("https://manager.gids.test:8443", own)
    text = text.replace("00000099000000009000", settings.organisation.oin.value)
    text += '\n[network.hosts]\n"manager.proefdorp.test" = "127.0.0.1"\n'
    settings.path.write_text(text, encoding="utf-8")
    serving = Serving.start(load_settings(settings.path, {}))
    try:
        serving.until_ready()
        code, lines = lines_of(settings)
        assert code == 0, lines
        assert {line["state"] for line in lines.values()} == {"well"}
        assert lines["parts"]["what"] == "all parts do their work"
        text = text.replace(f'peer_id = "{settings.organisation.oin}"', f'peer_id = "{STRANGER}"')
        settings.path.write_text(text, encoding="utf-8")
        code, lines = lines_of(settings)
        assert code == 1
        assert lines["directory"]["state"] == "wrong"
        assert f"not peer {STRANGER}" in lines["directory"]["what"]
    finally:
        serving.kill()


async def write_records(settings: Settings, number: int) -> None:
    async with postgres.database(settings):
        writer = LogWriter(settings, "probe")
        await writer.start()
        await writer.append([permitted() for _ in range(number)])
        await writer.close()


def elsewhere(settings: Settings, folder: Path) -> Settings:
    """The same organisation on another machine, with its secrets and without its data."""
    shutil.copytree(settings.path.parent, folder, ignore=shutil.ignore_patterns("data"))
    return load_settings(folder / "organisation.toml", {})


@pytest.mark.case("S-05")
async def test_a_backup_restores_elsewhere_with_its_log_proven(
    settings: Settings, short_folder: Path
) -> None:
    await write_records(settings, 25)
    file = settings.path.parent / "copy.landschap"
    done = landschap("backup", str(file), "--config", str(settings.path))
    assert done.returncode == 0, done.stderr
    assert str(settings.paths.secrets) in done.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    there = elsewhere(settings, short_folder / f"c{next(_numbers)}")
    restored = landschap("restore", str(file), "--config", str(there.path))
    assert restored.returncode == 0, restored.stderr
    assert "the log is intact: 25 records in 1 batches" in restored.stdout
    await write_records(there, 1)  # the room's own role, with its own rights, works
    again = landschap("restore", str(file), "--config", str(there.path))
    assert again.returncode == 1
    assert "the database is not empty" in again.stderr


async def test_a_restored_log_that_was_changed_is_told_with_its_own_exit_code(
    settings: Settings, short_folder: Path
) -> None:
    await write_records(settings, 3)
    async with postgres.running(settings):
        connection = await postgres.administrator(settings)
        await connection.execute("UPDATE logboek.record SET payload = payload || '\\x20'")
        await connection.close()
    file = settings.path.parent / "copy.landschap"
    assert landschap("backup", str(file), "--config", str(settings.path)).returncode == 0
    there = elsewhere(settings, short_folder / f"c{next(_numbers)}")
    restored = landschap("restore", str(file), "--config", str(there.path))
    assert restored.returncode == 7
    assert "NOT intact: 3 harms" in restored.stdout


def test_restore_wants_the_secrets_and_a_real_back_up(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "nonsense"
    file.write_text("nonsense", encoding="ascii")
    config = ("--config", str(settings.path))
    refused = landschap("restore", str(file), *config)
    assert refused.returncode == 1
    assert "name a file that `landschap backup` made" in refused.stderr
    (settings.paths.secrets / "pseudonym.key").unlink()
    refused = landschap("restore", str(file), *config)
    assert "restore the secrets folder from your back-up" in refused.stderr
    assert landschap("backup", str(file), *config).returncode == 2  # it exists
    nowhere = landschap("backup", str(tmp_path / "no" / "file"), *config)
    assert nowhere.returncode == 1
    assert "name another file" in nowhere.stderr


async def test_a_backup_of_a_given_server_keeps_the_password_out_of_sight(
    database: Database, tmp_path: Path
) -> None:
    given = database.settings
    options, password = _address(given)
    assert password
    assert password not in " ".join(options)
    await dump(given, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size > 10_000
    wrong = replace(given, postgres=replace(given.postgres, tools=tmp_path))
    with pytest.raises(Trouble, match="cannot be run"):
        await dump(wrong, tmp_path / "other")
    assert not list(tmp_path.glob(".other*"))
