# SPDX-License-Identifier: EUPL-1.2
"""A person asks who used their data: two officers, no number kept, each look told to the person."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from tests.console.acts import RESIDENT, records_of, search
from tests.console.console_rig import BURGERZAKEN, HIDDEN_ACTIVITY, Console
from tests.logboek.log_rig import line
from tests.logboek.old_months import write_month
from tests.portal.visiting import Seen, Visitor

from landschap.console.officers import store
from landschap.console.pages.person_uses import LOOK_NAME
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft, Kind, Record
from landschap.logboek.store import latest
from landschap.logboek.store.legal_holds import drop_month

HERE = "/console/persoon"
WHY = "Verzoek om inzage, ontvangen op 3 maart aan de balie"
SIEBRAND, SHE, OTHER = "999990688", "999990019", "999993653"


async def asked(visitor: Visitor, bsn: str = SIEBRAND, case: str = "Z-2026-00077") -> Seen:
    """Bring in a question, as the first officer does."""
    page = await visitor.get(HERE)
    form = {"token": visitor.token(page), "bsn": bsn, "zaak": case, "reden": WHY}
    return await visitor.post(HERE, form)


async def decided(visitor: Visitor, path: str, choice: str = "ja") -> Seen:
    """Decide on it, as the second officer does."""
    page = await visitor.get(path)
    form = {"token": visitor.token(page), "mag": choice, "reden": "Zaak gezien, identiteit klopt"}
    return await visitor.post(path, form)


@pytest.fixture
async def used(console: Console) -> None:
    """Somebody looked at Siebrand."""
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    await visitor.get((await search(visitor, RESIDENT, SIEBRAND)).location)


async def test_a_second_officer_allows_before_anything_is_shown(
    console: Console, used: None
) -> None:
    first, second = await console.visit("fg"), await console.visit("fg2")
    sent = await asked(first)
    assert sent.status == 303, sent.text
    path = sent.location.removeprefix(console.address)
    before = len(await records_of(console, SIEBRAND))
    waits = await first.get(path)
    assert "Wacht op een collega" in waits.text
    assert 'name="mag"' not in waits.text
    assert "Wie gebruikte deze gegevens" not in waits.text
    assert (await first.get(f"{path}/bestand")).status == 403
    token = first.token(await first.get(HERE))
    own = await first.post(path, {"token": token, "mag": "ja", "reden": "Ik vind het goed zo"})
    assert own.status == 409
    assert len(await records_of(console, SIEBRAND)) == before
    assert (await decided(second, path)).status == 303
    assert "Alleen wie het vroeg" in (await second.get(path)).text
    assert (await second.get(f"{path}/bestand")).status == 403
    shown = await first.get(path)
    assert "Wie gebruikte deze gegevens" in shown.text
    assert 'data-label="Waarvoor"' in shown.text


async def test_each_look_is_a_line_about_the_person_and_stands_with_the_watchers(
    console: Console, used: None
) -> None:
    first, second = await console.visit("fg"), await console.visit("fg2")
    path = (await asked(first, case="Z-2026-00078")).location.removeprefix(console.address)
    await decided(second, path)
    before = await records_of(console, SIEBRAND)
    await first.get(path)
    after = await records_of(console, SIEBRAND)
    assert len(after) == len(before) + 1
    assert after[0]["ldv"]["name"] == LOOK_NAME
    assert after[0]["landschap"]["processing_id"] == "Z-2026-00078"
    watchers = (await first.get("/console/meekijkers")).text
    assert path.rpartition("/")[2] in watchers
    for words in ("Persoonsvraag gesteld", "Persoonsvraag goedgekeurd", "Gebruik van één persoon"):
        assert words in watchers, words


@pytest.mark.case("L52")
async def test_the_console_writes_its_own_line_of_a_look_and_the_log_writes_none(
    console: Console, used: None
) -> None:
    first, second = await console.visit("fg"), await console.visit("fg2")
    case = "Z-2026-00079"
    path = (await asked(first, case=case)).location.removeprefix(console.address)
    await decided(second, path)
    for look in (path, f"{path}/bestand"):
        before = {each.record_id for each in await lines_of_the_log(console)}
        page = await (first.get(look) if look == path else first.download(look))
        assert page
        [found] = [each for each in await lines_of_the_log(console) if each.record_id not in before]
        told: Any = found.content()
        assert told["ldv"]["name"] == LOOK_NAME
        assert told["ldv"]["status"] == "Unset"
        # Who reads says so itself: the console, under the activity that is about answering.
        system = told["ldv"]["resource"]["attributes"]["service.name"]
        assert system.startswith("landschap-console/")
        oidc = console.deps.settings.oidc.console
        assert oidc is not None
        assert found.columns.activity == oidc.access_activity
        assert told["landschap"]["processing_id"] == case
        assert found.columns.subject in await pseudonyms_of_question(console, path)


async def lines_of_the_log(console: Console) -> Sequence[Record]:
    """All lines, about whomever."""
    pool = await console.database.pool("logboek")
    since = datetime.now(UTC) - timedelta(hours=1)
    return await latest(pool, since=since, limit=1000, kind=Kind.LINE)


async def pseudonyms_of_question(console: Console, path: str) -> tuple[bytes, ...]:
    question = await store.person_question(console.deps.pool, UUID(path.rpartition("/")[2]))
    assert question is not None
    return question.pseudonyms


async def test_the_number_of_the_person_is_kept_nowhere(console: Console) -> None:
    visitor = await console.visit("fg")
    sent = await asked(visitor)
    assert SIEBRAND not in sent.location
    owner = await console.database.administrator()
    for table in ("person_question", "log_look", "person_answer"):
        rows = await owner.fetch(f"SELECT t::text AS row FROM console.{table} t")
        assert not any(SIEBRAND in row["row"] for row in rows), table
    await owner.close()
    wrong = await asked(visitor, bsn="123456789")
    assert wrong.status == 400
    assert "123456789" not in wrong.text
    assert "Dit is geen burgerservicenummer" in wrong.text


async def test_a_refused_question_shows_nothing(console: Console, used: None) -> None:
    first, second = await console.visit("fg"), await console.visit("fg2")
    path = (await asked(first)).location.removeprefix(console.address)
    assert (await decided(second, path, "nee")).status == 303
    page = await first.get(path)
    assert "Deze vraag is afgekeurd" in page.text
    assert "Wie gebruikte deze gegevens" not in page.text
    assert (await first.get(f"{path}/bestand")).status == 403
    assert (await decided_again(second, path)) == 409


@pytest.mark.case("L55")
async def test_lines_about_a_person_stay_past_their_term_until_the_request_is_answered(
    console: Console,
) -> None:
    first, second = await console.visit("fg"), await console.visit("fg2")
    owner = await console.database.administrator()
    for text, number in (("2019-03", SHE), ("2019-04", SHE), ("2019-05", OTHER)):
        await write_month(owner, text, [old_line(console, number, text)])
    await owner.close()
    path = (await asked(first, SHE, "Z-2026-00090")).location.removeprefix(console.address)
    keeper = await console.database.pool("logboek", role="landschap_keeper")
    # Not allowed yet, and then allowed: all the same, the person has no answer.
    for _ in range(2):
        for month in (date(2019, 3, 1), date(2019, 4, 1)):
            with pytest.raises(asyncpg.RaiseError, match=f"held by {path.rpartition('/')[2]}"):
                await drop_month(keeper, month)
        page = await first.get(path)
        assert "vernietigt het logboek geen regels over deze persoon" in page.text
        if "Wacht op een collega" in page.text:
            await decided(second, path)
    assert await drop_month(keeper, date(2019, 5, 1)) == 1, "nobody asked for that person"
    sent = await first.post(f"{path}/klaar", {"token": first.token(page)})
    assert sent.status == 303
    page = await first.get(path)
    assert "Deze vraag is beantwoord" in page.text
    assert "Wie gebruikte deze gegevens" not in page.text
    assert (await first.get(f"{path}/bestand")).status == 403
    assert await drop_month(keeper, date(2019, 3, 1)) == 1
    # A request that is refused holds no longer either.
    path = (await asked(first, SHE, "Z-2026-00091")).location.removeprefix(console.address)
    with pytest.raises(asyncpg.RaiseError, match="held by"):
        await drop_month(keeper, date(2019, 4, 1))
    early = await first.post(f"{path}/klaar", {"token": first.token(await first.get(path))})
    assert early.status == 409
    with pytest.raises(asyncpg.RaiseError, match="held by"):
        await drop_month(keeper, date(2019, 4, 1))
    await decided(second, path, "nee")
    assert await drop_month(keeper, date(2019, 4, 1)) == 1


def old_line(console: Console, number: str, month: str) -> Draft:
    deps = console.deps.registers
    at = datetime.fromisoformat(f"{month}-10T12:00:00+00:00")
    subject = subject_pseudonym(deps.pseudonym_key, deps.controller, "bsn", number)
    return line(subject=subject, started_at=at, ended_at=at)


async def decided_again(visitor: Visitor, path: str) -> int:
    """A decision after the decision."""
    token = visitor.token(await visitor.get(HERE))
    form = {"token": token, "mag": "ja", "reden": "Toch maar wel, bij nader inzien"}
    return (await visitor.post(path, form)).status


async def test_the_access_file_holds_what_the_person_may_see_with_checksums(
    console: Console, used: None
) -> None:
    first, second = await console.visit("fg"), await console.visit("fg2")
    path = (await asked(first)).location.removeprefix(console.address)
    await decided(second, path)
    files = await unzipped(first, f"{path}/bestand")
    assert set(files) == {"inzage.html", "inzage.json", "SHA256SUMS"}
    for row in files["SHA256SUMS"].decode().splitlines():
        digest, _, name = row.partition("  ")
        assert sha256(files[name]).hexdigest() == digest
    told = json.loads(files["inzage.json"])
    assert told["misschienNietAlles"] is True
    assert {each["uitkomst"] for each in told["gebruik"]} >= {"delivered"}
    html = files["inzage.html"].decode()
    assert "Misschien staat hier niet alles." in html
    assert not any(SIEBRAND.encode() in each for each in files.values())
    # The employee who looked is no business of the person.
    assert b"M. de Wit" not in files["inzage.html"] + files["inzage.json"]
    lines = len(await records_of(console, SIEBRAND))
    assert len(told["gebruik"]) <= lines


async def unzipped(visitor: Visitor, path: str) -> dict[str, bytes]:
    """The files behind a link."""
    content = await visitor.download(path)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def test_what_is_held_back_is_marked_for_the_officer_and_left_out_of_the_file(
    console: Console,
) -> None:
    await write_hidden(console)
    first, second = await console.visit("fg"), await console.visit("fg2")
    path = (await asked(first)).location.removeprefix(console.address)
    await decided(second, path)
    page = await first.get(path)
    assert "Achtergehouden" in page.text
    told = json.loads((await unzipped(first, f"{path}/bestand"))["inzage.json"])
    assert "geheim onderzoek" not in json.dumps(told)
    assert "geheim onderzoek" in page.text


async def write_hidden(
    console: Console,
    activity: str = HIDDEN_ACTIVITY,
    name: str = "geheim onderzoek",
    case: str = "geheim onderzoek",
) -> None:
    """A line under a confidential activity."""
    from landschap.logboek.drafts import line_draft
    from landschap.logboek.payloads import LineEntry, Outcome
    from landschap.platform.ids import new_span_id, new_trace_id

    deps, now = console.deps.registers, datetime.now(UTC)
    entry = LineEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        name=name,
        started_at=now,
        ended_at=now,
        controller=deps.controller.value,
        outcome=Outcome.DELIVERED,
        system="proef",
        activity=activity,
        subject=subject_pseudonym(deps.pseudonym_key, deps.controller, "bsn", SIEBRAND),
        subject_type="https://weesp.example/register/pseudoniem/bsn/1",
        key_id=1,
        processing_id=case,
    )
    await deps.log.append([line_draft(entry, now=now)])


async def test_questions_are_for_log_officers_only(console: Console) -> None:
    visitor = await console.visit("burgerzaken")
    assert (await visitor.get(HERE)).status == 403
    officer = await console.visit("fg")
    [question, *_] = await store.person_questions(console.deps.pool)
    assert (await visitor.get(f"{HERE}/{question.question_id}")).status == 403
    assert (await officer.get(f"{HERE}/geen")).status == 404
