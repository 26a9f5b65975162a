# SPDX-License-Identifier: EUPL-1.2
"""Searching by place: a geometry in the body, the answer in pages.

    POST /{register}/v1/{collectie}/_zoek   {"_geo": {"within": {"type": "Polygon", ...}}}

The next page is asked with the same body at the address of the Link header.
Source: DSO API strategy, "geo"; NL GOV API geospatial module 1.0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from litestar import Response

from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.collections import answer_page
from landschap.registers.api.desk import Desk
from landschap.registers.api.forms import crs_headers, forms_of
from landschap.registers.asking import Faults
from landschap.registers.geo_asking import read_content_crs, read_place
from landschap.registers.listing import Listed, read_listed
from landschap.registers.models import ObjectType
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.problems import granted


async def search_place(
    desk: Desk, kind: ObjectType, request: AnyRequest, given: JsonValue
) -> Response[bytes]:
    """A page of the objects that lie so to the geometry in the body. Raises ProblemError."""
    read: list[Listed] = []

    def paging(query: Mapping[str, str], wrong: Faults) -> None:
        read.append(read_listed(kind, query, wrong))

    case = desk.case(kind, request, offered=forms_of(kind), more=paging)
    crs = granted(read_content_crs(crs_headers(request)))
    (listed,) = read
    asked = replace(listed, area=granted(read_place(kind, given, crs)))
    digest = hashlib.sha256(canonical([crs.uri, given])).hexdigest()
    return await answer_page(desk, case, asked, digest)
