# SPDX-License-Identifier: EUPL-1.2
"""Settings: all errors at once, each with its line; the environment wins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from landschap.platform.settings import SettingsError, load_settings, read_settings, schema

GOOD = """
[organisation]
oin = "00000099000000001000"
name = "Gemeente Proefdorp"
group_id = "fsc-test"

[identity]
certificate = "organisation.crt"
key = "keys/organisation.key"
trust_anchors = ["anchor.crt"]

[listen]
manager = "127.0.0.1:8443"
inway = "[::1]:8444"

[addresses]
manager = "https://manager.proefdorp.test:8443"
inway = "https://inway.proefdorp.test:8444"

[network.hosts]
"manager.gids.test" = "127.0.0.2"

[directory]
peer_id = "00000099000000009000"
manager_address = "https://manager.gids.test:8443"
"""


def write(folder: Path, text: str = GOOD) -> Path:
    path = folder / "organisation.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(write(folder, text), environment or {})
    return [str(problem).removeprefix(f"{folder}/") for problem in refused.value.problems]


def test_reads_typed_values_with_paths_relative_to_the_file(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path), {})
    assert settings.organisation.oin.value == "00000099000000001000"
    assert settings.identity.key == tmp_path / "keys/organisation.key"
    assert settings.paths.data == tmp_path / "data"
    assert settings.listen.inway == "[::1]:8444"
    assert settings.listen.outway is None
    assert settings.network.hosts == {"manager.gids.test": "127.0.0.2"}
    assert settings.organisation.contact == {}
    assert settings.oidc.portal is None
    assert settings.fsc.token_ttl_seconds == 300


def test_run_folder_is_short_and_differs_per_organisation(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    here, there = load_settings(write(tmp_path), {}), load_settings(write(deep), {})
    assert here.paths.run != there.paths.run
    assert len(str(there.paths.run)) < 60
    assert load_settings(write(tmp_path), {}).paths.run == here.paths.run


def test_tells_all_problems_at_once_with_line_and_nearest_name(tmp_path: Path) -> None:
    wrong = (
        GOOD.replace("group_id =", "groupid =")
        .replace('"00000099000000001000"', '"123"')
        .replace('inway = "[::1]:8444"', 'inway = "localhost:8444"')
    )
    assert problems(tmp_path, wrong) == [
        (
            "organisation.toml:2: organisation.group_id: is missing. "
            "The FSC Group this organisation is a member of."
        ),
        (
            "organisation.toml:3: organisation.oin: not an OIN: eight digits, a main number of eight "
            "or nine positions and zeros, together twenty positions"
        ),
        (
            "organisation.toml:5: organisation.groupid: unknown setting; "
            "did you mean organisation.group_id?"
        ),
        (
            "organisation.toml:14: listen.inway: expected an address and a port, "
            "such as 127.0.0.1:8443 or [::1]:8443"
        ),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('manager = "127.0.0.1:8443"', 'manager = "127.0.0.1:99999"', "port 99999 is outside"),
        ('manager = "127.0.0.1:8443"', 'manager = "[::1]:8444"', "already used by listen.manager"),
        ('"https://manager.proefdorp.test:8443"', '"http://m.test"', "such as https://"),
        ('inway = "https://inway.proefdorp.test:8444"', "", "needed because listen.inway is set"),
        ('trust_anchors = ["anchor.crt"]', 'trust_anchors = "anchor.crt"', "expected a list"),
        ('name = "Gemeente Proefdorp"', 'name = ""', "text that is not empty"),
        ("[network.hosts]", "[fsc]\ntoken_ttl_seconds = true\n[network.hosts]", "whole number"),
        ("[network.hosts]", 'nginx = "x"\n[network.hosts]', "unknown setting"),
        ("[listen]", "[[listen]]", "expected a table"),
    ],
)
def test_refuses_a_wrong_value_in_words(tmp_path: Path, old: str, new: str, told: str) -> None:
    found = problems(tmp_path, GOOD.replace(old, new, 1))
    assert any(told in problem for problem in found), found


@pytest.mark.parametrize(
    "site", ["https://*", "https://*.example", "https://a;script-src", "https://a,b"]
)
def test_a_site_that_may_show_the_pages_is_one_host(tmp_path: Path, site: str) -> None:
    (told,) = problems(tmp_path, GOOD + f'[portal]\nshown_by = ["{site}"]\n')
    assert "portal.shown_by" in told
    assert "expected an address such as https://host.example:8443" in told


def test_needs_a_directory_unless_it_is_one(tmp_path: Path) -> None:
    without = GOOD[: GOOD.index("[directory]")]
    assert "needed unless roles.directory = true" in problems(tmp_path, without)[0]
    assert load_settings(write(tmp_path, without + "[roles]\ndirectory = true\n"), {}).roles


def test_production_refuses_what_is_only_for_tests(tmp_path: Path) -> None:
    unsafe = GOOD.replace("[identity]", 'environment = "production"\nfictitious = true\n[identity]')
    unsafe += '[oidc.employees]\nissuer = "http://login.test"\naudience = "x"\n'
    found = " ".join(problems(tmp_path, unsafe))
    for told in ("is a test OIN", "cannot run in production", "production needs https"):
        assert told in found
    form = '[form]\nissuer = "http://login.test"\nclient_id = "x"\napplication_key = "k"\n'
    form += 'purpose = "https://doelen.example/id/x"\n'
    production = GOOD.replace("[identity]", 'environment = "production"\n[identity]')
    assert any("form.issuer" in each for each in problems(tmp_path, production + form))


def test_environment_wins_over_the_file_and_says_so(tmp_path: Path) -> None:
    secret = tmp_path / "dsn"
    secret.write_text("postgresql://x@db/y\n", encoding="utf-8")
    environment = {
        "LANDSCHAP__ORGANISATION__NAME": "1234",
        "LANDSCHAP__FSC__TOKEN_TTL_SECONDS": "2",
        "LANDSCHAP__FSC__AUTO_SIGN": '["serviceConnection"]',
        "LANDSCHAP__POSTGRES__DSN_FILE": str(secret),
    }
    settings, origins = read_settings(write(tmp_path), environment)
    assert settings.organisation.name == "1234"
    assert settings.fsc.token_ttl_seconds == 2
    assert settings.fsc.auto_sign == ("serviceConnection",)
    assert settings.postgres.dsn == "postgresql://x@db/y"
    assert str(origins["organisation.name"]) == "environment LANDSCHAP__ORGANISATION__NAME"
    assert str(origins["organisation.oin"]) == f"file {tmp_path}/organisation.toml:3"
    assert str(origins["fsc.profile"]) == "default"


def test_the_way_of_signing_is_said_per_grant_type_and_a_callout_needs_whom_to_ask(
    tmp_path: Path,
) -> None:
    way = {"LANDSCHAP__FSC__SIGN__SERVICE_CONNECTION": "callout"}
    found = " ".join(problems(tmp_path, GOOD, way))
    assert "fsc.callout" in found
    assert "serviceConnection" in found
    both = {
        "LANDSCHAP__FSC__CALLOUT__PROGRAM": "keur",
        "LANDSCHAP__FSC__CALLOUT__ADDRESS": "https://keur.example/c",
    }
    assert "either a program or an address" in " ".join(problems(tmp_path, GOOD, way | both))
    told = {"LANDSCHAP__FSC__CALLOUT__PROGRAM": "keur"}
    settings = load_settings(write(tmp_path), way | told)
    assert settings.fsc.sign.ways()["serviceConnection"] == "callout"
    assert settings.fsc.callout is not None
    assert settings.fsc.callout.program == tmp_path / "keur"
    wrong = {"LANDSCHAP__FSC__SIGN__SERVICE_CONNECTION": "misschien"}
    assert "manual" in " ".join(problems(tmp_path, GOOD, wrong))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LANDSCHAP__FSC__TOKEN_TTL_SECONDS", "soon", "set by LANDSCHAP__FSC__TOKEN_TTL_SECONDS"),
        ("LANDSCHAP__FSC__TOKEN_TTL", "2", "did you mean fsc.token_ttl_seconds?"),
        ("LANDSCHAP__POSTGRES__DSN_FILE", "/nowhere", "names a file that cannot be read"),
    ],
)
def test_refuses_a_wrong_environment(tmp_path: Path, name: str, value: str, told: str) -> None:
    found = problems(tmp_path, GOOD, {name: value})
    assert any(told in problem for problem in found), found


def test_says_where_the_file_is_no_toml(tmp_path: Path) -> None:
    found = problems(tmp_path, GOOD.replace("[listen]", "[listen"))
    assert found[0].startswith("organisation.toml:12: not TOML")


@pytest.mark.parametrize(
    ("content", "told"), [(None, "no such file"), (b"\xff\xfe", "is not UTF-8 at byte 0")]
)
def test_says_what_is_wrong_with_an_unreadable_file(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "organisation.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=told):
        load_settings(path, {})
    with pytest.raises(SettingsError, match="is a folder"):
        load_settings(tmp_path, {})


def test_schema_names_each_setting_and_forbids_others() -> None:
    made = json.loads(json.dumps(schema()))
    listen = made["properties"]["listen"]
    assert listen["additionalProperties"] is False
    doors = {"manager", "inway", "outway", "web", "open", "decisions", "logboek", "admin"}
    assert set(listen["properties"]) == doors
    assert made["properties"]["organisation"]["required"] == ["oin", "name", "group_id"]
    assert {"organisation", "identity", "addresses"} <= set(made["required"])
