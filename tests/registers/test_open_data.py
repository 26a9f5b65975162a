# SPDX-License-Identifier: EUPL-1.2
"""Open data: what is open is told to anybody, what is closed leaves by no way at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registers.open_rig import SECRET, Open, half_open, open_of
from tests.registers.rig import annotated
from tests.throwaway import Database

from landschap.registers.annotations import PersonalData
from landschap.registers.models import InvalidModel, Registers, parse_register
from landschap.registers.open.keys import Wanted, read_wanted
from landschap.registers.open.view import closed_names, open_view
from landschap.registers.schemas import DIALECT
from landschap.registers.store.rows import columns_of

PERMITS = "/proef/v1/vergunningen"


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[Open]:
    async for one in open_of(database, half_open()):
        await one.fill()
        yield one


async def test_what_is_open_is_told_without_login(opened: Open) -> None:
    answer = await opened.get(PERMITS, params={"telling": "true", "soort": "kap"})
    told = {"nummer": "v1", "soort": "kap", "status": "verleend", "ligtAan": "s1", "zaak": "z1"}
    assert (answer.status_code, answer.json()) == (200, {"items": [told], "totaal": 1})
    one = await opened.get(f"{PERMITS}/v1", params={"expand": "ligtAan", "fields": "soort,ligtAan"})
    expanded = {"ligtAan": {"nummer": "s1", "naam": "Breedstraat"}}
    assert one.json() == {"soort": "kap", "ligtAan": "s1", "_uitgebreid": expanded}


async def test_both_axes_are_answered_and_pages_go_on(opened: Open) -> None:
    before = await opened.get(f"{PERMITS}/v1", params={"geldigOp": "2019-12-31"})
    assert before.status_code == 404
    first = await opened.get(PERMITS, params={"limit": "1", "sort": "-nummer"})
    assert [one["nummer"] for one in first.json()["items"]] == ["v2"]
    address = first.headers["Link"].partition(">")[0].strip("<")
    second = await opened.get(address)
    assert [one["nummer"] for one in second.json()["items"]] == ["v1"]
    again = await opened.get(first.headers["Content-Location"])
    assert again.status_code == 200


async def test_what_is_closed_leaves_by_no_way(opened: Open) -> None:
    """Every route, with every parameter that names or shows something: the value is nowhere."""
    queries: list[dict[str, str]] = [{}, {"historie": "true"}, {"telling": "true"}]
    for name, word in product(("fields", "sort", "expand", "notitie", "aanvrager"), _NAMES):
        queries.append({name: word})
    paths = opened.addresses(identificatie="v1", soort="dataset", naam="proef-vergunningen")
    assert {PERMITS, f"{PERMITS}/v1", f"{PERMITS}/v1/registraties", "/catalogus/dcat.ttl"} <= {
        *paths
    }
    paths += ["/proef/v1/straten/s1", "/proef/v1/zaken", "/proef/v1/zaken/z1"]
    seen = 0
    for path, query in product(paths, queries):
        answer = await opened.get(path, params=query)
        assert answer.status_code < 500, (path, query, answer.text)
        assert SECRET not in answer.text, (path, query)
        assert SECRET not in str(answer.headers), (path, query)
        seen += answer.status_code == 200
    assert seen > 20


_NAMES = ("aanvrager", "notitie", "-aanvrager", "zaak", "zaak.inhoud", "beheerder", "geraden")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"fields": "soort,aanvrager"}, "aanvrager"),
        ({"fields": "notitie"}, "notitie"),
        ({"sort": "-notitie"}, "notitie"),
        ({"expand": "zaak"}, "zaak"),
    ],
)
async def test_asking_for_what_is_closed_is_told_by_its_name(
    opened: Open, query: dict[str, str], named: str
) -> None:
    answer = await opened.get(PERMITS, params=query)
    assert (answer.status_code, answer.json()["code"]) == (403, "open_closed")
    assert named in answer.json()["detail"]
    lenient = await opened.get(PERMITS, params=query, headers={"Prefer": "handling=lenient"})
    assert lenient.status_code == 403


async def test_filter_on_a_closed_property_is_no_parameter_here(opened: Open) -> None:
    for name in ("notitie", "aanvrager"):
        answer = await opened.get(PERMITS, params={name: SECRET})
        assert (answer.status_code, answer.json()["code"]) == (400, "query_unknown")
        assert name in answer.json()["detail"]
        body = {name: SECRET}
        found = await opened.client.post(f"{PERMITS}/_zoek", json=body)
        assert found.status_code == 400
        assert SECRET not in found.text


async def test_a_permit_of_a_client_is_not_looked_at(opened: Open) -> None:
    plain = await opened.get(f"{PERMITS}/v1")
    forged = await opened.get(
        f"{PERMITS}/v1", headers={"Permit": "v1.e30.x", "Fsc-Authorization": "x"}
    )
    assert plain.content == forged.content


async def test_nothing_can_be_written_or_reported_here(opened: Open) -> None:
    for path in (f"{PERMITS}/v1/_terugmelding", "/proef-bijhouden/v1/vergunningen/v1/_wijzig"):
        assert (await opened.client.post(path, json={})).status_code == 404
    assert (await opened.client.put(f"{PERMITS}/v1", json={})).status_code == 405


async def test_closed_values_are_not_read_from_the_database(opened: Open) -> None:
    kind = open_view(Registers({"proef": half_open()})).type("proef", "vergunning")
    rows = await opened.pool.fetch(
        f"SELECT {columns_of(kind)} FROM registers.assertion WHERE object_type = $1", kind.key
    )
    assert len(rows) == 6
    assert SECRET not in str([dict(row) for row in rows])


async def test_reading_of_the_application_brings_nothing_closed_over(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything the database gives to the application while it answers."""
    import asyncpg

    given: list[str] = []
    fetch = asyncpg.Connection.fetch

    async def told(self: Any, query: str, *values: Any, **more: Any) -> Any:
        rows = await fetch(self, query, *values, **more)
        given.append(str([dict(row) for row in rows]))
        return rows

    monkeypatch.setattr(asyncpg.Connection, "fetch", told)
    for path in (PERMITS, f"{PERMITS}/v1", f"{PERMITS}/v1/voorkomens", f"{PERMITS}/v1/registraties",
                 "/proef/v1/wijzigingen", f"{PERMITS}/v1?geldigOp=2021-01-01&expand=ligtAan"):  # fmt: skip
        assert (await opened.get(path)).status_code == 200
    assert "Breedstraat" in "".join(given)
    assert SECRET not in "".join(given)


