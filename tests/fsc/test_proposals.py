# SPDX-License-Identifier: EUPL-1.2
"""What we propose ourselves, how a person reads it, and what is signed without one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from tests.fsc import fsc_rig as rig

from landschap.fsc.addresses import host_of, read_address
from landschap.fsc.autosign import AutoSign, grant_types, may_sign
from landschap.fsc.contracts import Contract, read_contract
from landschap.fsc.field_sets import PROPERTY, NamedFieldSet, choose, read_named, told_by
from landschap.fsc.hashes import Profile
from landschap.fsc.paging import read_page, several
from landschap.fsc.proposals import (
    ConnectionAsked,
    PublicationAsked,
    Terms,
    proposed_content,
)
from landschap.fsc.sentences import Names, words_of
from landschap.fsc.wire import read_submission, submission_body
from landschap.purposes.bound import PROPERTY as BOUND
from landschap.purposes.bound import Bound
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.problems import InvalidValue, Refusal

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
THUMB = "ab" * 32
PURPOSE = "https://doelen.example/id/bijstand"
NAMES = Names(peers=rig.NAMES, purposes={PURPOSE: "Recht op bijstand vaststellen"})


def terms(profile: Profile = Profile.FSC_2) -> Terms:
    return Terms(
        profile=profile,
        group_id=rig.GROUP,
        iv=UUID(int=7),
        created_at=NOW,
        not_before=NOW,
        not_after=NOW.replace(year=2027),
    )


def asked(**changes: Any) -> ConnectionAsked:
    known: dict[str, Any] = {
        "outway": PeerId(rig.DOESBURG),
        "key_thumbprint": THUMB,
        "provider": PeerId(rig.WEESP),
        "service": "bijstand",
    }
    return ConnectionAsked(**(known | changes))


def read(content: Any, profile: Profile = Profile.FSC_2) -> Contract:
    contract = read_contract(content, profile)
    assert not isinstance(contract, Refusal), contract
    return contract


@pytest.mark.parametrize("profile", list(Profile))
def test_what_we_propose_is_a_contract_of_the_generation(profile: Profile) -> None:
    content = proposed_content(terms(profile), asked(properties={"a": 1}))
    ((_, grant),) = read(content, profile).connections
    assert grant.outway.public_key_thumbprint == THUMB
    assert grant.properties == {"a": 1}
    assert ("fsc_version" in content) is (profile is Profile.FSC_2)
    publication = PublicationAsked(
        provider=PeerId(rig.WEESP), service="woz", directory=PeerId(rig.DIRECTORY)
    )
    ((_, listed),) = read(proposed_content(terms(profile), publication), profile).publications
    assert (listed.directory.value, listed.service.name) == (rig.DIRECTORY, "woz")


@pytest.mark.parametrize(
    ("grant", "sentence"),
    [
        (
            rig.publication_grant(rig.WEESP, rig.DIRECTORY),
            "Gids van de testgroep lists service bijstand of Gemeente Weesp until 2027-11-24.",
        ),
        (
            rig.publication_grant("vreemd", rig.DIRECTORY, delegator=rig.PROVINCE),
            (
                "Gids van de testgroep lists service bijstand of peer vreemd, offered on behalf of "
                "Provincie Proefland (without an agreement being named), until 2027-11-24."
            ),
        ),
        (
            rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB),
            (
                "Gemeente Doesburg may ask service bijstand of Gemeente Weesp "
                "without a purpose being named until 2027-11-24."
            ),
        ),
        (
            rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, delegator=rig.PROVINCE),
            (
                "Gemeente Doesburg may, on behalf of Provincie Proefland (without an agreement "
                "being named), ask service bijstand of Gemeente Weesp without a purpose being "
                "named until 2027-11-24."
            ),
        ),
        (
            rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, properties={BOUND: {"v": 9}}),
            (
                "Gemeente Doesburg may ask service bijstand of Gemeente Weesp "
                "for a purpose that can not be read until 2027-11-24."
            ),
        ),
    ],
)
def test_a_person_reads_one_sentence_per_grant(grant: Any, sentence: str) -> None:
    validity = {"not_before": int(NOW.timestamp()), "not_after": int(terms().not_after.timestamp())}
    assert words_of(read(rig.content(grant, validity=validity)), NAMES) == sentence


def test_the_sentence_names_purpose_actions_and_fields() -> None:
    bound = Bound(
        purposes=(PURPOSE, "https://doelen.example/id/onbekend"),
        legal_bases=("eu-gdpr:A6-1-e",),
        actions=("raadplegen",),
        field_set="bijstand@1",
        field_set_digest="sha256-x",
    )
    contract = read(proposed_content(terms(), asked(properties={BOUND: bound.as_property()})))
    assert words_of(contract, NAMES) == (
        "Gemeente Doesburg may ask service bijstand of Gemeente Weesp for purpose Recht op "
        "bijstand vaststellen or https://doelen.example/id/onbekend (raadplegen), at most the "
        "fields of bijstand@1, until 2027-11-24."
    )


def test_field_sets_are_found_by_name_and_highest_version() -> None:
    listed: dict[str, Any] = {
        PROPERTY: [
            {"id": "a", "version": "9", "digest": "sha256-1"},
            {"id": "a", "version": "10", "digest": "sha256-2"},
            {"id": "b"},
            "onzin",
        ]
    }
    known = told_by(listed)
    assert [each.key for each in known] == ["a@9", "a@10"]
    assert choose(known, "a") == NamedFieldSet(id="a", version="10", digest="sha256-2")
    assert choose(known, "a@9") == known[0]
    assert choose(known, "b") is None
    assert read_named("a") is None
    assert read_named("a@9=sha256-1") == known[0]
    for text in ("a=sha256-1", "a@9=md5", "@9=sha256-1"):
        with pytest.raises(InvalidValue):
            read_named(text)
    assert told_by({}) == told_by({PROPERTY: "x"}) == []


WEESP_SIGNS = AutoSign(
    own=PeerId(rig.WEESP),
    grant_types=grant_types(("serviceConnection",), is_directory=False),
    offered=frozenset({"bijstand"}),
)


@pytest.mark.parametrize(
    ("grants", "signs"),
    [
        ([rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB)], True),
        ([rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, service="anders")], False),
        ([rig.connection_grant(rig.WEESP, rig.DOESBURG, THUMB)], False),
        ([rig.connection_grant(rig.WEESP, rig.WEESP, THUMB)], False),
        ([rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB, delegator=rig.PROVINCE)], False),
        (
            [
                rig.connection_grant(rig.DOESBURG, rig.WEESP, THUMB),
                rig.connection_grant(rig.WEESP, rig.DOESBURG, THUMB),
            ],
            False,
        ),
        (
            [rig.connection_grant(rig.DOESBURG, rig.PROVINCE, THUMB, service_delegator=rig.WEESP)],
            False,
        ),
        ([rig.publication_grant(rig.DOESBURG, rig.WEESP)], False),
    ],
)
def test_every_grant_decides_whether_a_person_is_needed(grants: list[Any], signs: bool) -> None:
    assert may_sign(read(rig.content(*grants)), WEESP_SIGNS) is signs


def test_a_directory_signs_publications_at_itself_and_nothing_else() -> None:
    policy = AutoSign(
        own=PeerId(rig.DIRECTORY),
        grant_types=grant_types((), is_directory=True),
        offered=frozenset(),
    )
    for grant, signs in (
        (rig.publication_grant(rig.WEESP, rig.DIRECTORY), True),
        (rig.publication_grant(rig.WEESP, rig.DIRECTORY, delegator=rig.PROVINCE), True),
        (rig.publication_grant(rig.DIRECTORY, rig.WEESP), False),
        (rig.publication_grant(rig.DIRECTORY, rig.DIRECTORY), False),
        (rig.connection_grant(rig.WEESP, rig.DIRECTORY, THUMB), False),
    ):
        assert may_sign(read(rig.content(grant)), policy) is signs


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://weesp.test:8443", "https://weesp.test:8443"),
        ("https://WEESP.test:8443/", "https://weesp.test:8443"),
        ("https://127.0.0.1:443", "https://127.0.0.1:443"),
        ("https://[::1]:443", "https://[::1]:443"),
    ],
)
def test_an_address_is_https_host_and_port(text: str, normal: str) -> None:
    assert read_address(text) == normal
    assert host_of(normal) in text.lower()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "http://weesp.test:8443",
        "https://weesp.test",
        "https://weesp.test:0",
        "https://weesp.test:99999",
        "https://a@weesp.test:443",
        "https://weesp.test:443/v1",
        "https://weesp.test:443?x",
        "https://weesp.test:443#x",
        "https://wee sp.test:443",
        "https://[::1:443",
        "https://" + "a" * 250 + ".test:443",
        "//weesp.test:443",
    ],
)
def test_what_is_no_address_of_a_manager_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        read_address(text)


def test_array_parameters_are_read_with_commas_and_repeated() -> None:
    assert several(["a,b", "c", ""]) == ("a", "b", "c")


def test_a_page_is_bounded_and_its_cursor_is_ours() -> None:
    page = read_page(cursor="", limit="", sort_order="")
    assert (page.limit, page.ascending, page.position) == (25, False, ())
    again = read_page(
        cursor=page.cursor_after("a", "b"), limit="1000", sort_order="SORT_ORDER_ASCENDING"
    )
    assert (again.limit, again.ascending, again.position) == (1000, True, ("a", "b"))
    for wrong in ({"cursor": "e30"}, {"cursor": "é"}, {"limit": "-1"}, {"sort_order": "x"}):
        given: dict[str, str] = {"cursor": "", "limit": "", "sort_order": ""} | wrong
        with pytest.raises(InvalidValue):
            read_page(**given)


@pytest.mark.parametrize("profile", list(Profile))
def test_a_body_we_send_is_read_back_with_the_same_hash(profile: Profile) -> None:
    contract = read(proposed_content(terms(profile), asked()), profile)
    submission = read_submission(submission_body(contract, "a.b.c", profile))
    assert not isinstance(submission, Refusal)
    assert submission.signature == "a.b.c"
    assert read(submission.content, profile).hash == contract.hash
