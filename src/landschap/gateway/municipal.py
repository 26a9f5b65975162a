# SPDX-License-Identifier: EUPL-1.2
"""What a peer says by the header fields of the older municipal standard.

`Vertrouwelijkheid` is obeyed. `VerwerkingId`, the two of its processing activity and
`Bewaartermijn` are recorded with the decision as what the peer says of its own side, and nothing
follows from them.
`OIN` is not read: who asks is in the certificate.
Source: VNG, "Logging van verwerkingen", header fields between consumer and provider (B9177, B7259).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from landschap.gateway.asked import Asked, invalid
from landschap.logboek.canonical import holds_person_number
from landschap.purposes.decision import CONFIDENTIAL
from landschap.purposes.reasons import refusal_of
from landschap.vocabulary.problems import Refusal

_CONFIDENTIALITIES = {CONFIDENTIAL, "normaal"}
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SAID = {
    "verwerkingid": ("processing", _UUID),
    "verwerkingsactiviteitid": ("activity_id", _UUID),
    "verwerkingsactiviteiturl": ("activity", re.compile(r"https?://[!-~]{1,480}")),
    "bewaartermijn": ("term", re.compile(r"P(?:[0-9]{1,4}[YMWD]){1,4}")),
}


def confidentiality_of(asked: Asked) -> bool | Refusal:
    """True when the asker's own processing is confidential, so that ours has to be as well."""
    said = asked.header("vertrouwelijkheid")
    if not said:
        return False
    known = said.strip().lower()
    if known not in _CONFIDENTIALITIES:
        return invalid(f"Vertrouwelijkheid is {' or '.join(sorted(_CONFIDENTIALITIES))}")
    return known == CONFIDENTIAL


def is_confidential(asked: Asked) -> bool:
    """True when the asker said clearly that its processing is confidential."""
    return confidentiality_of(asked) is True


def without_variant(service: str, organisation: str, owner: str) -> Refusal:
    """What is asked for no purpose is processed under no activity, so under no confidential one."""
    facts = {"service": service, "organisation": organisation, "owner_of_register": owner}
    return refusal_of("confidential_variant_missing", facts)


def consumer_of(asked: Asked) -> Mapping[str, str]:
    """What the asker says of its own processing, by what it is; mostly nothing.

    What is malformed is not taken: nothing depends on it. Nor is what holds a number of a person.
    """
    if not says_of_itself(asked):
        return {}
    found = {name: asked.header(header) for header, (name, _) in _SAID.items()}
    forms = dict(_SAID.values())
    return {
        name: text
        for name, text in found.items()
        if forms[name].fullmatch(text) and not holds_person_number(text.encode())
    }


def says_of_itself(asked: Asked) -> bool:
    """True when one of these header fields is there: then each question differs from the last."""
    return not _SAID.keys().isdisjoint(asked.headers)
