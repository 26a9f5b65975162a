# SPDX-License-Identifier: EUPL-1.2
"""Certificates are replaced in a running landscape while questions go on; none of them fails.

Both organisations of the story replace theirs: Doesburg asks with the new one, Weesp answers and
issues tokens with it. The keys stay, as the contract names the key of Doesburg's Outway.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from landschap.cli.demo.application import Answer
from landschap.cli.demo.landscape import Member
from landschap.cli.demo.opening import Opened
from landschap.cli.demo.processes import Processes
from landschap.cli.demo.story import Story
from landschap.fsc import store as fsc_store
from landschap.fsc.thumbprints import thumbprint_of
from landschap.fsc.tokens import bound_certificate
from landschap.platform import postgres
from landschap.platform.identity import (
    Validity,
    issue_organisation,
    read_certificates,
    read_issued,
)
from landschap.platform.settings import Settings, load_settings

ASKERS = 4
SETTLE_SECONDS = 12.0


class Load:
    """Questions that go on, and everything that did not go well with them."""

    def __init__(self, story: Story) -> None:
        self._story = story
        self.answered = 0
        self.failed: list[str] = []

    async def ask(self, stop: asyncio.Event) -> None:
        """Ask until told to stop."""
        while not stop.is_set():
            try:
                answer: Answer = await self._story.ask()
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.failed.append(f"{type(error).__name__}: {error}")
                continue
            if answer.status == 200:
                self.answered += 1
            else:
                self.failed.append(f"{answer.status} {answer.text[:300]} {answer.code}")


def settings_of(opened: Opened, member: Member) -> Settings:
    return load_settings(opened.landscape.settings_file(member))


def renew(opened: Opened, member: Member) -> x509.Certificate:
    """A certificate for the same key, put in place by a rename; gives the new certificate."""
    settings = settings_of(opened, member)
    trust = opened.landscape.folder / "trust"
    held = read_issued(settings.identity.certificate, settings.identity.key)
    made = issue_organisation(
        read_issued(trust / "anchor.crt", trust / "anchor.key"),
        oin=member.oin,
        name=member.name,
        hosts=[f"{part}.{member.key}.test" for part in ("manager", "inway", "outway")],
        validity=Validity.of_days(datetime.now(UTC), 90),
        key=held.key,
    )
    put(settings.identity.certificate, made.certificate.public_bytes(Encoding.PEM))
    return made.certificate


def put(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(content)
    fresh.chmod(0o600)
    fresh.rename(path)


async def bound_to(settings: Settings) -> set[str]:
    """The certificates that the held tokens are bound to."""
    pool = await postgres.pool(settings, "fsc", size=1)
    try:
        return {bound_certificate(each.token) for each in await fsc_store.tokens(pool)}
    finally:
        await pool.close()


async def configuration_of(member: Member) -> str:
    """The version of what nginx carries."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{member.admin}/version") as answer,
    ):
        return str(json.loads(await answer.read())["configuration"])


async def until_another(member: Member, version: str) -> None:
    async with asyncio.timeout(30):
        while await configuration_of(member) == version:  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.1)


@pytest.mark.long
@pytest.mark.parametrize("who", ["doesburg", "weesp"])
async def test_no_question_fails_while_a_certificate_is_replaced(
    running: tuple[Opened, Processes], story: Story, who: str
) -> None:
    opened, _ = running
    member = getattr(opened.landscape, who)
    before = await configuration_of(member)
    stop, load = asyncio.Event(), Load(story)
    async with asyncio.TaskGroup() as group:
        for _ in range(ASKERS):
            group.create_task(load.ask(stop))
        await asyncio.sleep(2)
        made = renew(opened, member)
        await until_another(member, before)
        await asyncio.sleep(SETTLE_SECONDS)
        stop.set()
    assert load.answered > ASKERS
    assert load.failed == []
    if who == "doesburg":
        assert await bound_to(settings_of(opened, member)) == {thumbprint_of(made)}
    (now,) = read_certificates(settings_of(opened, member).identity.certificate)[:1]
    assert now == made


async def test_a_key_that_is_not_the_certificates_changes_nothing(
    running: tuple[Opened, Processes], story: Story
) -> None:
    opened, _ = running
    doesburg, weesp = opened.landscape.doesburg, opened.landscape.weesp
    before = await configuration_of(doesburg)
    identity = settings_of(opened, doesburg).identity
    right = identity.key.read_bytes()
    put(identity.key, settings_of(opened, weesp).identity.key.read_bytes())
    try:
        stop, load = asyncio.Event(), Load(story)
        async with asyncio.TaskGroup() as group:
            group.create_task(load.ask(stop))
            await asyncio.sleep(6)
            stop.set()
    finally:
        put(identity.key, right)
    assert load.answered
    assert load.failed == []
    assert await configuration_of(doesburg) == before
