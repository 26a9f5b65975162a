# SPDX-License-Identifier: EUPL-1.2
"""Our memory of contracts, peers, deliveries and tokens: PostgreSQL schema ``fsc``.

For the gateway: `KnownGrants`, `tokens`, `peer_names`. All functions take a pool or a
connection of role ``landschap_fsc``; what must be one transaction takes a connection.
"""

from landschap.fsc.store.contract_rows import (
    certificate,
    certificates_of,
    connection_grants,
    contract,
    contract_of_grant,
    contracts,
    contracts_starting_with,
)
from landschap.fsc.store.decisions import (
    Decision,
    decisions,
    note_decision,
    undecided,
    waiting_for_us,
)
from landschap.fsc.store.errands import Delivery, Errand, deliveries, undelivered
from landschap.fsc.store.known_grants import KnownGrants
from landschap.fsc.store.listing import ContractFilter, contracts_for
from landschap.fsc.store.memberships import members
from landschap.fsc.store.peer_rows import Peer, PeerFilter, peer, peer_names, peers, save_peer
from landschap.fsc.store.revoked_rows import note_revoked
from landschap.fsc.store.rows import StoredContract
from landschap.fsc.store.signing import Received, propose, receive, sign
from landschap.fsc.store.token_rows import TokenTrouble, tokens, troubles

__all__ = [
    "ContractFilter",
    "Decision",
    "Delivery",
    "Errand",
    "KnownGrants",
    "Peer",
    "PeerFilter",
    "Received",
    "StoredContract",
    "TokenTrouble",
    "certificate",
    "certificates_of",
    "connection_grants",
    "contract",
    "contract_of_grant",
    "contracts",
    "contracts_for",
    "contracts_starting_with",
    "decisions",
    "deliveries",
    "members",
    "note_decision",
    "note_revoked",
    "peer",
    "peer_names",
    "peers",
    "propose",
    "receive",
    "save_peer",
    "sign",
    "tokens",
    "troubles",
    "undecided",
    "undelivered",
    "waiting_for_us",
]
