# SPDX-License-Identifier: EUPL-1.2
"""What a permit says: one question that the door allowed, as our services read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from landschap.purposes.duties import Confidentiality, Duties, Obligation
from landschap.purposes.rows import RowCondition


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The signed declaration of the question, so that a next question can say what it follows.

    ``digest`` is its hash, ``purpose`` as it was declared, ``origin`` the purpose at the begin of
    its chain, ``depth`` its place in it.
    """

    digest: str
    purpose: str
    origin: str
    depth: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """One permitted question.

    ``peer`` is the OIN of the organisation that asks, ``fields`` the visible field paths,
    ``searchable`` those a question may search by, ``activity`` the URI of *our* activity for the
    log line, ``declaration`` the ``jti`` of the purpose declaration. ``delegator`` is for whom the
    peer asks, ``publication_delegator`` for whom we answer; both empty when nobody. ``history``
    are the kinds of history that may be asked for, beside today as known now; ``rows`` which
    objects may be seen. ``checks`` is what the service looks up about the person before it answers,
    ``obligations`` how it changes values, ``mark`` the confidentiality mark, that withholds when
    the receiver is a ``third_party``. ``received`` is None without a signed declaration.
    """

    transaction_id: UUID
    service: str
    method: str
    target: str
    peer: str
    purpose: str
    policy: str
    snapshot: str
    activity: str
    activity_version: int
    fields: tuple[str, ...]
    searchable: tuple[str, ...]
    expires_at: datetime
    grant_hash: str = ""
    declaration: str = ""
    delegator: str = ""
    publication_delegator: str = ""
    history: tuple[str, ...] = ()
    rows: tuple[RowCondition, ...] = ()
    checks: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    mark: Confidentiality | None = None
    third_party: bool = False
    received: Received | None = None

    @property
    def receiver(self) -> str:
        """The OIN of who will have the data: for whom is asked, else who asks."""
        return self.delegator or self.peer

    def duties(self, secret: bytes) -> Duties:
        """What every object of the answer must obey; ``secret`` makes pseudonyms."""
        return Duties(
            obligations=self.obligations,
            mark=self.mark,
            third_party=self.third_party,
            receiver=self.receiver,
            purpose=self.purpose,
            secret=secret,
        )
