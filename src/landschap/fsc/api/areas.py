# SPDX-License-Identifier: EUPL-1.2
"""Regulated Areas at the Manager: who must be a member, in contracts and for tokens.

Source: FSC Regulated Area 0.0.1, "Contracts" and "Access token".
"""

from __future__ import annotations

from landschap.fsc.api.deps import ManagerDeps
from landschap.fsc.areas import NOT_A_MEMBER, who_must_be_members
from landschap.fsc.client import MembershipUnknown
from landschap.fsc.codes import Code, OAuth, oauth_refused, refused
from landschap.fsc.contracts import Contract
from landschap.fsc.grants import Connection
from landschap.vocabulary.problems import ProblemError, Refusal


async def check_contract_members(deps: ManagerDeps, contract: Contract) -> Refusal | None:
    """None when everybody we must look at in a contract is a member of its area."""
    for hashed in contract.grants:
        looked = who_must_be_members(hashed.grant, deps.own.peer_id)
        if looked is None:
            continue
        area, peers = looked
        try:
            strangers = await deps.memberships.strangers(area, peers)
        except MembershipUnknown as error:
            return _unknown(str(error))
        if strangers:
            return refused(
                Code.NOT_A_MEMBER,
                f"peer {strangers[0]} is no member of the Regulated Area {area.name}",
                missing=f"a membership of {strangers[0]} in {area.name}",
                owner=f"{strangers[0]} and the membership administrator {area.administrator}",
            )
    return None


async def check_token_members(deps: ManagerDeps, grant: Connection) -> None:
    """Membership is looked at again for each token. Raises ProblemError."""
    looked = who_must_be_members(grant, deps.own.peer_id)
    if looked is None:
        return
    area, peers = looked
    try:
        strangers = await deps.memberships.strangers(area, peers)
    except MembershipUnknown as error:
        words = f"the membership of the Regulated Area is not known now: {error}"
        raise ProblemError(oauth_refused(OAuth.UNAUTHORIZED_CLIENT, words)) from None
    if strangers:
        raise ProblemError(oauth_refused(OAuth.UNAUTHORIZED_CLIENT, NOT_A_MEMBER))


def _unknown(why: str) -> Refusal:
    """Not the peer's fault for good: 503 lets it try again, where 422 would end the delivery."""
    base = refused(Code.NOT_A_MEMBER, why)
    return Refusal(
        code=base.code, status=503, title=base.title, detail=base.detail, fault=base.fault
    )