async def test_the_feed_is_silent_about_closed_types_and_groups(opened: Open) -> None:
    items = (await opened.get("/proef/v1/wijzigingen")).json()["items"]
    assert {one["collectie"] for one in items} == {"vergunningen", "straten"}
    assert "intern" not in {one["groep"] for one in items}


async def test_document_describes_what_is_open_and_nothing_else(opened: Open) -> None:
    text = (await opened.get("/proef/v1/openapi.json")).json()
    assert set(text["components"]["schemas"]["Vergunning"]["properties"]) >= {"soort", "status"}
    assert "aanvrager" not in str(text)
    assert "erugmelding" not in str(text["paths"])
    assert text["servers"][0]["url"] == "https://data.proefdorp.example/proef/v1"


async def test_an_answer_that_is_known_already_is_not_sent_again(opened: Open) -> None:
    for path in (PERMITS, f"{PERMITS}/v1"):
        first = await opened.get(path)
        assert first.headers["Cache-Control"] == "public, max-age=10"
        known = {"If-None-Match": first.headers["ETag"]}
        again = await opened.get(path, headers=known)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]


async def test_head_is_get_without_a_body_and_options_tells_what_may_be_asked(
    opened: Open,
) -> None:
    head = await opened.client.head(PERMITS)
    assert (head.status_code, head.content) == (200, b"")
    assert "ETag" in head.headers
    options = await opened.client.options(PERMITS)
    assert options.status_code == 204
    assert options.headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Api-Key" in options.headers["Access-Control-Allow-Headers"]


async def key_of(opened: Open) -> str:
    wanted = {"toepassing": "Buurtkaart", "doel": "Een kaart van vergunningen in de buurt"}
    made = await opened.client.post("/sleutels", json=wanted)
    assert made.status_code == 201, made.text
    return str(made.json()["sleutel"])


async def test_a_key_lives_has_a_quota_and_ends(opened: Open) -> None:
    key = {"X-Api-Key": await key_of(opened)}
    for left in (4, 3, 2, 1, 0):
        answer = await opened.get(PERMITS, headers=key)
        assert (answer.status_code, answer.headers["RateLimit-Remaining"]) == (200, str(left))
    over = await opened.get(PERMITS, headers=key)
    assert (over.status_code, over.json()["code"]) == (429, "open_quota")
    assert 0 < int(over.headers["Retry-After"]) <= 86_400
    assert (await opened.get(PERMITS)).status_code == 200
    await opened.uses.flush()
    own = await opened.get("/sleutels/eigen", headers=key)
    assert own.json()["vragenVandaag"] == 6
    assert (await opened.client.delete("/sleutels/eigen", headers=key)).status_code == 204
    for path in (PERMITS, "/sleutels/eigen"):
        gone = await opened.get(path, headers=key)
        assert (gone.status_code, gone.json()["code"]) == (401, "open_key_invalid")


