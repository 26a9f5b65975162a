# SPDX-License-Identifier: EUPL-1.2
"""The refusals that the doors themselves make, each with the missing link and who can add it.

Codes in capitals travel in FSC's error body, the others as problem details. What the standard
does not name carries a code of ours.
Source: FSC Core, "Error codes"; FSC Logging, "Error codes".
"""

from __future__ import annotations

import msgspec

from landschap.purposes.decision import Decision
from landschap.vocabulary.problems import Fault, Refusal

_ASKER = "the application that asks"
_BOTH = "both organisations, by signing a contract"
_OPERATORS = "the operators of this organisation"


class Denied(msgspec.Struct, frozen=True):
    """A refusal that came out of deciding on purpose, with the decision behind it."""

    refusal: Refusal
    decision: Decision


def transaction_id(given: str) -> Refusal:
    """No transaction id, or none of version 7. Source: FSC Logging, "Error codes"."""
    if given:
        code, detail = "INVALID_LOG_RECORD_ID", "The transaction id is no UUID of version 7."
    else:
        code, detail = "MISSING_LOG_RECORD_ID", "The question carries no transaction id."
    return Refusal(
        code=code,
        status=400,
        title="No usable transaction id",
        detail=detail,
        missing="a UUID of version 7 in Fsc-Transaction-Id",
        owner="the calling Outway",
        fault=Fault.PEER,
    )


def service_not_found(name: str) -> Refusal:
    """The token is for a service that this Inway does not offer."""
    return Refusal(
        code="ERROR_CODE_SERVICE_NOT_FOUND",
        status=404,
        title="The service is not offered here",
        detail=f"This Inway does not offer the service {name[:100]}.",
        missing=f"the service {name[:100]} among the services of this Inway",
        owner="the operators of the organisation that offers it",
        fault=Fault.OURS,
    )


def contract_not_valid(state: str) -> Refusal:
    """The contract behind a token or grant hash is not valid (any more)."""
    seen = f"; its state is {state}" if state else ""
    return Refusal(
        code="ERROR_CODE_CONTRACT_NOT_VALID",
        status=403,
        title="The contract is not valid",
        detail=f"There is no valid contract behind this connection{seen}.",
        missing="a contract that is valid now",
        owner=_BOTH,
        fault=Fault.PEER,
    )


def method(given: str, service: str, offered: tuple[str, ...]) -> Refusal:
    """A method the service does not offer."""
    return Refusal(
        code="ERROR_CODE_METHOD_UNSUPPORTED",
        status=405,
        title="The method is not supported",
        detail=f"{service} can be asked with {', '.join(offered)}, not with {given[:20]}.",
        missing="a method that the service offers",
        owner=_ASKER,
    )


def protocol(given: str, service: str) -> Refusal:
    """A WebSocket or server-sent events, of a service that was not declared to have them."""
    words = {"websocket": "a WebSocket", "events": "server-sent events"}.get(given, given[:20])
    return Refusal(
        code="ERROR_CODE_PROTOCOL_UNSUPPORTED",
        status=400,
        title="The protocol is not supported",
        detail=f"{service} is not declared to answer with {words}.",
        missing=f"{given[:20]} = true in the declaration of the service",
        owner="the operators of the organisation that offers it",
    )


def body_too_large(limit: int) -> Refusal:
    """More than the service takes."""
    return Refusal(
        code="ERROR_CODE_BODY_TOO_LARGE",
        status=413,
        title="The body is too large",
        detail=f"The service takes at most {limit} bytes.",
        missing="a smaller body",
        owner=_ASKER,
    )


def length_required(limit: int) -> Refusal:
    """A body of unknown length for a service with a limit."""
    return Refusal(
        code="ERROR_CODE_LENGTH_REQUIRED",
        status=411,
        title="The length of the body must be known",
        detail=f"The service takes at most {limit} bytes, so Content-Length is needed.",
        missing="the header Content-Length",
        owner=_ASKER,
    )


def service_blocked(why: str) -> Refusal:
    """A service whose declaration contradicts the register."""
    return Refusal(
        code="service_misconfigured",
        status=503,
        title="The service can not be used as it is configured",
        detail="The service is declared in a way that the register of this organisation forbids.",
        missing="a declaration of the service that agrees with the register",
        owner=_OPERATORS,
        fault=Fault.OURS,
        extra={"why": why},
    )


