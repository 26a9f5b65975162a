# SPDX-License-Identifier: EUPL-1.2
"""Every form of portal and desk with everything that can go wrong: nothing is lost or done twice.

The table of forms is in ``faults.py``; those of the public form stand in ``tests/forms`` and
``tests/landscape``, as `ELSEWHERE` tells.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.console.console_rig import Console
from tests.console.faults import FORMS, TYPED, Filled, Form, at_desk, sits
from tests.console.test_desk import HERE, end, look_up
from tests.portal.portal_rig import ANOTHER, SUZANNE
from tests.portal.test_consents import need
from tests.portal.visits import without

from landschap.console.pages import routes as console_routes
from landschap.platform.web.sealed import session_hash
from landschap.portal.pages import routes
from landschap.portal.pages.bearers import is_api
from landschap.purposes.needs import CONSENT

TESTS = Path(__file__).parents[1]
# Two of the table each time, and all of it in the long run.
FEW = {"bezwaar", "document controleren"}


def table(*forms: Form) -> pytest.MarkDecorator:
    rows = [
        pytest.param(each, id=each.name, marks=() if each.name in FEW else pytest.mark.long)
        for each in forms
    ]
    return pytest.mark.parametrize("form", rows)


EACH = table(*FORMS)
# Forms with nothing to lose and nothing to do twice.
PLAIN = {"/uitloggen", "/uitloggen/bericht", "/bewijs", "/snel-weg"}
# The public form: which test shows what, by fault.
ELSEWHERE = {
    "source down": (
        "forms/test_applying.py", "test_what_can_not_be_registered_is_told_and_can_be_sent_again",
    ),
    "session ended": (
        "forms/test_applying.py",
        "test_what_was_typed_when_the_session_was_over_is_there_after_logging_in_again",
    ),
    "double click": (
        "landscape/test_form.py", "test_a_form_prefills_and_submits_as_itself_on_a_small_screen",
    ),
    "back button": (
        "landscape/test_form.py", "test_a_form_prefills_and_submits_as_itself_on_a_small_screen",
    ),
    "second window": (
        "forms/test_application.py", "test_the_same_form_of_the_same_person_is_the_same_application",
    ),
}  # fmt: skip


def test_every_form_stands_in_the_table(console: Console) -> None:
    sent = {
        path
        for handler in routes(console.portal)
        if "POST" in getattr(handler, "http_methods", ())
        for path in handler.paths  # type: ignore[union-attr]  # as above
    }
    desk = {
        path
        for handler in console_routes(console.deps)
        if "POST" in getattr(handler, "http_methods", ())
        for path in handler.paths  # type: ignore[union-attr]  # as above
        if path.startswith(HERE)
    }
    dutch = {path for path in sent | desk if not path.startswith("/en") and not is_api(path)}
    assert dutch - PLAIN == {path for each in FORMS for path in each.routes}
    for file, name in ELSEWHERE.values():
        assert f"def {name}(" in (TESTS / file).read_text(), name


@pytest.fixture(scope="module", autouse=True)
async def asks(console: Console) -> AsyncIterator[None]:
    """There is something that rests on consent while these tests run."""
    await need(console.portal.purposes_pool, CONSENT)
    yield
    await need(console.portal.purposes_pool)


async def _done(console: Console, form: Form) -> int:
    connection = await console.database.administrator()
    try:
        return int(await connection.fetchval(form.done))
    finally:
        await connection.close()


def _times(form: Form) -> int:
    """How much the count goes up by doing it once."""
    return 0 if form.done == "SELECT 0" else 1


async def _is_still_there(console: Console, form: Form, filled: Filled) -> None:
    if form.typed:
        assert form.again is not None
        page = await form.again(console, filled)
        assert page.status == 200, page.text
        assert TYPED in page.text
        assert "Wat u typte, is bewaard." in page.text
        # Given back once.
        assert TYPED not in (await form.again(console, filled)).text


# What nobody can read now is not done: the log can not be written.
@table(*(each for each in FORMS if each.recorded))
async def test_while_the_source_is_down_nothing_is_done_and_nothing_lost(
    console: Console, form: Form
) -> None:
    filled = await form.fill(console, 0)
    before = await _done(console, form)
    async with without(console, "logboek", "INSERT", "logboek.record"):
        told = await filled.visitor.post(filled.path, filled.form)
    assert told.status == 503, told.text
    assert await _done(console, form) == before
    if form.typed:
        assert "Wat u typte, is bewaard." in told.text
    await _is_still_there(console, form, filled)


@EACH
async def test_after_the_session_ended_nothing_is_done_and_nothing_lost(
    console: Console, form: Form
) -> None:
    filled = await form.fill(console, 1)
    before = await _done(console, form)
    await _over(console, form, filled)
    told = await filled.visitor.post(filled.path, filled.form)
    assert told.status == 303
    assert await _done(console, form) == before
    if form.employee:
        # They come back to a page that is there.
        await filled.visitor.log_in(
            form.employee, told.location.replace("sessie-voorbij", "inloggen")
        )
    else:
        await sits(console, filled.bsn, filled.visitor)
    await _is_still_there(console, form, filled)


async def _over(console: Console, form: Form, filled: Filled) -> None:
    room, name = ("console", "__Host-console") if form.employee else ("portal", "__Host-sessie")
    token = filled.visitor.cookies[console.address.removeprefix("http://")][name]
    connection = await console.database.administrator()
    await connection.execute(
        f"DELETE FROM {room}.session WHERE session_hash = $1",  # one of two rooms
        session_hash(token),
    )
    await connection.close()


async def test_what_was_typed_waits_while_another_page_and_another_person_are_seen(
    console: Console,
) -> None:
    [objection, check] = [each for each in FORMS if each.name in FEW]
    for form in (objection, check):
        filled = await form.fill(console, 5)
        async with without(console, "logboek", "INSERT", "logboek.record"):
            assert (await filled.visitor.post(filled.path, filled.form)).status == 503
        if form is check:
            assert TYPED not in (await look_up(filled.visitor, bsn=SUZANNE)).text
        else:
            assert TYPED not in (await filled.visitor.get("/rechten/inzage")).text
            await sits(console, ANOTHER, filled.visitor)
            assert TYPED not in (await filled.visitor.get(filled.path)).text
            await sits(console, filled.bsn, filled.visitor)
        await _is_still_there(console, form, filled)


@EACH
async def test_a_double_click_does_it_once(console: Console, form: Form) -> None:
    filled = await form.fill(console, 2)
    before = await _done(console, form)
    clicks = [filled.visitor.post(filled.path, filled.form) for _ in range(2)]
    told = await asyncio.gather(*clicks)
    # A browser shows the last answer: that is no refusal either.
    assert all(each.status < 400 for each in told), [each.text for each in told]
    assert await _done(console, form) == before + _times(form)


@EACH
async def test_the_back_button_and_sending_again_do_it_once(console: Console, form: Form) -> None:
    filled = await form.fill(console, 3)
    before = await _done(console, form)
    for _ in range(2):
        told = await filled.visitor.post(filled.path, filled.form)
        assert told.status < 400 or told.status == form.window, told.text
    assert await _done(console, form) == before + _times(form)


@EACH
async def test_a_second_window_that_was_open_before_does_it_once(
    console: Console, form: Form
) -> None:
    filled = await form.fill(console, 4)
    before = await _done(console, form)
    assert (await filled.visitor.post(filled.path, filled.form)).status < 400
    told = await filled.visitor.post(filled.path, filled.other)
    assert told.status < 400 or told.status == form.window, told.text
    assert await _done(console, form) == before + _times(form)


@pytest.mark.parametrize("path", ["/rechten/bezwaar", pytest.param("", marks=pytest.mark.long)])
async def test_when_the_visit_at_the_desk_ends_what_was_typed_waits_for_the_same_person(
    console: Console, path: str
) -> None:
    filled = await at_desk(console, path)
    visitor = filled.visitor
    connection = await console.database.administrator()
    await connection.execute(
        "UPDATE console.desk_visit SET until = begun_at + interval '1 second'"
        " WHERE ended_at IS NULL"
    )
    await connection.execute(
        "UPDATE console.desk_visit SET ended_at = now(), ended_why = 'tijd' WHERE ended_at IS NULL"
    )
    await connection.close()
    told = await visitor.post(filled.path, filled.form)
    assert (told.status, told.title) == (403, "Het bezoek aan de balie is voorbij")
    assert "Wat u typte, is bewaard." in told.text
    assert TYPED not in told.text
    assert "Wesseling" not in told.text
    again = await at_desk(console, filled.path, visitor)
    assert again.page is not None
    assert TYPED in again.page.text
    assert "Wat u typte, is bewaard." in again.page.text
    await end(visitor)