async def test_of_a_key_only_a_hash_is_kept(opened: Open) -> None:
    key = await key_of(opened)
    rows = await opened.pool.fetch("SELECT * FROM registers.open_key")
    assert key not in str([dict(row) for row in rows])


@pytest.mark.parametrize("text", ["", "x", "open_" + "A" * 43, "open_" + "é" * 43, "v1.a.b"])
async def test_a_key_that_was_never_given_out_is_refused(opened: Open, text: str) -> None:
    answer = await opened.get(PERMITS, headers={"X-Api-Key": text.encode()})
    assert (answer.status_code, answer.json()["code"]) == (401, "open_key_invalid")


async def test_a_key_opens_nothing_that_is_closed(opened: Open) -> None:
    key = {"X-Api-Key": await key_of(opened)}
    answer = await opened.get(PERMITS, params={"fields": "aanvrager"}, headers=key)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "doel",
    ["kort", "mail mij op jan@example.org", "bel 0294 123 456 voor vragen", "voor 999993653 graag"],
)
def test_a_request_for_a_key_holds_no_person(doel: str) -> None:
    found = read_wanted({"toepassing": "Buurtkaart", "doel": doel})
    assert isinstance(found, dict)
    assert "doel" in found


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12) | st.integers() | st.none()))
def test_no_form_makes_more_than_a_word_and_a_purpose(form: Any) -> None:
    found = read_wanted(form)
    assert isinstance(found, Wanted) or found


def _model(**more: object) -> dict[str, Any]:
    members = {"nummer": annotated(**{"x-open": True}), "naam": annotated(**more)}
    return {
        "$schema": DIALECT, "title": "T", "x-titel-en": "T", "type": "object", "x-open": True,
        "additionalProperties": False, "required": [], "x-collectie": "dingen",
        "x-identificatie": "nummer", "x-versie": "1.0.0", "properties": members,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["gewoon", "identificerend", "bijzonder"])
def test_personal_data_can_not_be_open(kind: str) -> None:
    with pytest.raises(InvalidModel, match="never open"):
        parse_register(
            {"naam": "p", "klok": "eigen"},
            {"ding": _model(**{"x-open": True, "x-persoonsgegeven": kind})},
            "p",
        )


def test_a_view_leaves_personal_data_out_also_when_a_model_says_open() -> None:
    register = parse_register(
        {"naam": "p", "klok": "eigen"}, {"ding": _model(**{"x-open": True})}, "p"
    )
    kind = register.types["ding"]
    wrong = replace(kind.properties["naam"], personal_data=PersonalData.ORDINARY)
    slipped = replace(kind, properties={**kind.properties, "naam": wrong})
    registers = Registers({"p": replace(register, types={"ding": slipped})})
    view = open_view(registers).type("p", "ding")
    assert set(view.properties) == {"nummer"}
    assert closed_names(slipped, view) == {"naam"}
    assert "naam" not in view.paths()


def test_a_register_without_an_open_type_is_not_there() -> None:
    register = half_open()
    closed = replace(register, types={"zaak": register.types["zaak"]})
    assert open_view(Registers({"proef": closed})).by_name == {}


@pytest.mark.parametrize(("base", "words"), [("", "Vraag een sleutel"), ("/en", "Ask for a key")])
async def test_page_tells_what_there_is_in_two_languages(
    opened: Open, base: str, words: str
) -> None:
    page = await opened.get(base or "/")
    assert (page.status_code, words in page.text) == (200, True)
    assert "vergunningen" in page.text
    assert "zaken" not in page.text
    assert "script-src 'none'" in page.headers["Content-Security-Policy"]
    assert (await opened.get(f"{base}/privacy")).headers["Location"].endswith(f"{base}/privacy")


async def test_person_gets_a_key_by_a_form_and_is_told_what_is_wrong_with_it(
    opened: Open,
) -> None:
    assert "<form" in (await opened.get("/sleutels")).text
    wrong = {"toepassing": "x", "doel": "<b>mail jan@example.org</b>"}
    refused = await opened.client.post("/en/sleutels", data=wrong)
    assert refused.status_code == 400
    assert refused.text.count("without data about people") >= 2
    assert "<b>mail" not in refused.text
    right = {"toepassing": "Buurtkaart", "doel": "Een kaart van vergunningen"}
    made = await opened.client.post("/sleutels", data=right)
    key = made.text.partition("<code>")[2].partition("</code>")[0]
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    assert (await opened.get(PERMITS, headers={"X-Api-Key": key})).status_code == 200
