# SPDX-License-Identifier: EUPL-1.2
"""Looking at an extract that is there: how anonymous it is."""

from __future__ import annotations

import tempfile
from pathlib import Path

from landschap.integration.bulk.anonymity import InvalidQuestion, Question, Report, queries, report
from landschap.integration.bulk.extracts import Form
from landschap.integration.connectors.bulk.engine import Begin, Job, Limits
from landschap.integration.connectors.bulk.extracting import Engine, EngineFailed


def form_of(file: Path) -> Form:
    """By what a file is called. Raises InvalidQuestion."""
    try:
        return Form(file.suffix.removeprefix("."))
    except ValueError:
        raise InvalidQuestion(f"{file.name} ends in none of {', '.join(Form)}") from None


async def anonymity(file: Path, question: Question, limits: Limits) -> Report:
    """The report on a file. Raises InvalidQuestion, and OSError for a file that is not there."""
    asked = queries(question, form_of(file), str(file))
    with tempfile.TemporaryDirectory(prefix="landschap-") as folder:
        begin = Begin(folder=Path(folder), limits=limits, views={}, files=(file,))
        engine = Engine(begin)
        try:
            return report(question, await engine.run(Job(queries=asked)))
        except EngineFailed as failed:
            if "BinderException" in str(failed):
                named = (*question.quasi, *filter(None, (question.sensitive, question.each)))
                fields = ", ".join(named)
                raise InvalidQuestion(f"{file.name} does not have all of {fields}") from None
            raise
        finally:
            await engine.end()
