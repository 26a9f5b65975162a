# SPDX-License-Identifier: EUPL-1.2
"""What a person says at the desk of one organisation counts at another, and says where it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.gateway.gateway_scene import DOESBURG, WEESP
from tests.gateway.saying_rig import Saying
from tests.gateway.test_saying_running import rig
from tests.portal.portal_rig import SUBSTANTIAL

from landschap.console.desk.store import Look, Visit, begin_visit, note_found, note_look
from landschap.console.desk.store.book import Book
from landschap.console.known import Known
from landschap.fsc import jws
from landschap.gateway.saying.store.sent import sent_by
from landschap.platform import postgres
from landschap.platform.http import make_app
from landschap.platform.ids import uuid7
from landschap.platform.web.sealed import session_hash
from landschap.platform.web.sessions import begin_session
from landschap.portal.pages import people_shape, routes
from landschap.portal.pages.at_desk import opener
from landschap.purposes.persons.store import consents_of
from landschap.vocabulary.desk import AtDesk, author_at_desk

__all__ = ["rig"]

pytestmark = pytest.mark.long
PERSON = "999990688"


async def test_a_consent_said_at_the_desk_is_kept_elsewhere_as_said_there(rig: Saying) -> None:
    settings, now = rig.pair.doesburg.settings, datetime.now(UTC)
    console = await postgres.pool(settings, "console")
    employee = Known(
        subject="balie", name="B. Alie", roles=("balie",), level=SUBSTANTIAL,
        authenticated_at=int(now.timestamp()), id_token="",
    )  # fmt: skip
    token = await begin_session(console, rig.deps.session_key, employee)
    look, at = uuid7(), uuid7()
    asked = Look(
        look_id=look, subject="balie", name="B. Alie", sought="nummer", reason="wil iets kiezen"
    )
    assert await note_look(console, asked, 20)
    await note_found(console, look, rig.subject(DOESBURG, PERSON), 1)
    visit = Visit(
        visit_id=at, look_id=look, subject="balie", name="B. Alie", begun_at=now,
        session_hash=session_hash(token), until=now + timedelta(minutes=30), document="paspoort",
        characters="", sealed=None, waits=False,
    )  # fmt: skip
    assert await begin_visit(console, visit)
    known = AtDesk(
        visit=at, employee="balie", employee_name="B. Alie", login="",
        since=int(now.timestamp()), until=visit.until.timestamp(),
    )  # fmt: skip
    opens = opener(rig.deps.portal_pool, rig.deps.session_key, SUBSTANTIAL)
    cookie = await opens(known, PERSON, "Siebrand Zaal", int(now.timestamp()))
    deps = replace(rig.deps, desk=Book(console, "https://login.example"))
    app = make_app(routes(deps), people_shape(deps))
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # its own word for an app
    async with httpx.AsyncClient(transport=transport, base_url="http://doesburg.test") as web:
        desk = replace(rig, portal=web)
        session = {"Cookie": f"{cookie.key}={cookie.value}"}
        await desk.choose(session, "geef")
        assert "U helpt Siebrand Zaal" in await desk.page(session)
    await console.close()
    (kept,) = await consents_of(rig.pair.weesp.pools.purposes, [rig.subject(WEESP, PERSON)])
    assert (kept.holds, kept.author) == (True, author_at_desk(DOESBURG))
    (sent,) = await sent_by(rig.deps.control.rooms.gateway, rig.subject(DOESBURG, PERSON))  # type: ignore[union-attr]  # the rig has one
    event = jws.parse(sent.proof).payload["event"]
    assert isinstance(event, dict)
    assert event["via"] == "balie"
