# SPDX-License-Identifier: EUPL-1.2
"""The first question by our own command and client kit, as one copies it from a page."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from landschap.catalogue.reading.calling import Call
from landschap.vocabulary.ijson import JsonValue

BODY = "vraag.json"


def through_kit(
    service: str, purpose: str, fields: Sequence[str], call: Call | None
) -> tuple[str, str, str]:
    """The question for the terminal and for a program in Python, and what stands in `BODY`.

    For the terminal a body is read from that file: so the history of a shell keeps nobody's number.

    ``call`` is how the operation is asked; without it PAD stands for the address at the service.
    Its texts are a stranger's: each ends in a string of the shell or of Python. ``service``,
    ``purpose`` and ``fields`` are plain names, the purpose may be empty.
    """
    path, method, body = _parts(call)
    line = [f"landschap call {shlex.quote(service + path)}"]
    more = []
    if purpose:
        line.append(f"--purpose {purpose}")
        more.append(f'purpose="{purpose}"')
    line += [f"--field {each}" for each in fields]
    if fields:
        more.append(f"fields={list(fields)!r}")
    if method != ("GET" if body is None else "POST"):
        line.append(f"--method {method}")
        more.append(f"method={method!r}")
    if body is not None:
        line.append(f"--data @{BODY}")
        more.append(f"json={body!r}")
    program = (
        "from landschap.client import Landschap\n\n"
        f"answer = Landschap().ask({', '.join([repr(service), repr(path), *more])})\n"
        "print(answer.data)"
    )
    text = json.dumps(body, ensure_ascii=False, indent=2) if body is not None else ""
    return " ".join(line), program, text


def _parts(call: Call | None) -> tuple[str, str, JsonValue]:
    """Path with its query, method, and the body when it is JSON."""
    if call is None:
        return "/PAD", "GET", None
    address = urlsplit(call.address)
    try:
        body = json.loads(call.body) if call.body else None
    except ValueError:
        body = None
    return address.path + (f"?{address.query}" if address.query else ""), call.method, body
