# SPDX-License-Identifier: EUPL-1.2
"""The JSON Schema of what stands under ``bronnen``: one form per kind of source."""

from __future__ import annotations

from landschap.integration.access import FileForm
from landschap.integration.declaration_access import (
    DEFAULT_PAGES,
    DEFAULT_TIMEOUT_MS,
    MAX_ANSWER_BYTES,
    MAX_CONNECTIONS,
    MAX_PAGES,
)
from landschap.integration.declaration_file import (
    DEFAULT_FETCH_SECONDS,
    DEFAULT_FILE_BYTES,
    DEFAULT_LOOK_SECONDS,
    MAX_FILE_BYTES,
)
from landschap.integration.declaration_parts import CLOCKS
from landschap.integration.model import Axes
from landschap.integration.schema_parts import TEXT, TEXTS, Schema, an_object, one_of, whole

_URL_WITH_KEY: Schema = {"type": "string", "pattern": r"^https?://[^/{}]+/[^{}]*\{[^{}]+\}[^{}]*$"}
_URL: Schema = {"type": "string", "pattern": r"^https?://[^/{}\s]+/[^{}\s]*$"}
_TABLE: Schema = {
    "type": "string",
    "pattern": r"^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$",
}
_SECRET = an_object({"kop": TEXT, "bestand": TEXT}, "kop", "bestand")
_PERIOD = an_object({"begin": TEXT, "eind": TEXT, "registratie": TEXT})
_TLS = an_object({"vertrouwt": TEXT, "certificaat": TEXT, "sleutel": TEXT})
_OAUTH = an_object(
    {"url": _URL, "klant": TEXT, "bestand": TEXT, "bereik": TEXT}, "url", "klant", "bestand"
)
_STORE = an_object(
    {
        "adres": {"type": "string", "pattern": r"^https?://[^/{}\s@?#]+/?$"},
        "emmer": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"},
        "sleutel": TEXT,
        "regio": TEXT,
        "vertrouwt": TEXT,
        "hoogstens_bytes": whole(1_000, MAX_FILE_BYTES, DEFAULT_FILE_BYTES),
        "kijkt_elke_s": whole(1, 86_400, DEFAULT_LOOK_SECONDS),
        "ophalen_s": whole(1, 3_600, DEFAULT_FETCH_SECONDS),
    },
    "adres", "emmer", "sleutel",
)  # fmt: skip
_SERVICE: Schema = {
    "geheim": _SECRET,
    "tls": _TLS,
    "oauth": _OAUTH,
    "volledig": {"type": "boolean"},
    "gelijktijdig": whole(1, 256, 8),
    "hoogstens_bytes": whole(1_000, MAX_ANSWER_BYTES, 1_000_000),
}


def any_source() -> Schema:
    """One source of any kind."""
    return {"oneOf": [_register(), _rest(), _database(), _file(), _soap()]}


def _kind(name: str, axes: Axes, own: Schema, *required: str) -> Schema:
    shared: Schema = {
        "sleutels": TEXTS,
        "bronhouder": TEXT,
        "tijd": one_of(tuple(Axes), axes),
        "timeout_ms": whole(1, 60_000, DEFAULT_TIMEOUT_MS),
    }
    always = ("soort", "sleutels", "bronhouder")
    return an_object({"soort": {"const": name}, **own, **shared}, *always, *required)


def _dated(own: Schema) -> Schema:
    return {**own, "periode": _PERIOD, "klok": one_of(CLOCKS, "bron")}


def _register() -> Schema:
    own: Schema = {"register": TEXT, "objecttype": TEXT}
    return _kind("register", Axes.BOTH, own, "register", "objecttype")


def _rest() -> Schema:
    own: Schema = {
        "url": _URL_WITH_KEY,
        "stapel": whole(1, 1_000, 1),
        "records": TEXT,
        "velden_parameter": TEXT,
        "volgende": TEXT,
        "bladzijden": whole(1, MAX_PAGES, DEFAULT_PAGES),
        "outway": an_object({"contract": TEXT, "doel": TEXT}, "contract"),
        **_SERVICE,
    }
    return _kind("rest", Axes.BOTH, _dated(own), "url")


def _database() -> Schema:
    own: Schema = {
        "verbinding": TEXT,
        "tabel": _TABLE,
        "verbindingen": whole(1, MAX_CONNECTIONS, 4),
    }
    return _kind("database", Axes.NONE, _dated(own), "verbinding", "tabel")


def _file() -> Schema:
    written = an_object(
        {"scheiding": TEXT, "aanhaling": TEXT, "codering": TEXT},
        "scheiding", "aanhaling", "codering",
    )  # fmt: skip
    own: Schema = {
        "pad": TEXT,
        "vorm": one_of(tuple(FileForm)),
        "csv": written,
        "blad": TEXT,
        "records": TEXT,
        "opslag": _STORE,
    }
    return _kind("bestand", Axes.NONE, _dated(own), "pad", "vorm")


def _soap() -> Schema:
    dated = an_object({"pad": TEXT, "soort": one_of(("stuf_datum",))}, "pad", "soort")
    own: Schema = {
        "url": _URL,
        "handeling": TEXT,
        "vraag": TEXT,
        "naamruimten": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
        "records": TEXT,
        "kolommen": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"oneOf": [TEXT, dated]},
        },
        "schema": an_object({"map": TEXT, "bestand": TEXT}, "map", "bestand"),
        **_SERVICE,
    }
    required = ("url", "vraag", "naamruimten", "records", "kolommen")
    return _kind("soap", Axes.NONE, _dated(own), *required)
