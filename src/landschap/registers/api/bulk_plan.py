# SPDX-License-Identifier: EUPL-1.2
"""A delivery of a whole collection as it will be made: what is asked, and what its headers say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.answering import headers_of
from landschap.registers.api.cases import AnyRequest, Case, History
from landschap.registers.api.collections import refuse_closed
from landschap.registers.api.desk import Desk, preference
from landschap.registers.api.persons import refuse_unknown_subject
from landschap.registers.asking import Faults
from landschap.registers.bulk import (
    DELIVERIES,
    MEDIA,
    Bulk,
    Manifest,
    Output,
    Seal,
    file_name,
    read_bulk,
)
from landschap.registers.listing import Listed, Order, read_listed
from landschap.registers.models import ObjectType
from landschap.registers.questions import AsOf
from landschap.registers.store import Wanted
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal

# The service that delivers all of a register is called after it.
SERVICE_ENDING = "-bulk"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A delivery as it will be made."""

    case: Case
    bulk: Bulk
    wanted: Wanted
    manifest: Manifest
    delivery_id: UUID

    @property
    def counts_left_out(self) -> bool:
        """Whether it is told how many may not be used: not of a few that were asked for."""
        is_part = bool(self.wanted.filters) or self.wanted.area is not None
        return bool(self.case.permit.checks) and not is_part

    @property
    def question(self) -> AsOf:
        """The question all objects answer."""
        wanted = self.wanted
        return AsOf(
            type=wanted.type, wanted=[], valid_on=wanted.valid_on, known=wanted.known,
            uncertainty=wanted.uncertainty,
        )  # fmt: skip


async def planned(desk: Desk, kind: ObjectType, request: AnyRequest, *, is_bulk: bool) -> Plan:
    """What is to be delivered; nothing was read yet.

    ``is_bulk``: at the service that delivers persons too. Raises ProblemError.
    """
    read: list[tuple[Bulk, Listed]] = []
    accept = request.headers.get("accept", "")

    def more(query: Mapping[str, str], wrong: Faults) -> None:
        listed = read_listed(kind, query, wrong)
        read.append((read_bulk(kind, query, accept, listed, wrong), listed))

    output = request.query_params.get("uitvoer", "")
    case = desk.case(
        kind,
        request,
        more=more,
        needs=History(
            material=output if output == Output.STRETCHES else "",
            formal=output if output == Output.REGISTRATIONS else "",
        ),
        offered=[*MEDIA.values(), "application/json"],
        looks_up=True,
    )
    if kind.holds_personal_data and not is_bulk:
        raise ProblemError(_other_service(kind))
    ((bulk, listed),) = read
    refuse_closed(case, listed)
    refuse_unknown_subject(case)
    known = await desk.known(case)
    wanted = Wanted(
        type=desk.seen(case, listed.paths()),
        filters=listed.filters,
        order=Order(),
        valid_on=case.asked.valid_on,
        known=known,
        limit=store.PAGE,
        uncertainty=case.asked.uncertainty,
        rows=case.permit.rows,
        area=listed.area,
        contents_only=bulk.output is Output.OBJECTS
        and not (case.shape.with_history or case.shape.duties),
    )
    manifest = Manifest(
        register=kind.register,
        collection=kind.collection,
        model_version=kind.version,
        bulk=bulk,
        valid_on=wanted.valid_on,
        known=known,
        fields=sorted(case.shape.leaves),
        purpose=case.permit.purpose,
    )
    return Plan(case=case, bulk=bulk, wanted=wanted, manifest=manifest, delivery_id=uuid7())


def plan_headers(plan: Plan) -> dict[str, str]:
    """What lets a delivery be repeated, kept and checked."""
    case, form = plan.case, plan.bulk.form
    bound: list[JsonValue] = [
        plan.manifest.as_json(Seal()), sorted(case.query.items()),
        case.shape.crs.code,
        # Who may not be used can be another one next time: then it is not the same delivery.
        str(plan.delivery_id) if case.permit.checks else "",
    ]  # fmt: skip
    headers = headers_of(case.path, case.asked, plan.question, [], bound)
    told = dict(parse_qsl(headers["Content-Location"].partition("?")[2]))
    if plan.bulk.output is not Output.OBJECTS:
        del told["geldigOp"]
    again = {**case.query, **told, "formaat": form.value, "uitvoer": plan.bulk.output.value}
    base = case.path.rpartition("/")[0]
    name = file_name(case.type, plan.wanted.known.moment, form)
    return {
        **headers,
        "Content-Location": f"{case.path}?{urlencode(again)}",
        # What it says is the same each time; that the bytes are is not promised.
        "ETag": f"W/{headers['ETag']}",
        "Content-Type": f"{MEDIA[form]}; charset=utf-8" if form.value == "csv" else MEDIA[form],
        "Content-Disposition": f'attachment; filename="{name}"',
        "Link": f'<{base}/{DELIVERIES}/{plan.delivery_id}>; rel="describedby"',
        **preference(case),
    }


def _other_service(kind: ObjectType) -> Refusal:
    service = f"{kind.register}{SERVICE_ENDING}"
    return Refusal(
        code="lijst_van_personen",
        status=HTTPStatus.FORBIDDEN,
        title="Persons are not delivered here",
        detail=f"A delivery of all {kind.collection} is a service of its own: "
        f"GET /{service}/v1/{kind.collection}.",
        missing=f"a permit for the service {service}",
        owner="the privacy officers of the organisation that offers the service",
    )
