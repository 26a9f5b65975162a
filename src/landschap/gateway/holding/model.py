# SPDX-License-Identifier: EUPL-1.2
"""What a service with recording ``hold`` says of its questions and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from landschap.gateway.holding.brp import Brp
from landschap.gateway.holding.steps import Step

JSON = "json"
XML = "xml"
FORMS = (JSON, XML)

DEFAULT_ANSWER_BYTES = 1_048_576
MOST_ANSWER_BYTES = 16_777_216
DEFAULT_ANSWER_SECONDS = 20
MOST_ANSWER_SECONDS = 55
DEFAULT_CONCURRENT = 8
MOST_CONCURRENT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How we prove ourselves to the service; names of files, never what is in them.

    ``header`` carries the secret in ``secret_file``; ``certificate`` and ``key`` are our client
    certificate, ``trust_anchors`` whose certificate the service may have (empty: the system's).
    """

    header: str = ""
    secret_file: str = ""
    certificate: str = ""
    key: str = ""
    trust_anchors: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The mapping between fields of the register and places, and the limits.

    ``fields`` gives the places of a field below a record, ``records`` where records stand: the
    first that fits an answer counts. ``persons`` are the fields whose value is the number, of
    ``kind``, of a person concerned. ``searches`` gives the places of a field in a question
    (``?name`` or a place in the body), ``free`` the rest of what a question may hold. ``keep``
    are places outside records that are about nobody, ``ignore`` places that are dropped without
    alarm. ``brp`` says how a BRP gateway is told why it is asked. ``fields_parameter`` is the query
    parameter by which the service takes names of fields. ``steps`` reshape questions and answers;
    ``history`` gives the query parameter of the service for ``geldigOp`` and ``beschikbaarOp``.
    """

    form: str
    paths: tuple[str, ...]
    records: tuple[str, ...]
    persons: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    kind: str = "bsn"
    searches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fields_parameter: str = ""
    namespaces: Mapping[str, str] = field(default_factory=dict)
    access: Access = Access()
    brp: Brp | None = None
    steps: tuple[Step, ...] = ()
    history: Mapping[str, str] = field(default_factory=dict)
    answer_bytes: int = DEFAULT_ANSWER_BYTES
    answer_seconds: int = DEFAULT_ANSWER_SECONDS
    concurrent: int = DEFAULT_CONCURRENT
