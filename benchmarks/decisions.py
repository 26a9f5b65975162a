# SPDX-License-Identifier: EUPL-1.2
"""What deciding costs by itself: few and many policies, AuthZEN's JSON, a signed declaration.

    benchmarks/decisions.py [--write docs/performance-decisions.md] [--rounds 60] [--seconds 0.05]
                            [--sizes 1,100,10000]

Nothing but the processor is used: no network, no database. The clock is that of this process, so
that neighbours on the machine count only as far as they slow the core itself down.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import landschap.cli.demo
from decisions_page import Figures, Size, page
from landschap.platform.ids import new_trace_id, uuid7
from landschap.purposes.authzen import evaluating, messages, names
from landschap.purposes.bound import Bound
from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.declaration import Claims, Declaration, Expected, read, sign, verify
from landschap.purposes.files import parse_register
from landschap.purposes.jws import PrivateKey
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import loads

ASKERS = 256
"""So many organisations ask in turns, where there is a policy for as many."""
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
WEESP = "00000099000000002000"
PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
SERVICE = "woon-en-uitkeringssituatie"
BASIS = "eu-gdpr:A6-1-e"
FIELDS = ("uitkering.soort", "uitkering.norm", "adres.postcode", "adres.woonplaats")
MORE = (*FIELDS, "woning.oppervlakte")
GRANT = "$1$3$" + "a" * 86
THUMBPRINT = "9c1185a5c5e9fc54612808977ee8f548b2258d31AAA"
_CHUNK = 100
_READINGS = 15

Once = Callable[[], object]


def main() -> int:
    """Measure, tell, and write when asked to."""
    wanted = _arguments()
    sizes = sorted(int(word) for word in wanted.sizes.split(","))
    measured = [_size(each, wanted) for each in sizes]
    figures = Figures(
        sizes=measured,
        declarations={
            f"{word} ({name})": _rate(once, wanted)
            for name, key in _keys().items()
            for word, once in _declared(key).items()
        },
        askers=ASKERS,
        rounds=wanted.rounds,
        seconds=wanted.seconds,
    )
    text = page(figures)
    print(text)
    if wanted.write is not None:
        wanted.write.write_text(text, encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", type=Path, help="page to write the results to")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=0.05)
    parser.add_argument("--sizes", default="1,100,10000", help="numbers of policies")
    return parser.parse_args()


def _organisation(number: int) -> str:
    return f"{99_000_000_003_000 + 1_000 * number:020}"


def _register(policies: int) -> Register:
    """The demo's register of Weesp, with its permission for so many organisations, one each.

    All are about one service and one purpose: what is about others could not lie nearer.
    """
    folder = Path(landschap.cli.demo.__file__).parent / "data" / "weesp" / "doelbinding"
    sources = {
        name: (folder / name).read_text("utf-8") for name in ("doelen.toml", "register.toml")
    }
    register = parse_register(sources, WEESP)
    one = next(each for each in register.policies if each.service == SERVICE)
    every = (
        replace(one, id=f"bijstand-{number:05}", organisations=(_organisation(number),))
        for number in range(policies)
    )
    return replace(register, policies=tuple(every))


def _size(policies: int, wanted: argparse.Namespace) -> Size:
    """Everything at this number of policies."""
    snapshot = Snapshot(_register(policies))
    bound = Bound.of(
        purposes=(PURPOSE,),
        legal_bases=(BASIS,),
        field_set=snapshot.field_sets["bijstand-bij-verhuizing@1"],
    )

    def asked_by(organisation: str, fields: tuple[str, ...]) -> Question:
        return Question(
            purpose=PURPOSE, organisation=organisation, service=SERVICE, fields=fields,
            legal_bases=(BASIS,), bound=bound,
        )  # fmt: skip

    askers = [_organisation(number) for number in range(min(policies, ASKERS))]
    permitted = cycle([asked_by(each, FIELDS) for each in askers])
    refused = cycle([asked_by(each, MORE) for each in askers])
    messages_of = cycle([_message(each) for each in askers])
    assert decide(next(permitted), snapshot, NOW).allow
    assert decide(next(refused), snapshot, NOW).code == "fields_excess"
    assert b'"decision":true' in _evaluated(next(messages_of), snapshot)
    gc.collect()
    gc.freeze()  # as a decider does once it has read its world
    return Size(
        policies=policies,
        permitted=_rate(lambda: decide(next(permitted), snapshot, NOW), wanted),
        refused=_rate(lambda: decide(next(refused), snapshot, NOW).refusal(), wanted),
        authzen=_rate(lambda: _evaluated(next(messages_of), snapshot), wanted),
        changed_ms=_changed(snapshot, next(permitted)),
    )


def _changed(snapshot: Snapshot, question: Question) -> float:
    """CPU from the document of a changed register to the first decision on it, in ms."""
    document, spent = snapshot.document(), []
    for _ in range(_READINGS):
        gc.collect()
        begun = time.process_time()
        decide(question, Snapshot.from_document(document, version=snapshot.version), NOW)
        spent.append(time.process_time() - begun)
    return 1000 * min(spent)


def _message(organisation: str) -> bytes:
    """The question as a gateway asks it. Source: AuthZEN 1.0, "Access Evaluation"."""
    body = {
        "subject": {"type": names.PEER, "id": organisation},
        "action": {"name": f"{names.BASE}actie/raadplegen"},
        "resource": {"type": names.SERVICE, "id": SERVICE, "properties": {"fields": FIELDS}},
        "context": {"doelbinding": PURPOSE, "grondslag": [BASIS]},
    }
    return msgspec.json.encode(body)


def _evaluated(message: bytes, snapshot: Snapshot) -> bytes:
    """From the text of a question to the text of its answer, as the decision point does."""
    body = loads(message, max_bytes=65_536, max_depth=12)
    assert isinstance(body, dict)
    asked = messages.read_evaluation(body, WEESP)
    decision = decide(asked.question, snapshot, NOW)
    return msgspec.json.encode(evaluating.answer_of(decision, snapshot, asked.ignored))


def _keys() -> dict[str, PrivateKey]:
    return {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "PS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    }


def _declared(key: PrivateKey) -> dict[str, Once]:
    """Making and verifying a declaration; each has a trace and an id of its own."""
    trace, organisation = new_trace_id(), _organisation(0)
    expected = Expected(
        peer=organisation, provider=WEESP, service=SERVICE, grant_hash=GRANT, trace_id=trace
    )

    def made() -> str:
        claims = Claims(
            issuer=organisation, audience=WEESP, issued_at=NOW,
            expires_at=NOW + timedelta(seconds=60), jti=uuid7(), purpose=PURPOSE,
            legal_bases=(BASIS,), action="raadplegen", service=SERVICE, grant_hash=GRANT,
            trace_id=trace,
        )  # fmt: skip
        return sign(claims, key, THUMBPRINT)

    public = key.public_key()

    def verified(compact: str) -> bool:
        unverified = read(compact)
        found = verify(unverified, public, expected, NOW)  # type: ignore[arg-type]  # ours is right
        return isinstance(found, Declaration)

    every = cycle([made() for _ in range(64)])
    assert verified(next(every))
    return {"verified": lambda: verified(next(every)), "made and signed": made}


def _rate(once: Once, wanted: argparse.Namespace) -> float:
    """Times per second of CPU: of many short rounds the best, which is the least disturbed."""
    rates: list[float] = []
    once()
    for _ in range(wanted.rounds):
        done, begun = 0, time.process_time()
        while (spent := time.process_time() - begun) < wanted.seconds:
            for _ in range(_CHUNK):
                once()
            done += _CHUNK
        rates.append(done / spent)
    return max(rates)


if __name__ == "__main__":
    sys.exit(main())
