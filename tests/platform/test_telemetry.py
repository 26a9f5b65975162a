# SPDX-License-Identifier: EUPL-1.2
"""The technical log: lines for machines, without what must not be seen."""

from __future__ import annotations

import json
import subprocess
import sys

CODE = """
import logging, sys
from landschap.platform.logboek_settings import LogSettings
from landschap.platform.telemetry import logger, start_logging
start_logging(LogSettings(level="info", format=sys.argv[1]), "probe")
password = "hush-hush"
try:
    1 / 0
except ZeroDivisionError:
    logger().exception("went wrong", door="inway")
logger().debug("too small")
logging.getLogger("library").warning("from a library")
logging.getLogger("library").info("too small")
"""


def said(form: str) -> str:
    command = [sys.executable, "-c", CODE, form]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_lines_are_json_with_part_level_and_moment() -> None:
    lines = [json.loads(line) for line in said("json").splitlines()]
    assert [line["event"] for line in lines] == ["went wrong", "from a library"]
    assert all(line["part"] == "probe" and line["at"].endswith("Z") for line in lines)
    assert [line["level"] for line in lines] == ["error", "warning"]
    assert lines[0]["door"] == "inway"
    assert lines[0]["exception"][0]["exc_type"] == "ZeroDivisionError"


def test_values_of_variables_never_reach_the_log() -> None:
    assert "hush-hush" not in said("json")
    text = said("text")
    assert "ZeroDivisionError" in text
    assert "hush-hush" not in text.replace('password = "hush-hush"', "")
