# SPDX-License-Identifier: EUPL-1.2
"""A SOAP service as a source: one question per key, some at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import structlog

from landschap.integration.access import SoapAccess
from landschap.integration.conforming import Conformity
from landschap.integration.connectors.guarding import Guard, all_of
from landschap.integration.connectors.over_http import (
    Request,
    RestDoor,
    answered,
    read_limited,
    trace_headers,
)
from landschap.integration.rows import Question, Reason, Row, SourceFailed, key_text
from landschap.integration.soap import Fault, Reader, Template, UnreadableAnswer
from landschap.platform.ids import new_span_id
from landschap.vocabulary.times import AMSTERDAM

log = structlog.get_logger(__name__)


class SoapConnector:
    """Asks one SOAP service. Raises InvalidPath for a declaration that was not checked."""

    def __init__(
        self,
        access: SoapAccess,
        template: Template,
        door: RestDoor,
        conformity: Conformity | None = None,
    ) -> None:
        self._access = access
        self._conformity = conformity
        self._template = template
        self._door = door
        self._reader = Reader(access)
        self._guard = Guard(access.concurrency)

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows of all keys. Raises SourceFailed; one failed question fails them all."""
        asks = [partial(self._ask, question, key) for key in question.keys]
        if len(asks) == 1:
            return await self._guard.run(asks[0])
        found = await all_of([asyncio.create_task(self._guard.run(ask)) for ask in asks])
        return [row for rows in found for row in rows]

    async def _ask(self, question: Question, key: str) -> list[Row]:
        now = datetime.now(UTC).astimezone(AMSTERDAM)
        facts = {
            "sleutel": key,
            "dag": question.moment.valid_on.strftime("%Y%m%d"),
            "moment": now.strftime("%Y%m%d%H%M%S"),
            "referentie": new_span_id().hex(),
        }
        try:
            message = self._template.message({question.by, *question.columns}, facts)
        except ValueError:
            return []  # a key with a character that XML can not hold: nothing has it
        if not self._may_send(message, key):
            return []
        request = Request(
            method="POST",
            url=self._access.url,
            headers=self._headers(question),
            body=message,
            # A fault comes with status 500, and is an answer all the same (SOAP 1.1, 6.2).
            found=(200, 500),
        )
        async with answered(self._door, request) as answer:
            body = await read_limited(answer, self._access.max_bytes)
        return self._rows(body, question, key)

    def _may_send(self, message: bytes, key: str) -> bool:
        """False for a key that no object can have. Raises SourceFailed for a question that is not
        as the schema says: it is not sent.
        """
        wrong = self._conformity and self._conformity.of_message(message, key)
        if not wrong:
            return True
        if wrong.by_key:
            return False
        log.error("soap_question_not_conform", template=self._access.template, where=str(wrong))
        raise SourceFailed(Reason.BROKEN)

    def _check_answer(self, body: bytes) -> None:
        wrong = self._conformity and self._conformity.of_message(body)
        if wrong:
            log.warning("soap_answer_not_conform", url=self._access.url, where=str(wrong))
            raise UnreadableAnswer("is not as the schema says")

    def _rows(self, body: bytes, question: Question, key: str) -> list[Row]:
        try:
            records = self._reader.records(body)
            self._check_answer(body)
            return [self._row(each, question, key) for each in records]
        except Fault:
            raise SourceFailed(Reason.REFUSED) from None
        except UnreadableAnswer:
            raise SourceFailed(Reason.UNREADABLE) from None

    def _row(self, record: object, question: Question, key: str) -> Row:
        values = self._reader.values(record, {question.by, *question.columns})
        lacks = self._access.complete and any(self._reader.lacks(record, question.columns))
        if lacks:
            raise UnreadableAnswer("lacks an element that is always there")
        if key_text(values.get(question.by)) != key:
            # An answer about somebody else is no answer, and must not be told as one.
            raise UnreadableAnswer("is about another key")
        begin, end, registered = self._reader.period(record)
        return Row(
            id=key,
            values={column: values.get(column) for column in question.columns},
            begin=begin,
            end=end,
            registered=registered,
            clock=self._access.clock if registered else "",
        )

    def _headers(self, question: Question) -> dict[str, str]:
        headers = {
            "Accept": "text/xml",
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{self._access.action}"',
        }
        if self._access.secret_header:
            headers[self._access.secret_header] = self._door.secret
        headers.update(trace_headers(question.trace))
        return headers
