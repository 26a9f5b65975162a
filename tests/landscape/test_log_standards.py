# SPDX-License-Identifier: EUPL-1.2
"""The log of a running landscape against its standards, and what its interfaces tell whom."""

from __future__ import annotations

import dataclasses
import json
import ssl
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import pytest
from tests.logboek.standard_forms import LINE, TRANSACTION, faults

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.cli.demo.accounting import ACTIVITY, account_for_a_use
from landschap.cli.demo.landscape import (
    ANOTHER,
    AUDIT_CLIENT,
    AUDIT_REDIRECT,
    OTHER_PURPOSE,
    PORTAL_CLIENT,
    PURPOSE,
    SUZANNE,
    Member,
)
from landschap.cli.demo.story import Story
from landschap.cli.demo.verifying import export_log
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.platform.settings import load_settings

NEXT = "/logboek/v1/data-processing-operations"
REASON = "Steekproef op de levering aan Doesburg"


async def payloads(story: Story, member: Member, folder: Path) -> list[dict[str, Any]]:
    """What each record of a member's log holds, from a copy of the whole log."""
    copy = folder / f"{member.key}.jsonl"
    await export_log(story.config(member), copy)
    lines = [json.loads(each) for each in copy.read_text().splitlines()]
    return [json.loads(each["record"]["payload"]) for each in lines if "record" in each]


@dataclasses.dataclass(frozen=True)
class Log:
    """Weesp's log as those who read it meet it."""

    story: Story
    began: datetime

    @property
    def address(self) -> str:
        return f"http://{self.story.opened.landscape.weesp.logboek}"

    async def token(self, person: str, client: str, redirect: str, kind: str) -> str:
        """A token as the login provider gives it to a client."""
        application = dataclasses.replace(
            self.story.opened.application, client_id=client, redirect_uri=redirect
        )
        return await application.log_in(person, kind)

    async def auditor(self, person: str = "weesp-privacy") -> dict[str, str]:
        token = await self.token(person, AUDIT_CLIENT, AUDIT_REDIRECT, "access_token")
        return {"Authorization": f"Bearer {token}"}

    async def resident(self, person: str) -> dict[str, str]:
        scene = self.story.opened.landscape
        redirect = f"{scene.weesp.web_address}/inloggen/terug"
        token = await self.token(person, PORTAL_CLIENT, redirect, "id_token")
        key = (scene.folder / "weesp" / "secrets" / "balie.key").read_text().strip()
        return {"Authorization": f"Bearer {token}", "X-Api-Key": key}

    async def ask(self, who: Mapping[str, str], **asked: Any) -> tuple[int, Any]:
        """Ask for lines since the test began, or of another period."""
        since = asked.pop("since", self.began)
        body = {"startTime": since.isoformat(), **asked}
        if "until" in body:
            body["endTime"] = body.pop("until").isoformat()
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.address + NEXT, json=body, headers=who) as answer,
        ):
            return answer.status, await answer.json(content_type=None)

    async def lines(self, who: Mapping[str, str], **asked: Any) -> list[Any]:
        status, told = await self.ask(who, **asked)
        assert status == 200, told
        await self.check(told)
        found: list[Any] = told["dataProcessingOperations"]
        return found

    async def check(self, told: Any) -> None:
        """An answer is as the description says that this very log gives of itself."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.address}/logboek/v1/openapi.json") as answer,
        ):
            described = await answer.json(content_type=None)
        schema = {"$ref": "#/components/schemas/AntwoordNieuw", "components":
                  described["components"]}  # fmt: skip
        assert faults(jsonschema_rs.validator_for(schema), told) == []


def spans(lines: Iterable[Any]) -> set[str]:
    return {each["spanId"] for each in lines}


async def transactions(story: Story, member: Member, query: str) -> list[Any]:
    """What Weesp's Manager tells a peer of its transactions, over mutual TLS."""
    scene = story.opened.landscape
    context = ssl.create_default_context(cafile=str(scene.folder / "trust" / "anchor.crt"))
    identity = scene.folder / member.key / "identity"
    context.load_cert_chain(identity / "organisation.crt", identity / "organisation.key")
    context.check_hostname = False
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"https://{scene.weesp.manager}/v1/logs?{query}", ssl=context) as answer,
    ):
        assert answer.status == 200, await answer.text()
        found: list[Any] = (await answer.json())["records"]
        return found


