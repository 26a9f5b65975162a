# SPDX-License-Identifier: EUPL-1.2
"""One question through the whole of it: each step of the demo, in order, on real parts."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings

import pytest

from landschap.cli.demo.accounting import account_for_a_use
from landschap.cli.demo.breach import stolen_certificate
from landschap.cli.demo.insight import see_both
from landschap.cli.demo.landscape import OTHER_PURPOSE, SUZANNE
from landschap.cli.demo.report import Seen
from landschap.cli.demo.retaining import destroy_what_is_due
from landschap.cli.demo.story import ASKED, Story
from landschap.cli.demo.verifying import logs_verify, tampered_copy_fails


@pytest.mark.case("fsc:Integration-ConsumeService-1", "fsc:Outway-IncomingRequest-1")
async def test_a_question_is_answered_with_what_was_computed_apart(story: Story) -> None:
    seen = await story.expected_answer()
    assert seen["status"] == 200


async def test_the_contract_is_valid_at_both_sides(story: Story) -> None:
    seen = await story.contract_valid_at_both_sides()
    assert seen["weesp"] == seen["doesburg"] == "valid"


async def test_an_earlier_moment_of_knowledge_gives_another_amount(story: Story) -> None:
    assert (await story.known_earlier())["status"] == 200


@pytest.mark.case("fsc:Integration-TransactionLog-1")
async def test_both_logs_hold_the_transaction_under_one_id(story: Story) -> None:
    await story.expected_answer()
    seen = await story.same_transaction_in_both_logs()
    assert (seen["doesburg"], seen["weesp"]) == ("DIRECTION_OUTGOING", "DIRECTION_INCOMING")


@pytest.mark.case("L6", "L35")
async def test_one_person_is_one_line_without_a_number(story: Story) -> None:
    await story.expected_answer()
    assert (await story.line_for_each_person())["lines"] == 1
    records = await story.records(story.opened.landscape.weesp, story.transaction_id)
    traces = {each["traceId"] for each in records}
    assert len(traces) == 1
    assert story.transaction_id.replace("-", "") not in traces


@pytest.mark.case("S-20")
async def test_the_resident_reads_who_asked(story: Story) -> None:
    await story.expected_answer()
    seen = await story.resident_sees_the_use()
    assert seen["asker"]
    assert isinstance(seen["seconds"], float)


async def test_a_span_of_another_application_is_found_in_the_person_s_view(story: Story) -> None:
    seen = await account_for_a_use(story.opened.landscape)
    assert str(seen["exporter"]).startswith("opentelemetry-exporter-otlp-proto-http")


@pytest.mark.long
async def test_the_resident_reads_the_uses_of_both_municipalities_in_one_list(
    story: Story,
) -> None:
    await story.expected_answer()
    opened = story.opened
    seen = await see_both(opened.landscape, opened.application.api_key, story.transaction_id)
    assert seen["asked"] == [opened.landscape.doesburg.name]
    assert seen["recorded by both, shown once"]


@pytest.mark.case("S-35")
async def test_the_user_never_leaves_the_own_organisation(story: Story) -> None:
    await story.expected_answer()
    scene = story.opened.landscape
    own = await story.records(scene.doesburg, story.transaction_id)
    theirs = await story.records(scene.weesp, story.transaction_id)
    assert "medewerker-17" in str(own)
    assert "medewerker" not in str(theirs)
    assert scene.doesburg.oin.value in str(theirs)


async def _refused(seen: Seen) -> None:
    assert seen["code"]
    assert seen["missing"]
    assert seen["owner"]


@pytest.mark.long
async def test_what_is_past_its_term_is_destroyed_once_and_proven_gone(story: Story) -> None:
    weesp = story.config(story.opened.landscape.weesp)
    seen = await destroy_what_is_due(weesp)
    assert (seen["due"], seen["destroyed"]) == (["uitkeringen/uitkeringen/UIT-2019-0017"], 1)
    assert (seen["statements"], seen["findings"]) == (1, [])
    # A second demo in the same folder finds it done.
    again = await destroy_what_is_due(weesp)
    assert again["signed statement"] == seen["signed statement"]
    assert "destroyed" not in again


@pytest.mark.case("S-30", "S-04")
async def test_without_a_purpose_it_is_refused_and_recorded(story: Story) -> None:
    seen = await story.without_purpose()
    await _refused(seen)
    assert seen["recordedAs"] == ["adl"]


@pytest.mark.case("S-30")
async def test_a_purpose_the_contract_lacks_is_refused_by_another_code(story: Story) -> None:
    seen = await story.purpose_not_in_contract()
    await _refused(seen)
    assert OTHER_PURPOSE in str(seen["missing"])
    assert seen["code"] != (await story.without_purpose())["code"]


async def test_a_field_the_purpose_does_not_need_is_refused(story: Story) -> None:
    await _refused(await story.field_not_needed())


async def test_another_role_of_the_same_organisation_is_refused(story: Story) -> None:
    token = await story.opened.application.log_in("medewerker-23")
    keep, story.user_token = story.user_token, token
    try:
        answer = await story.ask()
    finally:
        story.user_token = keep
    assert (answer.status, answer.code) == (403, "role_not_allowed")


@pytest.mark.case("fsc:Inway-Incoming-Request-3")
async def test_a_token_in_other_hands_is_worth_nothing(story: Story) -> None:
    assert (await story.stolen_token())["code"] == "ERROR_CODE_ACCESS_TOKEN_INVALID"


async def test_of_a_stolen_certificate_the_exact_list_is_there_within_a_minute(
    story: Story,
) -> None:
    seen = await stolen_certificate(story.opened.landscape, story.ask)
    assert (seen["persons"], seen["exact"]) == (2, True)
    assert seen["certificate of a stranger"] == 3


@pytest.mark.case("S-25", "fsc:Inway-TransactionLog-6", "L14")
async def test_an_unwritable_log_stops_the_question_before_any_source(story: Story) -> None:
    seen = await story.log_unwritable()
    assert (seen["supplierAsked"], seen["afterwards"]) == (0, 200)


async def test_the_logs_verify_and_a_changed_copy_does_not(story: Story) -> None:
    await story.expected_answer()
    await logs_verify(story.opened.landscape)
    seen = await tampered_copy_fails(story.opened.landscape)
    assert (seen["untouched"], seen["exit"], seen["named"]) == (0, 7, True)


@pytest.mark.case("S-45", "fsc:Manager-Port-1", "fsc:Inway-Port-1")
@pytest.mark.parametrize("door", ["manager", "inway"])
async def test_machines_meet_on_8443_with_certificates_of_the_anchor_only(
    story: Story, door: str
) -> None:
    scene = story.opened.landscape
    host, _, port = getattr(scene.weesp, door).rpartition(":")
    assert port == "8443"
    name = f"{door}.weesp.test"
    anchor = scene.folder / "trust" / "anchor.crt"

    async def status(context: ssl.SSLContext) -> int:
        reader, writer = await asyncio.open_connection(
            host, int(port), ssl=context, server_hostname=name
        )
        writer.write(f"GET /peer HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
        writer.close()
        return int(line.split()[1])

    with_certificate = ssl.create_default_context(cafile=str(anchor))
    identity = scene.folder / "doesburg" / "identity"
    with_certificate.load_cert_chain(identity / "organisation.crt", identity / "organisation.key")
    without = ssl.create_default_context(cafile=str(anchor))
    assert await status(without) == 400
    assert await status(with_certificate) == (200 if door == "manager" else 401)
    old = ssl.create_default_context(cafile=str(anchor))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert await status(old) == 400
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _handshake(host, int(port), name, anchor.read_text())


def _handshake(host: str, port: int, name: str, anchor: str) -> None:
    """A handshake that offers nothing newer than TLS 1.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=anchor)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1
    with socket.create_connection((host, port), timeout=5) as plain:
        context.wrap_socket(plain, server_hostname=name).close()


async def test_a_person_who_does_not_exist_gives_no_data_and_no_hint(story: Story) -> None:
    answer = await story.ask(bsn="999990482", fields=ASKED)
    assert answer.status == 200
    assert isinstance(answer.body, dict)
    assert answer.body["resultaten"] == []
    assert SUZANNE not in answer.text