def outway_blocked(why: str) -> Refusal:
    """Rules that must be able to forbid what leaves, and can not be used."""
    return Refusal(
        code="outway_misconfigured",
        status=503,
        title="The Outway can not be used as it is configured",
        detail="Rules that forbid what leaves can not be used, and so nothing leaves.",
        missing="rules in the file of outway.veto that can be used",
        owner=_OPERATORS,
        fault=Fault.OURS,
        extra={"why": why},
    )


def delegator_not_named(alias: str, whole: tuple[str, ...]) -> Refusal:
    """An alias that fits only contracts in another's name: acting for another is never guessed."""
    return Refusal(
        code="delegator_not_named",
        status=400,
        title="The question does not say for whom it is asked",
        detail=f"The alias {alias[:120]} fits only contracts on behalf of another organisation.",
        missing=f"an alias that names the other, such as {whole[0][:200]}",
        owner=_ASKER,
        extra={"grant_aliases": list(whole)},
    )


def permit_too_large() -> Refusal:
    """So many fields that the proof for the service does not fit."""
    return Refusal(
        code="permit_too_large",
        status=400,
        title="Too many fields are asked at once",
        detail="The permission for so many fields does not fit in one header.",
        missing="a question for fewer fields",
        owner=_ASKER,
    )


def rows_not_obeyed(service: str) -> Refusal:
    """The policy permits some objects only, and the service would not know which."""
    return Refusal(
        code="rows_not_obeyed",
        status=403,
        title="This service can not be limited to the permitted objects",
        detail=f"The policy opens some objects of {service} only, and {service} does not read the "
        "permit that names them.",
        missing="a service that reads the permit (permit = true), or a policy without rijen",
        owner="the privacy officers and operators of the organisation that offers the service",
        fault=Fault.OURS,
    )


def duties_not_obeyed(service: str) -> Refusal:
    """The policy asks of the service what only one that reads the permit can do."""
    return Refusal(
        code="obligation_unsupported",
        status=403,
        title="This service can not meet the obligations of the policy",
        detail=f"The policy asks for a look at the person, a changed value or a confidentiality "
        f"mark, and {service} does not read the permit that says so.",
        missing="a service that reads the permit (permit = true), or a policy without obligations",
        owner="the privacy officers and operators of the organisation that offers the service",
        fault=Fault.OURS,
    )


def declaration_key_unknown() -> Refusal:
    """The peer does not publish the certificate its declaration is signed with."""
    return Refusal(
        code="declaration_invalid",
        status=401,
        title="No valid declaration of purpose",
        detail="The declaration is signed with a key that its organisation does not publish.",
        missing="the signing certificate in the key set of the asking organisation",
        owner="the organisation that asks, at its Manager",
        fault=Fault.PEER,
    )


def action_mismatch(action: str) -> Refusal:
    """The declaration names another action than the method is."""
    return Refusal(
        code="declaration_binding",
        status=401,
        title="No valid declaration of purpose",
        detail=f"The declaration names another action than this question is: {action}.",
        missing="a declaration for the action of this question",
        owner="the organisation that asks, at its Outway",
        fault=Fault.PEER,
    )


def application_unknown() -> Refusal:
    """Nobody we know, at the own Outway."""
    return Refusal(
        code="application_unknown",
        status=401,
        title="The application is not known here",
        detail="The question carries no key or certificate of a registered application.",
        missing="a valid X-Api-Key, or a client certificate of a registered application",
        owner=_OPERATORS,
    )


def grant_unknown(given: str) -> Refusal:
    """No grant under this hash or alias. The code is the one OpenFSC made known."""
    named = "names no connection of ours" if given else "is absent"
    return Refusal(
        code="UNKNOWN_GRANT_HASH_IN_HEADER",
        status=400,
        title="The connection is not known",
        detail=f"The header Fsc-Grant-Hash or Fsc-Grant-Alias {named}.",
        missing="the hash or alias of a connection grant of this organisation",
        owner=_ASKER,
    )


def grant_ambiguous(alias: str, aliases: tuple[str, ...]) -> Refusal:
    """An alias that fits several connections."""
    return Refusal(
        code="grant_alias_ambiguous",
        status=400,
        title="The alias fits several connections",
        detail=f"Several valid contracts fit the alias {alias[:120]}; name the grant hash.",
        missing="one grant hash",
        owner=_ASKER,
        extra={"grant_hashes": list(aliases)},
    )


