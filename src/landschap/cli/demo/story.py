# SPDX-License-Identifier: EUPL-1.2
"""The steps of the demo: each does something for real and reports what it saw."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landschap.cli.demo.accounting import account_for_a_use
from landschap.cli.demo.application import Answer, Question
from landschap.cli.demo.applying import apply_for_a_permit
from landschap.cli.demo.breach import stolen_certificate
from landschap.cli.demo.commands import landschap
from landschap.cli.demo.correcting import report_an_error
from landschap.cli.demo.finding import find_by_a_field, find_what_breaks
from landschap.cli.demo.insight import see_both
from landschap.cli.demo.knocking import knock, pass_by, supplier_asked, token_of_doesburg
from landschap.cli.demo.landscape import OTHER_PURPOSE, PURPOSE, SUZANNE, Member
from landschap.cli.demo.observing import (
    COMPARED,
    expected,
    facts_of,
    refusal_of,
    year_on,
)
from landschap.cli.demo.opening import Opened
from landschap.cli.demo.operating import operating_steps
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.retaining import destroy_what_is_due
from landschap.cli.demo.searching import no_copies, settings_of
from landschap.cli.demo.serving import serve_at_the_desk
from landschap.cli.demo.taking_over import take_over
from landschap.cli.demo.verifying import logs_verify, tampered_copy_fails
from landschap.cli.demo.visitor import Visitor
from landschap.platform import postgres
from landschap.platform.postgres.roles import on_server, role_of
from landschap.platform.settings import load_settings

ASKED = (
    "burgerservicenummer",
    "uitkering.soort",
    "uitkering.norm",
    "uitkering.bedragPerMaand",
    "uitkering.status",
    "adres.straat",
    "adres.huisnummer",
    "adres.postcode",
    "adres.woonplaats",
    "pand.identificatie",
    "pand.bouwjaar",
)
VALID_ON = "2021-03-01"
KNOWN_BEFORE = "2021-03-15T00:00:00+01:00"
CASE_WORKER = "medewerker-17"
RESIDENT = "burger-1"
EMPLOYEE = "weesp-burgerzaken"
# A building of which the year was not known before February 2011: 9999 says so.
BUILDING = "register/bag/panden/0424100000002206"
AS_KNOWN_THEN = "geldigOp=2011-01-01&beschikbaarOp=2010-12-31"
SEEN_WITHIN_SECONDS = 5.0
_REVOKE = "REVOKE INSERT ON logboek.record FROM {}"
_GRANT = "GRANT INSERT ON logboek.record TO {}"


@dataclass(slots=True)
class Story:
    """The opened landscape and what earlier steps left for later ones."""

    opened: Opened
    user_token: str = field(default="", repr=False)
    transaction_id: str = ""

    def steps(self) -> list[tuple[str, Callable[[], Awaitable[Seen]]]]:
        """All steps in order: name and deed."""
        return [
            ("contract valid at both sides", self.contract_valid_at_both_sides),
            ("answer with the expected benefit and building", self.expected_answer),
            ("the same day, as it was known earlier", self.known_earlier),
            ("of age, without the day of birth", self.of_age),
            ("who asked keeps none of it: database and files searched", self.nothing_kept),
            ("same transaction id in both logs", self.same_transaction_in_both_logs),
            ("a processing line for each person", self.line_for_each_person),
            ("the resident sees the use in the portal", self.resident_sees_the_use),
            (
                "an application of Weesp accounts by OpenTelemetry; the resident sees it",
                lambda: account_for_a_use(self.opened.landscape),
            ),
            (
                "the resident sees the uses of both municipalities in one list",
                lambda: see_both(
                    self.opened.landscape, self.opened.application.api_key, self.transaction_id
                ),
            ),
            (
                "a resident reports a wrong house number; it is decided and corrected",
                lambda: report_an_error(self.opened.landscape),
            ),
            (
                "somebody who can not log in is served at the desk; the letter waits",
                lambda: serve_at_the_desk(self.opened.landscape),
            ),
            (
                "a form fills in what is known, and registers an application once",
                lambda: apply_for_a_permit(self.opened.landscape),
            ),
            ("an employee sees a building as known then", self.employee_sees_it_as_known_then),
            (
                "open data without login, and nothing that is closed",
                lambda: pass_by(self.opened.landscape),
            ),
            (
                "what is past its term is destroyed, with a signed statement",
                lambda: destroy_what_is_due(self.config(self.opened.landscape.weesp)),
            ),
            ("question without purpose: refused and logged", self.without_purpose),
            (
                "purpose the contract lacks: refused, missing link named",
                self.purpose_not_in_contract,
            ),
            ("field the purpose does not need: refused", self.field_not_needed),
            ("token with another certificate: refused", self.stolen_token),
            (
                "stolen certificate: the exact list of persons and fields",
                lambda: stolen_certificate(self.opened.landscape, self.ask),
            ),
            ("log unwritable: refused, service never called", self.log_unwritable),
            ("both logs verify", lambda: logs_verify(self.opened.landscape)),
            (
                "tampered copy fails at the right record",
                lambda: tampered_copy_fails(self.opened.landscape),
            ),
            ("a third municipality takes over what Weesp set up", self.third_takes_over),
            (
                "the catalogue finds the service by a field, and can be harvested",
                lambda: find_by_a_field(self.opened.landscape),
            ),
            (
                "a change that breaks who calls the service is found and told",
                lambda: find_what_breaks(self.opened.landscape),
            ),
            *operating_steps(self.opened.landscape),
        ]

    def config(self, member: Member) -> Path:
        """A member's settings file."""
        return self.opened.landscape.settings_file(member)

    async def ask(self, **changed: Any) -> Answer:
        """The case worker's question through Doesburg's Outway, with what a step changes."""
        if not self.user_token:
            self.user_token = await self.opened.application.log_in(CASE_WORKER)
        usual = {"bsn": SUZANNE, "fields": ASKED, "purpose": PURPOSE, "valid_on": VALID_ON}
        return await self.opened.application.ask(
            Question(**{**usual, **changed}),
            grant_hash=self.opened.grant_hash,
            user_token=self.user_token,
        )

    async def contract_valid_at_both_sides(self) -> Seen:
        """Both Managers hold the same content, signed by both, valid now."""
        scene = self.opened.landscape
        seen: Seen = {"contentHash": self.opened.content_hash}
        for member in (scene.weesp, scene.doesburg):
            shown = await landschap(
                self.config(member), "contract", "show", self.opened.content_hash
            )
            seen[member.key] = shown.answer["state"]
            seen["words"] = shown.answer["words"]
        demand(seen["weesp"] == seen["doesburg"] == "valid", "not valid at both sides", seen)
        return seen

    async def expected_answer(self) -> Seen:
        """The logical source answers what was computed apart from it."""
        answer = await self.ask()
        seen: Seen = {"status": answer.status, "transactionId": answer.transaction_id}
        demand(answer.status == 200, f"refused: {answer.text[:400]}", seen)
        self.transaction_id = answer.transaction_id
        seen |= facts_of(answer.body)
        wanted = expected(SUZANNE, VALID_ON, None)
        wrong = {key: wanted[key] for key in COMPARED if seen.get(key) != wanted[key]}
        demand(not wrong, f"expected {wrong}", seen)
        return seen

    async def nothing_kept(self) -> Seen:
        """No personal value of an answer stands at Doesburg, and the search finds it at Weesp."""
        answer = await self.ask()
        demand(answer.status == 200, f"refused: {answer.text[:400]}", {"status": answer.status})
        scene = self.opened.landscape
        consumer, source = (
            settings_of(scene.folder, each) for each in (scene.doesburg, scene.weesp)
        )
        return await no_copies(consumer, source, SUZANNE, answer.body)

    async def of_age(self) -> Seen:
        """What follows from the day of birth is given, and that day itself is not."""
        answer = await self.ask(fields=("meerderjarig",))
        seen: Seen = {"status": answer.status}
        demand(answer.status == 200, f"refused: {answer.text[:400]}", seen)
        facts = facts_of(answer.body)
        seen |= facts
        demand(facts == {"meerderjarig": True}, "expected of age, and no more", seen)
        refused = await self.ask(fields=("geboortedatum",))
        seen["geboortedatum"] = refused.code
        demand(refused.code == "fields_excess", "the day of birth was not refused", seen)
        return seen

    async def known_earlier(self) -> Seen:
        """The same question with the knowledge of March 2021 gives another amount."""
        answer = await self.ask(known_at=KNOWN_BEFORE)
        seen: Seen = {"status": answer.status, "beschikbaarOp": KNOWN_BEFORE}
        demand(answer.status == 200, f"refused: {answer.text[:400]}", seen)
        amount = facts_of(answer.body)["uitkering.bedragPerMaand"]
        seen["uitkering.bedragPerMaand"] = amount
        wanted = expected(SUZANNE, VALID_ON, KNOWN_BEFORE)["uitkering.bedragPerMaand"]
        demand(amount == wanted, f"expected {wanted}", seen)
        demand(amount != expected(SUZANNE, VALID_ON, None)["uitkering.bedragPerMaand"],
               "the two moments do not differ", seen)  # fmt: skip
        return seen

    async def same_transaction_in_both_logs(self) -> Seen:
        """Consumer and provider hold a transaction record with one and the same id."""
        scene = self.opened.landscape
        seen: Seen = {"transactionId": self.transaction_id}
        for member in (scene.doesburg, scene.weesp):
            records = await self.records(member, self.transaction_id)
            kept = [each for each in records if each["kind"] == "fsc"]
            demand(len(kept) == 1, f"{member.name} holds {len(kept)} records", seen)
            seen[member.key] = kept[0]["content"]["fsc"]["direction"]
        demand(
            (seen["doesburg"], seen["weesp"]) == ("DIRECTION_OUTGOING", "DIRECTION_INCOMING"),
            "the directions do not fit",
            seen,
        )
        return seen

    async def line_for_each_person(self) -> Seen:
        """One person in the answer, one line, with a pseudonym and without a value."""
        records = await self.records(self.opened.landscape.weesp, self.transaction_id)
        lines = [each for each in records if each["kind"] == "line" and each.get("subject")]
        seen: Seen = {"persons": 1, "lines": len(lines)}
        demand(len(lines) == 1, "not one line per person", seen)
        seen |= {key: lines[0].get(key) for key in ("subject", "activity", "peer")}
        demand(SUZANNE not in json.dumps(records), "a person's number stands in the log", seen)
        return seen

    async def resident_sees_the_use(self) -> Seen:
        """Suzanne logs in and reads who asked, what for and when."""
        scene = self.opened.landscape
        began = time.monotonic()
        visitor = Visitor()
        page = await visitor.log_in(scene.weesp.web_address, RESIDENT)
        use = await visitor.open(f"{scene.weesp.web_address}/gebruik.json")
        seen: Seen = {
            "status": page.status,
            "page": page.address,
            "asker": scene.doesburg.name in page.text,
            "seconds": round(time.monotonic() - began, 2),
        }
        demand(page.status == 200, f"status {page.status}", seen)
        demand(bool(seen["asker"]), f"{scene.doesburg.name} is not on the page", seen)
        records = await self.records(scene.weesp, self.transaction_id)
        lines = [each["record"] for each in records if each["kind"] == "line"]
        seen["use"] = next((line for line in lines if line in use.text), "")
        demand(bool(seen["use"]), "this very question is not among the uses shown", seen)
        heading = re.search(r"<h2[^>]*>([^<]+)</h2>", page.text)
        seen["heading"] = heading[1].strip() if heading else ""
        return seen

    async def employee_sees_it_as_known_then(self) -> Seen:
        """Weesp's own employee looks at a building in the console, now and as known in 2010."""
        console = f"{self.opened.landscape.weesp.web_address}/console"
        visitor = Visitor()
        await visitor.log_in(console, EMPLOYEE)
        now = await visitor.open(f"{console}/{BUILDING}")
        then = await visitor.open(f"{console}/{BUILDING}?{AS_KNOWN_THEN}")
        person = await visitor.open(f"{console}/register/inwoners/inwoners")
        seen: Seen = {
            "status": [now.status, then.status],
            "page": then.address,
            "now": year_on(now.text),
            "then": year_on(then.text),
            "persons need a purpose": person.address.split("?")[0],
        }
        demand(seen["status"] == [200, 200], "not both pages were shown", seen)
        demand((seen["now"], seen["then"]) == ("1920", "9999"), "expected 1920 and 9999", seen)
        demand(person.address.split("?")[0] == f"{console}/doel", "no purpose was asked", seen)
        return seen

    async def without_purpose(self) -> Seen:
        """No purpose, no question; the refusal itself is on record."""
        answer = await self.ask(purpose=None)
        seen: Seen = {**refusal_of(answer), "transactionId": answer.transaction_id}
        demand(answer.status in (400, 401, 403), "not refused", seen)
        records = await self.records(self.opened.landscape.doesburg, answer.transaction_id)
        seen["recordedAs"] = [each["kind"] for each in records]
        demand(seen["recordedAs"] == ["adl"], "the refusal is not on record", seen)
        return seen

    async def purpose_not_in_contract(self) -> Seen:
        """A purpose that exists but that the contract does not name."""
        answer = await self.ask(purpose=OTHER_PURPOSE)
        seen: Seen = {**refusal_of(answer), "purpose": OTHER_PURPOSE}
        demand(answer.status == 403, "not refused", seen)
        demand(bool(seen["missing"] and seen["owner"]), "the missing link is not named", seen)
        return seen

    async def field_not_needed(self) -> Seen:
        """The size of the dwelling is not needed for this purpose."""
        answer = await self.ask(fields=("burgerservicenummer", "woning.oppervlakte"))
        seen: Seen = {**refusal_of(answer), "asked": "woning.oppervlakte"}
        demand(answer.status == 403, "not refused", seen)
        return seen

    async def stolen_token(self) -> Seen:
        """A token of Doesburg in the hands of another peer of the same Group."""
        question = Question(bsn=SUZANNE, fields=ASKED, purpose=PURPOSE, valid_on=VALID_ON)
        token = await token_of_doesburg(self.opened)
        scene = self.opened.landscape
        answer = await knock(scene, scene.outsider, token, question)
        seen = refusal_of(answer)
        demand(
            (answer.status, answer.code) == (401, "ERROR_CODE_ACCESS_TOKEN_INVALID"),
            "not refused as it should",
            seen,
        )
        return seen

    async def log_unwritable(self) -> Seen:
        """The owner takes away the right to write; then nothing passes."""
        settings = load_settings(self.config(self.opened.landscape.weesp), {})
        before = await supplier_asked(self.opened.landscape)
        owner = await postgres.administrator(settings)
        writer = on_server(settings, role_of("logboek"))
        try:
            await owner.execute(_REVOKE.format(writer))
            answer = await self.ask()
        finally:
            await owner.execute(_GRANT.format(writer))
            await owner.close()
        after = await supplier_asked(self.opened.landscape)
        seen: Seen = {**refusal_of(answer), "supplierAsked": after - before}
        demand(
            (answer.status, answer.code) == (500, "TRANSACTION_LOG_WRITE_ERROR"),
            "not refused as it should",
            seen,
        )
        demand(after == before, "a source was asked", seen)
        again = await self._ask_until_answered()
        seen["afterwards"] = again
        demand(again == 200, "it does not come back by itself", seen)
        return seen

    async def third_takes_over(self) -> Seen:
        """Weesp's package is in force at Heidedorp, which had a certificate and nothing else."""
        seen = await take_over(self.opened.landscape)
        demand(seen["in force"] is True, "not in force", seen)
        return seen

    async def records(self, member: Member, identifier: str) -> list[dict[str, Any]]:
        """The records of one transaction in a member's log."""
        found = await landschap(self.config(member), "log", "show", identifier, may_fail=True)
        return list(found.answer or [])

    async def _ask_until_answered(self) -> int:
        deadline = time.monotonic() + SEEN_WITHIN_SECONDS
        while True:
            status = (await self.ask()).status
            if status == 200 or time.monotonic() > deadline:
                return status
            await asyncio.sleep(0.2)
