# SPDX-License-Identifier: EUPL-1.2
"""The canonical names of subjects, actions and resources.

The sender writes the whole URI; a short name is not completed here, because two gateways that
complete it differently would decide differently on the same words.
Source: AuthZEN NLGov profile; ontology of FTV.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from landschap.purposes.model import ACTIONS

BASE = "https://standaarden.overheid.nl/ftv/def/"
PEER = f"{BASE}subject/fsc-peer"
USER = f"{BASE}subject/user"
APPLICATION = f"{BASE}subject/app"
PURPOSE = f"{BASE}subject/doelbinding"
SERVICE = f"{BASE}resource/service"

SUBJECTS = (PEER, USER, APPLICATION, PURPOSE)
RESOURCES = (SERVICE,)
ACTION_URIS = tuple(f"{BASE}actie/{name}" for name in ACTIONS)
_ACTION_OF = dict(zip(ACTION_URIS, ACTIONS, strict=True))


def action_of(uri: str) -> str:
    """Our name of an action, empty for a URI that is none."""
    return _ACTION_OF.get(uri, "")


def action_uri(name: str) -> str:
    """The canonical URI of one of our actions."""
    return f"{BASE}actie/{name}"


def hint_of(given: str, valid: Sequence[str]) -> str:
    """What was probably meant: the URI that ends in the short name, or the nearest one."""
    last = given.rstrip("/").rpartition("/")[2].replace("_", "-").lower()
    whole = next((uri for uri in valid if uri.rpartition("/")[2] == last), "")
    near = difflib.get_close_matches(last, [uri.rpartition("/")[2] for uri in valid], n=1)
    found = whole or next((u for u in valid if near and u.endswith(f"/{near[0]}")), "")
    return f"write {found}" if found else f"write one of {', '.join(valid[:4])}"