def grant_of_another_outway() -> Refusal:
    """A grant that names the key of another Outway of ours."""
    return Refusal(
        code="ERROR_CODE_GRANT_OF_ANOTHER_OUTWAY",
        status=403,
        title="The contract is for another Outway",
        detail="The grant names the key of another Outway of this organisation.",
        missing="a contract for the key of this Outway",
        owner=_BOTH,
        fault=Fault.OURS,
    )


def purpose_missing() -> Refusal:
    """No purpose, at the own Outway."""
    return Refusal(
        code="purpose_missing",
        status=400,
        title="The question names no purpose",
        detail="Every question says for which purpose it is asked.",
        missing="the URI of a purpose in the header Doelbinding",
        owner=_ASKER,
    )


def nothing_declared_before() -> Refusal:
    """A permit for a question that came without a signed declaration: nothing can follow it."""
    return Refusal(
        code="chain_undeclared",
        status=403,
        title="The question before carries no signed declaration",
        detail="What is asked to answer a question refers to the declaration of that one, and it "
        "came with a plain purpose only.",
        missing="a signed declaration with the question before",
        owner="the organisation that asked first, at its Outway",
    )


def action_missing(actions: tuple[str, ...]) -> Refusal:
    """The contract allows several actions, or another than the one named."""
    return Refusal(
        code="action_unclear",
        status=400,
        title="The action is not clear",
        detail=f"The contract allows {', '.join(actions)}; the header Handeling names one of them.",
        missing="the header Handeling with one action of the contract",
        owner=_ASKER,
    )


def token_unavailable() -> Refusal:
    """No token, and none could be had in time."""
    return Refusal(
        code="ERROR_CODE_TOKEN_UNAVAILABLE",
        status=502,
        title="The other organisation gives no access token",
        detail="No access token could be had from the Manager of the other organisation in time.",
        missing="an access token",
        owner="the operators of the organisation that offers the service",
        fault=Fault.PEER,
    )


def connect_unsupported() -> Refusal:
    """A tunnel would hide the question. Source: FSC Core, "Outway"."""
    return Refusal(
        code="ERROR_CODE_METHOD_UNSUPPORTED",
        status=405,
        title="The method is not supported",
        detail="CONNECT is not supported: a tunnel would hide the question.",
        missing="an ordinary HTTP request",
        owner=_ASKER,
    )


def log_unwritable() -> Refusal:
    """No record, no answer. Source: FSC Logging, "Error codes"."""
    return Refusal(
        code="TRANSACTION_LOG_WRITE_ERROR",
        status=500,
        title="The record of this question can not be written",
        detail="Without a durable record the question is not carried out.",
        missing="a durable log record",
        owner=_OPERATORS,
        fault=Fault.OURS,
    )


def not_loggable() -> Refusal:
    """A value of the question that may not stand in a log, such as a person's number."""
    return Refusal(
        code="request_invalid",
        status=400,
        title="The question is not well formed",
        detail="A value of the question may not stand in the log; personal keys go in the body.",
        missing="a question without personal keys in its address or headers",
        owner=_ASKER,
    )


def deciding_failed() -> Refusal:
    """An accident while deciding: nothing is permitted."""
    return Refusal(
        code="internal_error",
        status=500,
        title="No decision could be taken",
        detail="The decision failed on our side and so nothing is permitted.",
        missing="a decision",
        owner=_OPERATORS,
        fault=Fault.OURS,
    )


def target() -> Refusal:
    """A target that is no path."""
    return Refusal(
        code="ERROR_CODE_REQUEST_INVALID",
        status=400,
        title="The question is not well formed",
        detail="The target of the question is not a path.",
        missing="a target that begins with a slash",
        owner=_ASKER,
    )


def user_keys_unavailable() -> Refusal:
    """The issuer of the employees gives no key for this token."""
    return Refusal(
        code="user_invalid",
        status=401,
        title="The user is not known here",
        detail="The user's token is signed with a key that the employees' issuer does not publish.",
        missing="a valid token of the employees' issuer",
        owner="the user, by logging in, or the operators of the employees' issuer",
    )
