# SPDX-License-Identifier: EUPL-1.2
"""Asking a validator of our own whether a contract is to be accepted.

It gets one JSON document, as a program on its standard input or as an HTTPS address in a POST, and
answers ``{"decision": "accept" | "reject" | "manual", "reason": "..."}``. It has a few seconds and
little room. Whatever else happens (no answer, late, not readable, a failing program, another
status) means *manual*: a person decides, and the reason is kept.
Source: FSC Core, "Contract management"; FSC External Contract Reference; house rule: fail closed.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import aiohttp
import msgspec

from landschap.platform.fsc_settings import CalloutSettings

MAX_ANSWER_BYTES = 65_536
_MAX_REASON = 500
Outcome = Literal["accept", "reject", "manual"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the validator said, or ``manual`` with the reason why nobody knows."""

    outcome: Outcome
    reason: str


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    decision: Literal["accept", "reject", "manual"]
    reason: str = ""


class _NoAnswer(Exception):
    """There is no answer that can be used."""


async def ask_validator(settings: CalloutSettings, question: bytes) -> Verdict:
    """The validator's verdict on a contract. Never raises for what the validator does."""
    try:
        async with asyncio.timeout(settings.seconds):
            if settings.program is not None:
                answer = await _ask_program(settings.program, question)
            else:
                answer = await _ask_address(settings, question)
        told = msgspec.json.decode(answer, type=_Answer)
    except TimeoutError:
        return _unknown(f"the validator gave no answer within {settings.seconds} seconds")
    except msgspec.DecodeError as error:
        return _unknown(f"the answer of the validator can not be read: {error}")
    except (_NoAnswer, OSError, aiohttp.ClientError, ssl.SSLError) as error:
        return _unknown(f"the validator could not be asked: {error}")
    return Verdict(outcome=told.decision, reason=_bounded(told.reason))


def _unknown(why: str) -> Verdict:
    return Verdict(outcome="manual", reason=_bounded(why))


def _bounded(text: str) -> str:
    """Words of another program, for a log and a screen."""
    return "".join(each if each.isprintable() else " " for each in text)[:_MAX_REASON]


async def _ask_program(program: Path, question: bytes) -> bytes:
    """Run it without a shell, without arguments and with an empty environment."""
    process = await asyncio.create_subprocess_exec(
        str(program),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
    )
    try:
        stdin = cast("asyncio.StreamWriter", process.stdin)
        stdout = cast("asyncio.StreamReader", process.stdout)
        with suppress(BrokenPipeError, ConnectionResetError):
            stdin.write(question)
            await stdin.drain()
            stdin.close()
        answer = await _bounded_read(stdout)
        status = await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if status != 0:
        raise _NoAnswer(f"{program.name} ended with status {status}")
    return answer


async def _ask_address(settings: CalloutSettings, question: bytes) -> bytes:
    context = ssl.create_default_context(cafile=settings.authority)
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            settings.address,
            data=question,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            ssl=context,
            allow_redirects=False,
        ) as answer,
    ):
        if answer.status != 200:
            raise _NoAnswer(f"it answered {answer.status}")
        return await _bounded_read(answer.content)


async def _bounded_read(source: asyncio.StreamReader | aiohttp.StreamReader) -> bytes:
    """All that is said, when it is not too much. Raises _NoAnswer."""
    said = bytearray()
    while chunk := await source.read(MAX_ANSWER_BYTES):
        said += chunk
        if len(said) > MAX_ANSWER_BYTES:
            raise _NoAnswer(f"it said more than {MAX_ANSWER_BYTES} bytes")
    return bytes(said)
