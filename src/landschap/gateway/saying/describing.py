# SPDX-License-Identifier: EUPL-1.2
"""The OpenAPI document of `zeggenschap`, from the forms that are read and written.

Source: NL GOV REST API Design Rules 2.2, /core/publish-openapi.
"""

from __future__ import annotations

from landschap.gateway.saying.question import MAX_BYTES, SERVICE, schemas
from landschap.gateway.saying.report import MOST_ASKED, report_schemas
from landschap.registers.describing import About, Json, info_of, problem_response
from landschap.registers.description_parts import HEADERS, PROBLEM
from landschap.vocabulary.uploads import MOST_BYTES

_WHAT = (
    "Wat een inwoner in een ander portaal zegt over het gebruik van zijn gegevens hier. "
    "Toestemming geven of intrekken werkt bij de volgende vraag. Een bezwaar of de wens dat "
    "gegevens niet worden gebruikt, is een verzoek waarover deze organisatie besluit. Wie iets "
    "brengt, ondertekent het; wie het opschrijft, ondertekent het bewijs. Dezelfde uiting mag "
    "vaker komen: zij telt een keer. Elke vraag wordt opgeschreven, ook als zij wordt geweigerd."
)


def document_of(about: About) -> Json:
    """The OpenAPI 3.1 document of the service of this organisation."""
    return {
        "openapi": "3.1.0",
        "info": info_of("Zeggenschap over gegevens", _WHAT, about),
        "servers": [{"url": f"{about.address}/{SERVICE}/v1"}],
        "paths": {
            "/stand": {
                "post": _operation(
                    "zoekStand",
                    "Vraag wat iemand kan kiezen en wat hij koos",
                    "De verklaring is hoogstens twee minuten oud en een keer te gebruiken.",
                    ("Vraag", "Stand", "Wat er te zeggen valt, en hoe het ervoor staat."),
                )
            },
            "/uitingen": {
                "put": _operation(
                    "brengUiting",
                    "Breng wat iemand zei",
                    f"Een uiting is hoogstens {MAX_BYTES} bytes en dertig dagen oud.",
                    ("Uiting", "Ontvangst", "Wat de uiting deed, met een ondertekend bewijs."),
                )
            },
            **_reports(),
        },
        "components": {
            "schemas": {**schemas(), **report_schemas(), "Probleem": PROBLEM},
            "headers": {"API-Version": HEADERS["API-Version"]},
            "responses": {"Probleem": problem_response()},
        },
    }


def _reports() -> Json:
    """Reports that a value is wrong: brought, with files, and asked after."""
    return {
        "/meldingen": {
            "put": _operation(
                "brengMelding",
                "Breng een melding van iemand dat een gegeven niet klopt, of dat hij die introk",
                "De melding is hoogstens dertig dagen oud. Dezelfde mag vaker komen: zij telt een "
                "keer. Zij gaat over een gegeven van deze persoon dat hier wordt bijgehouden.",
                ("GebrachteMelding", "Melding", "Hoe het met de melding staat."),
            )
        },
        "/bewijs": {
            "put": _operation(
                "brengBewijs",
                "Breng een bestand dat bij een melding hoort",
                f"Een PDF, JPEG of PNG van hoogstens {MOST_BYTES} bytes, in base64. De som staat "
                "in de melding.",
                ("Bewijs", "Melding", "Hoe het met de melding staat, en welke sommen ontbreken."),
            )
        },
        "/meldingen/stand": {
            "post": _operation(
                "zoekMeldingen",
                "Vraag wat er van meldingen werd die u bracht",
                f"Hoogstens {MOST_ASKED} meldingen; die hier niet bekend zijn ontbreken.",
                ("Meldingen", "StandVanMeldingen", "Hoe het met elke melding staat."),
            )
        },
    }


def _operation(name: str, summary: str, description: str, forms: tuple[str, str, str]) -> Json:
    asked, answered, words = forms
    refused: Json = {
        status: {"$ref": "#/components/responses/Probleem"} for status in ("400", "403", "503")
    }
    return {
        "operationId": name,
        "summary": summary,
        "description": description,
        "parameters": [],
        "requestBody": {"required": True, "content": _json(asked)},
        "responses": {
            "200": {
                "description": words,
                "headers": {"API-Version": {"$ref": "#/components/headers/API-Version"}},
                "content": _json(answered),
            },
            **refused,
        },
    }


def _json(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
