# SPDX-License-Identifier: EUPL-1.2
"""The second look of our own services: at what stands against the use of one person.

The door sees no body, so it can not tell whose data is asked. It names in the Permit what must be
looked up (`Permit.checks`); every service of ours does that here, before anything of the person
leaves, and records a refusal as a second decision in the same trace.
Source: house decision 13; AVG art. 7 lid 3, art. 18, art. 21.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from landschap.purposes.duties import unknown
from landschap.purposes.needs import Standing, against
from landschap.purposes.permit import Permit
from landschap.purposes.reasons import refusal_of
from landschap.vocabulary.problems import ProblemError, Refusal

Persons = Callable[[Sequence[bytes]], Awaitable[Mapping[bytes, Sequence[Standing]]]]
"""The last that was said of these persons, known by their pseudonyms (`persons.said_of`)."""


async def stopped(
    permit: Permit, subjects: Sequence[bytes], persons: Persons | None
) -> dict[bytes, str]:
    """Per person that may not be used under this permit: the code why. Empty without checks.

    Raises ProblemError where this service can not look anything up.
    """
    if not permit.checks:
        return {}
    if persons is None:
        raise ProblemError(stopped_refusal(permit, "obligation_unsupported"))
    said = await persons(list(subjects)) if subjects else {}
    codes = {
        subject: against(
            permit.checks,
            said.get(subject, ()),
            purpose=permit.purpose,
            receiver=permit.receiver,
            activity=permit.activity,
        )
        for subject in subjects
    }
    return {subject: code for subject, code in codes.items() if code}


def unmet(permit: Permit, *, obeys: bool, looks_up: bool = False) -> Refusal | None:
    """The refusal of a permit that asks for more than is obeyed; None when all of it is.

    ``obeys``: checks, obligations and the mark are met object by object. Then only an obligation
    that nobody here knows is in the way. ``looks_up``: only the checks are, and who may not be
    used is left out.
    """
    changes = bool(permit.obligations or permit.mark)
    named = changes or (bool(permit.checks) and not looks_up)
    if unknown(permit.obligations) if obeys else named:
        return stopped_refusal(permit, "obligation_unsupported")
    return None


def stopped_refusal(permit: Permit, code: str) -> Refusal:
    """The refusal for the asker. It tells no more of the person than its code."""
    facts = {
        "purpose": permit.purpose,
        "organisation": permit.receiver,
        "service": permit.service,
        "owner_of_register": "the organisation that answers",
        "about": "",
    }
    return refusal_of(code, facts)