@pytest.mark.case("S-33")
async def test_records_fit_their_standards_and_are_told_to_who_may_read_them(
    story: Story, tmp_path: Path
) -> None:
    scene = story.opened.landscape
    began = datetime.now(UTC) - timedelta(seconds=1)
    await story.expected_answer()
    await story.without_purpose()
    await account_for_a_use(scene)
    await _records_fit(story, tmp_path)
    # Since then only: other tests may have asked by the thousand.
    log = Log(story, began)
    await _told_by_person(story, log)
    await _told_by_period_and_purpose(story, log, began)
    await _refused_without_right(log)
    await _transactions_for_who_took_part(story)


async def _records_fit(story: Story, folder: Path) -> None:
    """Each record of both logs, whichever part wrote it, against the text of its standard."""
    scene, seen = story.opened.landscape, Counter[str]()
    for member in (scene.weesp, scene.doesburg):
        for payload in await payloads(story, member, folder):
            for name, validator in (("ldv", LINE), ("fsc", TRANSACTION)):
                if name in payload:
                    assert faults(validator, payload[name]) == [], payload[name]
                    seen[f"{member.key} {name}"] += 1
    assert all(seen[each] for each in ("weesp ldv", "weesp fsc", "doesburg fsc")), seen


async def _told_by_person(story: Story, log: Log) -> None:
    """The auditor gets a person's lines by pseudonym; that person the same; another none."""
    settings = load_settings(story.config(story.opened.landscape.weesp), {})
    oin, key = settings.organisation.oin, pseudonym_keys(settings)[1]
    space = f"{pseudonym_space(settings)}/bsn/1"

    def about(bsn: str, **more: str) -> dict[str, str]:
        pseudonym = as_subject_id(subject_pseudonym(key, oin, "bsn", bsn))
        return {"dpl.core.dataSubjectId": pseudonym, "dpl.core.dataSubjectIdType": space, **more}

    why = {"nl.landschap.reason": REASON}
    by_auditor = await log.lines(await log.auditor(), attributes=about(SUZANNE, **why))
    suzanne = await log.resident("burger-1")
    assert spans(await log.lines(suzanne, attributes=about(SUZANNE))) == spans(by_auditor)
    assert spans(by_auditor)
    assert "resource" in by_auditor[0]
    other = await log.resident("burger-2")
    assert await log.lines(other, attributes=about(SUZANNE)) == []
    mine = await log.lines(other, attributes=about(ANOTHER))
    assert not spans(mine) & spans(by_auditor)


async def _told_by_period_and_purpose(story: Story, log: Log, began: datetime) -> None:
    [line] = [
        each
        for each in await story.records(story.opened.landscape.weesp, story.transaction_id)
        if each["kind"] == "line"
    ]
    span = line["content"]["ldv"]["span_id"]
    auditor = await log.auditor()

    async def told(purpose: str, since: datetime, until: datetime) -> set[str]:
        attributes = {"dpl.core.processingActivityId": line["activity"],
                      "nl.landschap.purpose": purpose,
                      "nl.landschap.reason": REASON}  # fmt: skip
        return spans(await log.lines(auditor, attributes=attributes, since=since, until=until))

    now = datetime.now(UTC) + timedelta(seconds=1)
    assert span in await told(PURPOSE, began, now)
    assert await told(OTHER_PURPOSE, began, now) == set()
    assert span not in await told(PURPOSE, began - timedelta(seconds=1), began)


async def _refused_without_right(log: Log) -> None:
    """Nobody, an employee without the role, an auditor without reason or with a number."""
    activity = {"dpl.core.processingActivityId": ACTIVITY}
    why = {"nl.landschap.reason": REASON}
    auditor = await log.auditor()
    number = {"dpl.core.dataSubjectId": SUZANNE, "dpl.core.dataSubjectIdType": "BSN"}
    for who, attributes, status, code in (
        ({}, activity | why, 401, ""),
        (await log.auditor("weesp-burgerzaken"), activity | why, 403, "role_not_allowed"),
        (auditor, activity, 400, "reason_missing"),
        (auditor, number | why, 403, "person_by_number"),
        (auditor, why, 400, "selector_missing"),
    ):
        refused, told = await log.ask(who, attributes=attributes)
        assert (refused, told["code"]) == (status, code or told["code"])
        assert "dataProcessingOperations" not in told


async def _transactions_for_who_took_part(story: Story) -> None:
    """FSC Logging's own interface: a peer sees the transactions in which it is named, no others."""
    scene, query = story.opened.landscape, f"transaction_ids={story.transaction_id}"
    [told] = await transactions(story, scene.doesburg, query)
    assert faults(TRANSACTION, told) == []
    assert told["source"]["outway_peer_id"] == scene.doesburg.oin.value
    assert await transactions(story, scene.outsider, query) == []
