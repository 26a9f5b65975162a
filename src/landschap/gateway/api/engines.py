# SPDX-License-Identifier: EUPL-1.2
"""The other engines of our Outway, from the settings: nothing starts with a table that is wrong."""

from __future__ import annotations

from dataclasses import fields

from landschap.gateway.voices import VOICE_KEYS, read_voice
from landschap.gateway.world import Engines
from landschap.platform.identity import read_file
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.authzen.voice import Voice


def engines_of(settings: Settings) -> Engines:
    """Who else must agree with what leaves. Raises Trouble."""
    file = settings.outway.veto
    cedar = read_file(file, "rules in Cedar").decode("utf-8") if file is not None else ""
    return Engines(voice=_voice(settings), cedar=cedar)


def _voice(settings: Settings) -> Voice | None:
    told = settings.outway.voice
    if told is None:
        return None
    mistakes: list[str] = []
    table = {each.name: getattr(told, each.name) for each in fields(told)}
    given = {key: table[key] for key in VOICE_KEYS if table[key] is not None}
    voice = read_voice(given, lambda key, why: mistakes.append(f"outway.voice.{key}: {why}"))
    if mistakes:
        raise Trouble("; ".join(mistakes), f"mend the settings in {settings.path}")
    return voice
