# SPDX-License-Identifier: EUPL-1.2
"""What every HTTP interface of ours does, once: the edge, refusals as problem details, headers.

A room gives plain Litestar handlers; `make_app` puts them behind one outermost ASGI layer that
sees the raw request. What a handler may be asked stands in its ``opt``:

    @get("/panden/{identificatie:str}", opt={"query": ("fields", "geldigOp")})

A query key that is not named there is refused with 400 and the nearest name. Handlers refuse by
raising `ProblemError`; nothing else decides how a refusal looks.
Source: NL GOV REST API Design Rules 2.2.
"""

from landschap.platform.http.answers import json_response, problem_response
from landschap.platform.http.app import AppShape, make_app

__all__ = ["AppShape", "json_response", "make_app", "problem_response"]
