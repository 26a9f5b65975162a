# SPDX-License-Identifier: EUPL-1.2
"""The error codes of FSC, each with its HTTP status and title, and those we had to add.

`refused` makes the refusal. Codes marked *ours* fill holes the standard leaves: validation
errors without a code. Peers must treat unknown codes as opaque.
Source: FSC Core, "Error codes"; RFC 6749, 5.2 for the token endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from landschap.vocabulary.problems import Fault, Refusal


class Code(StrEnum):
    """What a Manager and an Inway may answer."""

    INCORRECT_GROUP_ID = "ERROR_CODE_INCORRECT_GROUP_ID"
    SUBMITTING_PEER = "ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT"
    RECEIVING_PEER = "ERROR_CODE_RECEIVING_PEER_NOT_PART_OF_CONTRACT"
    NOT_PART_OF_CONTRACT = "ERROR_CODE_PEER_NOT_PART_OF_CONTRACT"
    CONTENT_HASH = "ERROR_CODE_SIGNATURE_CONTRACT_CONTENT_HASH_MISMATCH"
    CERTIFICATE = "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"
    PEER_ID = "ERROR_CODE_PEER_ID_SIGNATURE_MISMATCH"
    SIGNATURE = "ERROR_CODE_SIGNATURE_VERIFICATION_FAILED"
    COMBINATION = "ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED"
    PATH_HASH = "ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH"
    HASH_ALGORITHM = "ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH"
    SIGNATURE_ALGORITHM = "ERROR_CODE_UNKNOWN_ALGORITHM_SIGNATURE"
    KEY_THUMBPRINT = "ERROR_CODE_INCORRECT_PUBLIC_KEY_THUMBPRINT"
    TOKEN_MISSING = "ERROR_CODE_ACCESS_TOKEN_MISSING"  # noqa: S105
    TOKEN_INVALID = "ERROR_CODE_ACCESS_TOKEN_INVALID"  # noqa: S105
    TOKEN_EXPIRED = "ERROR_CODE_ACCESS_TOKEN_EXPIRED"  # noqa: S105
    TOKEN_GROUP = "ERROR_CODE_WRONG_GROUP_ID_IN_TOKEN"  # noqa: S105
    # ours
    CONTRACT_INVALID = "ERROR_CODE_CONTRACT_INVALID"
    REQUEST_INVALID = "ERROR_CODE_REQUEST_INVALID"
    MANAGER_ADDRESS = "ERROR_CODE_MANAGER_ADDRESS_INVALID"
    WITNESS = "ERROR_CODE_WITNESS_NOT_AGREED"
    WITNESS_ANCHOR = "ERROR_CODE_WITNESS_ANCHOR_INVALID"
    NOT_A_MEMBER = "ERROR_CODE_PEER_NOT_MEMBER_OF_REGULATED_AREA"
    NOT_FOUND = "ERROR_CODE_NOT_FOUND"
    METHOD = "ERROR_CODE_METHOD_UNSUPPORTED"
    BODY_TOO_LARGE = "ERROR_CODE_BODY_TOO_LARGE"
    MEDIA_TYPE = "ERROR_CODE_MEDIA_TYPE_UNSUPPORTED"
    INTERNAL = "ERROR_CODE_INTERNAL"


_STATUS_AND_TITLE: Mapping[Code, tuple[int, str]] = {
    Code.INCORRECT_GROUP_ID: (422, "The contract is of another Group"),
    Code.SUBMITTING_PEER: (422, "The submitting peer is no participant of the contract"),
    Code.RECEIVING_PEER: (422, "We are no participant of the contract"),
    Code.NOT_PART_OF_CONTRACT: (422, "The peer is no participant of the contract"),
    Code.CONTENT_HASH: (422, "The signature is about another contract"),
    Code.CERTIFICATE: (400, "The client certificate can not be used"),
    Code.PEER_ID: (422, "The signature is of another peer"),
    Code.SIGNATURE: (422, "The signature does not verify"),
    Code.COMBINATION: (422, "These grants can not stand in one contract"),
    Code.PATH_HASH: (422, "The address names another contract"),
    Code.HASH_ALGORITHM: (422, "The hash algorithm is not supported"),
    Code.SIGNATURE_ALGORITHM: (422, "The signature algorithm is not supported"),
    Code.KEY_THUMBPRINT: (422, "The public key thumbprint is malformed"),
    Code.TOKEN_MISSING: (401, "There is no access token"),
    Code.TOKEN_INVALID: (401, "The access token is not valid"),
    Code.TOKEN_EXPIRED: (401, "The access token has expired"),
    Code.TOKEN_GROUP: (403, "The access token is of another Group"),
    Code.CONTRACT_INVALID: (422, "The contract is not valid"),
    Code.REQUEST_INVALID: (400, "The request is not valid"),
    Code.NOT_A_MEMBER: (422, "The peer is no member of the Regulated Area"),
    Code.MANAGER_ADDRESS: (400, "The address of the peer's Manager is not valid"),
    Code.WITNESS: (403, "This organisation does not witness for the peer"),
    Code.WITNESS_ANCHOR: (422, "This is no anchor of the peer's log"),
    Code.NOT_FOUND: (404, "There is nothing at this address"),
    Code.METHOD: (405, "This method is not offered here"),
    Code.BODY_TOO_LARGE: (413, "The body is too large"),
    Code.MEDIA_TYPE: (415, "This content type is not read here"),
    Code.INTERNAL: (500, "Something went wrong on our side"),
}


def refused(code: Code, detail: str, *, missing: str = "", owner: str = "") -> Refusal:
    """A refusal with the code's own status and title; the peer is at fault."""
    status, title = _STATUS_AND_TITLE[code]
    return Refusal(
        code=code.value,
        status=status,
        title=title,
        detail=detail,
        missing=missing,
        owner=owner,
        fault=Fault.PEER,
    )


class OAuth(StrEnum):
    """The errors of the token endpoint; the status is always 400."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


def oauth_refused(error: OAuth, detail: str, *, missing: str = "", owner: str = "") -> Refusal:
    """A refusal of the token endpoint. Source: FSC Core, "Access token"."""
    return Refusal(
        code=error.value,
        status=400,
        title="No access token is issued",
        detail=detail,
        missing=missing,
        owner=owner,
        fault=Fault.PEER,
    )
