# SPDX-License-Identifier: EUPL-1.2
"""The permit: sealed by the door, opened by our own services, good for one question."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landschap.purposes.model import FieldSet
from landschap.purposes.permit import LIFETIME, MAX_BYTES, Permit, PermitTooLarge, open_permit, seal
from landschap.vocabulary.problems import Refusal

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
KEY = bytes(range(32))
TARGET = "/woon-en-uitkeringssituatie/v1/_zoek?fields=uitkering.soort"
PERMIT = Permit(
    transaction_id=UUID("01939c5e-0000-7000-8000-000000000001"),
    service="woon-en-uitkeringssituatie",
    method="POST",
    target=TARGET,
    peer="00000099000000003000",
    purpose="https://doelen.landschap.example/id/recht-op-bijstand-vaststellen",
    policy="bijstand-doesburg@1",
    snapshot="sha256-x",
    activity="https://register.weesp.example/activiteiten/verstrekken",
    activity_version=1,
    fields=("adres.straat", "uitkering.soort"),
    searchable=("burgerservicenummer",),
    expires_at=NOW + LIFETIME,
    grant_hash="$1$3$abc",
    declaration="01939c5e-0000-7000-8000-000000000002",
)


def opened(text: str, **changes: object) -> Permit | Refusal:
    question = {
        "now": NOW,
        "method": "POST",
        "target": TARGET,
        "service": "woon-en-uitkeringssituatie",
    } | changes
    return open_permit(text, KEY, **question)  # type: ignore[arg-type]


def code(outcome: Permit | Refusal) -> str:
    assert isinstance(outcome, Refusal), outcome
    assert outcome.status == 403
    return outcome.code


def test_what_is_sealed_comes_out_the_same() -> None:
    assert opened(seal(PERMIT, KEY)) == PERMIT


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "GET"},
        {"target": TARGET + ",adres.straat"},
        {"target": TARGET.partition("?")[0]},
        {"service": "bag"},
    ],
)
def test_refuses_another_question(changes: dict[str, str]) -> None:
    assert code(opened(seal(PERMIT, KEY), **changes)) == "permit_mismatch"


def test_lives_thirty_seconds_and_not_one_moment_longer() -> None:
    text = seal(PERMIT, KEY)
    assert opened(text, now=NOW + LIFETIME - timedelta(microseconds=1)) == PERMIT
    assert code(opened(text, now=NOW + LIFETIME)) == "permit_expired"


def test_refuses_a_permit_that_claims_a_longer_life() -> None:
    text = seal(replace(PERMIT, expires_at=NOW + timedelta(hours=1)), KEY)
    assert code(opened(text)) == "permit_invalid"


def test_refuses_a_missing_permit_and_one_sealed_elsewhere() -> None:
    assert code(opened("")) == "permit_missing"
    assert code(opened(seal(PERMIT, b"another organisation's 32 bytes!"))) == "permit_invalid"


@given(st.data())
def test_refuses_any_permit_with_one_character_changed(data: st.DataObject) -> None:
    text = seal(PERMIT, KEY)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("AZaz09-_.").filter(lambda c: c != text[place]))
    changed = text[:place] + other + text[place + 1 :]
    assert code(opened(changed)) == "permit_invalid"


@given(st.text(max_size=300))
def test_any_text_is_refused_and_never_an_accident(text: str) -> None:
    assert code(opened(text)) in {"permit_missing", "permit_invalid"}


def test_refuses_a_claim_it_does_not_know_although_the_seal_is_right() -> None:
    from landschap.purposes import permit as module
    from landschap.purposes.permit_wire import encode

    body = seal(PERMIT, KEY).split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    longer = encode(json.dumps(claims | {"rij": []}).encode())
    assert code(opened(f"v1.{longer}.{module._mac(longer, KEY)}")) == "permit_invalid"


def test_refuses_a_short_key() -> None:
    with pytest.raises(ValueError, match="32 are needed"):
        seal(PERMIT, b"short")


def wide_set(count: int, *, version: int = 1) -> FieldSet:
    paths = tuple(f"groep{n // 10}.een_lange_veldnaam_{n:04d}" for n in range(count))
    return FieldSet(
        id="breed",
        version=version,
        provider="x",
        service=PERMIT.service,
        fields=paths,
        searchable=(),
    )


def test_a_long_list_of_fields_travels_as_bits_over_its_field_set() -> None:
    known = wide_set(500)
    wanted = replace(PERMIT, fields=tuple(sorted(known.fields[::2])))
    text = seal(wanted, KEY, field_set=known)
    assert len(text) < 1600
    assert opened(text, field_sets={known.key: known}) == wanted


def test_bits_over_a_changed_or_unknown_field_set_are_refused() -> None:
    known = wide_set(500)
    text = seal(replace(PERMIT, fields=known.fields), KEY, field_set=known)
    changed = replace(known, fields=known.fields[1:])
    assert code(opened(text)) == "permit_invalid"
    assert code(opened(text, field_sets={known.key: changed})) == "permit_invalid"


def test_refuses_to_seal_more_than_the_header_holds() -> None:
    with pytest.raises(PermitTooLarge, match=str(MAX_BYTES)):
        seal(replace(PERMIT, fields=wide_set(500).fields), KEY)
