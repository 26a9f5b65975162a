# SPDX-License-Identifier: EUPL-1.2
"""In which form an answer goes: media types, and the system of coordinates in it.

Source: RFC 9110, 12.5.1 and 15.5.7; NL GOV API geospatial module 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from landschap.registers.geo_asking import CrsHeaders, crs_keys
from landschap.registers.geojson import GEOJSON, content_crs
from landschap.vocabulary.problems import ProblemError, Refusal

if TYPE_CHECKING:
    from landschap.registers.api.cases import AnyRequest, Case
    from landschap.registers.expanding import Relation
    from landschap.registers.models import ObjectType

JSON = "application/json"


def forms_of(kind: ObjectType) -> tuple[str, ...]:
    """The forms in which objects of a type are told, the usual one first."""
    return (JSON, GEOJSON) if kind.geometry is not None else (JSON,)


def chosen_form(request: AnyRequest, offered: Sequence[str] = (JSON,)) -> str:
    """The best of the offered forms that the asker takes. Raises ProblemError with 406."""
    accept = request.headers.get("accept", "").strip()
    if not accept:
        return offered[0]
    weights = [(_weight(accept, name), -number, name) for number, name in enumerate(offered)]
    weight, _, name = max(weights)
    if weight > 0:
        return name
    raise ProblemError(
        Refusal(
            code="not_acceptable",
            status=HTTPStatus.NOT_ACCEPTABLE,
            title="This form is not offered here",
            detail=f"Answers are {' or '.join(offered)}; leave Accept out, or name that.",
        )
    )


def _weight(accept: str, name: str) -> float:
    """How much a form is wanted: what is said of it by name goes before what is said of all."""
    ranges = [name, f"{name.partition('/')[0]}/*", "*/*"]
    found: dict[str, float] = {}
    for part in accept.lower().split(","):
        kind, *parameters = (each.strip() for each in part.split(";"))
        found[kind] = _quality(parameters)
    return next((found[each] for each in ranges if each in found), 0.0)


def _quality(parameters: Iterable[str]) -> float:
    for each in parameters:
        key, _, value = each.partition("=")
        if key.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def crs_headers(request: AnyRequest) -> CrsHeaders:
    """What a request says of systems of coordinates."""
    headers = request.headers
    return CrsHeaders(
        accept=headers.get("accept-crs", "").strip(), content=headers.get("content-crs", "").strip()
    )


def form_headers(case: Case) -> dict[str, str]:
    """What an answer says of its coordinates, and of what it depends on in the question."""
    if not crs_keys(case.type):
        return {}
    told = {"Vary": "Accept, Accept-Crs, Prefer"}
    return told | content_crs(case.asked.crs) if _tells_place(case) else told


def _tells_place(case: Case) -> bool:
    place = case.type.geometry
    own = place is not None and place.name in case.shape.leaves
    return own or any(_leads_to_place(each) for each in case.expanded)


def _leads_to_place(relation: Relation) -> bool:
    return relation.target.geometry is not None or any(
        _leads_to_place(each) for each in relation.further
    )
