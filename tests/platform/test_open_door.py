# SPDX-License-Identifier: EUPL-1.2
"""Open data as it runs: behind nginx, beside the other doors, for whoever passes by."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.platform.serving import OPEN_HOST, Serving, landschap, listening_organisation, until
from tests.registers.rig import annotated

from landschap.platform.identity import Issued
from landschap.platform.system_users import choose
from landschap.registers.schemas import DIALECT

SECRET = "Geheim-7391"
TREES = "/groen/v1/bomen"
FILES = "/bestanden/groen/bomen/huidig"
COUNT = 30


def _model() -> dict[str, Any]:
    free = {"x-open": True}
    return {
        "$schema": DIALECT, "title": "Boom", "x-titel-en": "Tree", "type": "object",
        "description": "Een boom van de gemeente.", "x-open": True, "additionalProperties": False,
        "required": [], "x-collectie": "bomen", "x-identificatie": "nummer", "x-versie": "1.0.0",
        "properties": {
            "nummer": annotated(pattern="^[0-9]+$", **free),
            "soort": annotated(**free, **{"x-zoekbaar": True}),
            "eigenaar": annotated(**{"x-persoonsgegeven": "gewoon"}),
        },
    }  # fmt: skip


def _line(number: int) -> str:
    content = {"soort": "eik" if number % 2 else "linde", "eigenaar": SECRET}
    return json.dumps(
        {
            "object": str(number), "kenmerk": f"{number}/1", "soort": "REGISTRATIE",
            "geldigVan": "2020-01-01", "tijdstipRegistratie": "2020-01-02T10:00:00Z",
            "inhoud": content,
        }
    )  # fmt: skip


@dataclass
class Passer:
    """Somebody without login."""

    serving: Serving

    def ask(
        self, path: str, *, method: str = "GET", body: bytes = b"", host: str = OPEN_HOST,
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:  # fmt: skip
        address, port = str(self.serving.settings.listen.open).split(":")
        connection = http.client.HTTPConnection(address, int(port), timeout=20)
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body or None, headers={"Host": host, **told})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, content

    def key(self) -> str:
        form = json.dumps({"toepassing": "Bomenkaart", "doel": "Een kaart van alle bomen"})
        status, _, content = self.ask(
            "/sleutels", method="POST", body=form.encode(), Content_Type="application/json"
        )
        assert status == 201, content
        return str(json.loads(content)["sleutel"])


@pytest.fixture(scope="module")
def passer(short_folder: Path, anchor: Issued) -> Iterator[Passer]:
    """An organisation with all doors, and a register of trees that is open for a part."""
    more = "[open]\nrequests_per_second = 20\nburst = 60\nkey_requests_per_day = 20\n"
    settings = listening_organisation(short_folder / "open", anchor, more)
    register = settings.path.parent / "registers" / "groen"
    register.mkdir(parents=True)
    (register / "register.toml").write_text('naam = "groen"\ntitel = "Groen"\nklok = "eigen"\n')
    (register / "boom.schema.json").write_text(json.dumps(_model()))
    if service := choose(None):
        service.own(settings.identity.key)
    serving = Serving.start(settings)
    try:
        serving.until_ready()
        extract = settings.path.parent / "uittreksel"
        extract.mkdir()
        (extract / "bomen.jsonl").write_text("\n".join(map(_line, range(COUNT))) + "\n")
        done = landschap("register", "load", "groen", str(extract), "-c", str(settings.path))
        assert done.returncode == 0, done.stderr
        made = landschap("open", "publish", "-c", str(settings.path))
        assert made.returncode == 0, made.stderr
        yield Passer(serving)
    finally:
        serving.kill()


def test_open_data_is_told_to_whoever_passes_by(passer: Passer) -> None:
    status, headers, content = passer.ask(f"{TREES}?soort=eik&limit=5", Permit="v1.x.y")
    items = json.loads(content)["items"]
    assert (status, len(items), items[0]) == (200, 5, {"nummer": "1", "soort": "eik"})
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cache-control"] == "public, max-age=10"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["api-version"] == "1.0.0"
    assert passer.ask(TREES, host="proefdorp.localhost")[0] == 421


def test_an_answer_is_kept_for_seconds_and_known_by_its_validator(passer: Passer) -> None:
    first = passer.ask(f"{TREES}?limit=7")
    again = passer.ask(f"{TREES}?limit=7")
    # The moment of knowledge stands in it, so the same text is the same answer.
    assert again[1]["content-location"] == first[1]["content-location"]
    status, headers, content = passer.ask(f"{TREES}?limit=7", If_None_Match=first[1]["etag"])
    assert (status, content) == (304, b"")
    assert headers["etag"] == first[1]["etag"]
    head = passer.ask(f"{TREES}?limit=7", method="HEAD")
    assert (head[0], head[2]) == (200, b"")
    small = passer.ask("/groen/v1/openapi.json", Accept_Encoding="gzip")
    assert small[1]["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(small[2]))["info"]["title"] == "Groen"


def test_key_gives_its_figures_and_is_never_kept(passer: Passer) -> None:
    key = passer.key()
    figures = [passer.ask(TREES, X_Api_Key=key)[1]["ratelimit-remaining"] for _ in range(3)]
    assert figures == ["19", "18", "17"]
    etag = passer.ask(TREES)[1]["etag"]
    assert passer.ask(TREES, X_Api_Key="open_" + "A" * 43)[0] == 401
    # The validator of a kept answer is that of a fresh one.
    assert passer.ask(TREES, X_Api_Key=key, If_None_Match=etag)[0] in (200, 304)


def test_operator_sees_limits_and_ends_keys(passer: Passer) -> None:
    key, config = passer.key(), str(passer.serving.settings.path)
    passer.ask(TREES, X_Api_Key=key)

    def counted() -> dict[str, Any]:
        listed = landschap("open", "keys", "list", "--json", "-c", config)
        return dict(json.loads(listed.stdout)["keys"][0])

    until(lambda: counted()["requestsToday"] == 1, 20, passer.serving.explain)
    number = counted()["key"]
    assert landschap("open", "keys", "quota", number, "1", "-c", config).returncode == 0
    assert passer.ask(TREES, X_Api_Key=key)[0] == 429
    assert landschap("open", "keys", "revoke", number, "-c", config).returncode == 0
    assert passer.ask(TREES, X_Api_Key=key)[0] == 401
    gone = landschap("open", "keys", "revoke", number, "-c", config)
    assert (gone.returncode, "no key in use" in gone.stderr) == (3, True)


@pytest.mark.parametrize("name", ["apiKey", "api_key", "sleutel", "token", "X-Api-Key"])
def test_key_in_an_address_is_refused_in_clear_words(passer: Passer, name: str) -> None:
    for path in (TREES, f"{FILES}/bomen.csv", "/catalogus"):
        status, headers, content = passer.ask(f"{path}?limit=1&{name}=open_x")
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        problem = json.loads(content)
        assert problem["code"] == "open_key_in_address"
        assert "X-Api-Key" in problem["detail"]


def test_bulk_files_are_sent_from_disk_with_ranges(passer: Passer) -> None:
    made = json.loads(passer.ask(f"{FILES}/manifest.json")[2])
    assert made["aantal"] == COUNT
    for file in made["bestanden"]:
        status, headers, content = passer.ask(f"{FILES}/{file['naam']}", Accept_Encoding="gzip")
        assert (status, len(content)) == (200, file["bytes"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
        assert headers["accept-ranges"] == "bytes"
        assert headers["content-type"].partition(";")[0] == file["mediaType"]
        assert SECRET.encode() not in content
        part = passer.ask(f"{FILES}/{file['naam']}", Range="bytes=2-5", If_Range=headers["etag"])
        assert (part[0], part[2]) == (206, content[2:6])
        known = passer.ask(f"{FILES}/{file['naam']}", If_None_Match=headers["etag"])
        assert known[0] == 304
    catalogue = passer.ask("/catalogus/dcat.ttl")[2].decode()
    assert all(file["sha256"] in catalogue for file in made["bestanden"])


@pytest.mark.parametrize(
    "path",
    ["/bestanden/", "/bestanden/groen", "/bestanden/groen/bomen/huidig/", f"{FILES}/geen.csv",
     "/bestanden/groen/bomen/.wordt-gemaakt-1/bomen.csv", "/bestanden/../../organisation.toml",
     "/bestanden/%2e%2e/%2e%2e/organisation.toml", "/bestanden/groen/../../../secrets/permit"],
)  # fmt: skip
def test_nothing_but_whole_files_is_sent(passer: Passer, path: str) -> None:
    status, _, content = passer.ask(path)
    assert status in (400, 404)
    assert b"oin" not in content
    assert b"bomen.csv" not in content


@pytest.mark.case("api-30")
def test_who_asks_too_much_is_told_to_wait(passer: Passer) -> None:
    answers = [passer.ask(f"{TREES}?limit=3") for _ in range(140)]
    refused = [each for each in answers if each[0] == 429]
    assert refused, [each[0] for each in answers]
    status, headers, content = refused[0]
    problem = json.loads(content)
    assert (status, problem["code"], problem["status"]) == (429, "open_rate", 429)
    assert headers["retry-after"] == "1"
    assert headers["ratelimit-remaining"] == "0"
    assert headers["content-type"] == "application/problem+json"
    assert {each[0] for each in answers} == {200, 429}


CLOSED_WAYS = (
    f"{TREES}?limit=1000", f"{TREES}?fields=eigenaar", f"{TREES}?eigenaar={SECRET}",
    f"{TREES}?sort=eigenaar", f"{TREES}?historie=true", f"{TREES}?expand=eigenaar",
    f"{TREES}?formaat=csv", f"{TREES}?formaat=jsonl&uitvoer=registraties", f"{TREES}/1",
    f"{TREES}/1/voorkomens", f"{TREES}/1/registraties", "/groen/v1/openapi.json",
    "/groen/v1/wijzigingen", "/catalogus/dcat.jsonld", f"{FILES}/bomen.csv",
    f"{FILES}/bomen.jsonl", f"{FILES}/bomen.parquet", f"{FILES}/manifest.json",
)  # fmt: skip


@pytest.mark.case("S-44")
def test_an_open_class_needs_no_contract_is_limited_and_counted_and_leaks_nothing(
    passer: Passer,
) -> None:
    def counted() -> dict[str, int]:
        """How often the door answered, by status, as its operators see it."""
        config = str(passer.serving.settings.path)
        told = json.loads(landschap("door", "totals", "--json", "-c", config).stdout)["totals"]
        found = Counter[str]()
        for each in told:
            if each["door"] == "open":
                found[str(each["status"])] += each["answers"]
        return found

    before = counted()
    until(lambda: passer.ask(TREES)[0] == 200, 20, passer.serving.explain)
    asked = Counter[str]()
    for path in CLOSED_WAYS:
        status, headers, content = passer.ask(path)
        asked[str(status)] += 1
        assert SECRET.encode() not in content, path
        assert SECRET not in str(headers), path
        assert b"eigenaar" not in content or status in (400, 403), path
        time.sleep(0.1)
    assert asked["200"] >= 8
    answers = Counter(str(passer.ask(f"{TREES}?limit=4")[0]) for _ in range(140))
    assert answers["429"]
    asked += answers

    def all_of_them() -> bool:
        now = counted()
        return all(now.get(each, 0) - before.get(each, 0) >= n for each, n in asked.items())

    until(all_of_them, 30, passer.serving.explain)
    until(lambda: passer.ask(TREES)[0] == 200, 20, passer.serving.explain)
    key = passer.key()
    assert passer.ask(TREES, X_Api_Key=key)[1]["ratelimit-remaining"] == "19"


def _status(place: str, path: str, host: str, *, tls: bool) -> int:
    """What a listener says to a path; 0 when it does not even speak."""
    address, port = place.split(":")
    context = ssl._create_unverified_context()  # noqa: S323  # only whether it lets us in
    made: http.client.HTTPConnection = (
        http.client.HTTPSConnection(address, int(port), timeout=10, context=context)
        if tls
        else http.client.HTTPConnection(address, int(port), timeout=10)
    )
    try:
        made.request("GET", path, headers={"Host": host})
        return made.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        made.close()


@pytest.mark.parametrize("listener", ["manager", "inway", "outway", "web", "open", "admin"])
def test_each_listener_reaches_its_own_application_only(passer: Passer, listener: str) -> None:
    """One route of every application, asked at every listener without any proof of who asks."""
    listen, own = passer.serving.settings.listen, f"{listener}.proefdorp.test"
    host = {"web": "proefdorp.localhost", "open": OPEN_HOST}.get(listener, own)
    routes = {
        "manager": ("/v1/contracts", "/v1/peers", "/v1/health"),
        "services": ("/groen-bijhouden/v1/openapi.json", "/groen/v1/terugmeldingen/x"),
        "web": ("/inloggen", "/gebruik", "/gebruik.csv"),
        "open": (TREES, "/groen/v1/openapi.json", "/catalogus", "/sleutels/eigen"),
        "admin": ("/metrics", "/health/ready"),
    }
    place = str(getattr(listen, listener))
    tls = listener in ("manager", "inway")
    for application, paths in routes.items():
        for path in paths:
            status = _status(place, path, host, tls=tls)
            if path == "/catalogus" and listener == "web":
                # People have a catalogue at that path too: of APIs, and it is their own page.
                assert status == 200, status
            elif application == listener == "open":
                assert status in (200, 401, 429), (path, status)
            elif listener in ("open", "web", "admin") and application != listener:
                assert status in (404, 429), (listener, path, status)
            elif listener in ("manager", "inway"):
                # Without a certificate nobody is let in, whatever is asked.
                assert status == 400, (listener, path, status)
            elif listener == "outway":
                assert status in (400, 401, 403, 404, 405), (path, status)
