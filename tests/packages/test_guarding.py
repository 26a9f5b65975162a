# SPDX-License-Identifier: EUPL-1.2
"""What may not leave in a package is found, with its place, and not repeated."""

from __future__ import annotations

import json

import pytest

from landschap.packages.guarding import finds_in

SHARED = ("00000099000000001000",)
TOKEN = "Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("burger = '999993653'", "person"),
        ("# bijvoorbeeld 999993653", "person"),
        ("# inwoner nr.999993653.", "person"),
        ("burger_999993653_oud = 1", "person"),
        ("nummer = 999_993_653", "person"),
        ("bsn: 9999.93.653", "person"),
        ("sleutel: 10000008", "person"),
        ("contact = 'j.devries@weesp.example'", "person"),
        ("-----BEGIN PRIVATE KEY-----", "secret"),
        ("wachtwoord = 'zomer2026!'", "secret"),
        ('"api_key": "abcdefgh12"', "secret"),
        (f"x = '{TOKEN}'", "secret"),
        ("Bearer eyJhbGciOiJFUzI1NiJ9.e30.x", "secret"),
        ("url: http://bron.intern:8702/panden", "machine"),
        ("upstream = 'unix:/run/app.sock'", "machine"),
        ("x = '10.1.2.3'", "machine"),
        ("dsn = postgresql://db.intern:5432/x", "machine"),
        ("dsn: postgresql://u@db/naam", "machine"),
        ("pad: file:///var/lib/data.csv", "machine"),
        ("leden = ['00000099000000003000']", "organisation"),
    ],
)
def test_it_is_found_with_file_and_line_and_is_not_repeated(line: str, kind: str) -> None:
    found = finds_in({"bronnen/x.yaml": f"een: twee\n{line}\n"}, SHARED)
    assert [(each.file, each.line, each.key) for each in found][:1] == [("bronnen/x.yaml", 2, kind)]
    assert (
        "take it out" in found[0].message
        or "parameter" in found[0].message
        or "key" in found[0].message
    )
    for value in ("999993653", "zomer2026", TOKEN, "10.1.2.3", "devries"):
        assert value not in str(found[0])


@pytest.mark.parametrize(
    "line",
    [
        "pattern: '^[0-9]{9}$'",
        "versie: 1.0.0",
        "geldig_vanaf = 2026-01-01",
        "nummer = '999993654'",
        "getal = 0.999993653",
        "kenmerk = '1.999993653.2'",
        "huis = 'W999993653x'",
        "uitgever = '00000099000000001000'",
        "uri = 'https://register.weesp.example/activiteiten/aanvraag-bijstand-behandelen-2'",
        "titel = 'Wachtwoord vergeten'",
        "x-persoonsgegeven: gewoon",
        "wet = 'BWBR0015703'",
    ],
)
def test_what_only_looks_like_it_passes(line: str) -> None:
    assert finds_in({"bronnen/x.yaml": line}, SHARED) == []


def test_what_is_named_as_shared_passes() -> None:
    texts = {"a.toml": "leden = ['00000099000000003000']\nx = 999993653"}
    assert len(finds_in(texts, ())) == 2
    assert finds_in(texts, ("00000099000000003000", "999993653")) == []


def test_an_example_person_in_a_model_is_found_at_its_place() -> None:
    model = {
        "properties": {
            "naam": {"x-persoonsgegeven": "gewoon", "type": "object",
                     "properties": {"achternaam": {"examples": ["Jansen"]}}},
            "kleur": {"x-persoonsgegeven": "geen", "examples": ["rood"]},
            "examples": {"x-persoonsgegeven": "gewoon", "type": "string"},
        }
    }  # fmt: skip
    found = finds_in({"registers/r/t.schema.json": json.dumps(model)}, ())
    assert [each.key for each in found] == ["/properties/naam/properties/achternaam/examples"]
    assert "Jansen" not in str(found[0])
