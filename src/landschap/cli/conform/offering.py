# SPDX-License-Identifier: EUPL-1.2
"""How a peer offers itself: port, TLS, who it is, its keys, its lists; and whom it lets in.

Source: FSC Core, "TLS", "Manager", OpenAPI; public FSC test suite, 1.1 Manager.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Mapping, Sequence

from landschap.cli.conform.trial import (
    Check,
    Trial,
    must_be_shut,
    self_made_certificate,
    without_certificate,
)
from landschap.cli.conform.verdicts import Result, failed, not_run, passed
from landschap.fsc.certificates import check_trusted
from landschap.fsc.client.seeing import chain_only, fits, seen
from landschap.fsc.grants import Publication
from landschap.fsc.jwks import read_key_set
from landschap.fsc.states import State
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import InvalidValue

PORTS = (443, 8443)
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi"}
_KINDS = ("SERVICE_TYPE_SERVICE", "SERVICE_TYPE_DELEGATED_SERVICE")


async def _port(trial: Trial) -> Result:
    heard = await trial.get("/peer")
    told = f"port {trial.port} answers {heard.status}"
    return passed(told) if trial.port in PORTS else failed(f"{told}; it must be 443 or 8443")


async def _protocol(trial: Trial) -> Result:
    found = trial.seen
    told = f"{found.protocol}, {found.cipher}"
    good = found.protocol == "TLSv1.3" or (
        found.protocol == "TLSv1.2" and found.cipher.startswith("ECDHE-")
    )
    return passed(told) if good else failed(told)


async def _old_protocol(trial: Trial) -> Result:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with warnings.catch_warnings():
            # Asking for what is deprecated is the point.
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
    except (ssl.SSLError, ValueError) as error:
        return not_run(f"this machine can not speak TLS 1.1: {error}")
    place = await trial.asker.hosts.resolve(trial.host, trial.port)
    found = await seen(place[0]["host"], trial.port, trial.host, context)
    if found.protocol:
        return failed(f"it speaks {found.protocol}")
    if "no protocols available" in found.why.lower() or "NO_PROTOCOLS" in found.why:
        return not_run("this machine can not speak TLS 1.1")
    return passed(f"refused: {found.why}")


async def _chain(trial: Trial) -> Result:
    place = await trial.asker.hosts.resolve(trial.host, trial.port)
    found = await seen(place[0]["host"], trial.port, trial.host, chain_only(trial.credentials))
    issuer = trial.certificate.x509.issuer.rfc4514_string()
    if found.why:
        return failed(f"issued by {issuer}: {found.why}")
    return passed(f"issued by {issuer}")


async def _name(trial: Trial) -> Result:
    names = ", ".join(sorted(trial.certificate.dns_names))
    good = fits(trial.host, trial.certificate.dns_names)
    return passed(names) if good else failed(f"the certificate is for {names}, not {trial.host}")


async def _no_certificate(trial: Trial) -> Result:
    url = f"{trial.address}/v1/peer"
    return await must_be_shut(trial.asker, url, without_certificate(trial))


async def _own_making(trial: Trial) -> Result:
    url = f"{trial.address}/v1/peer"
    return await must_be_shut(trial.asker, url, self_made_certificate(trial))


async def _peer_info(trial: Trial) -> Result:
    heard = await trial.get("/peer")
    told = heard.table()
    wrong = {
        f"status {heard.status}": heard.status != 200,
        "peer_id is not that of its certificate": told.get("peer_id") != trial.peer_id.value,
        "peer_name is no text": not isinstance(told.get("peer_name"), str),
        "fsc_version is no text": not isinstance(told.get("fsc_version"), str),
        "enabled_extensions is no object": not isinstance(told.get("enabled_extensions"), Mapping),
    }
    if any(wrong.values()):
        return failed("; ".join(words for words, is_wrong in wrong.items() if is_wrong))
    return passed(f"{told['peer_name']}, FSC {told['fsc_version']}")


async def _key_set(trial: Trial) -> Result:
    heard = await trial.get("/.well-known/jwks.json")
    keys = _entries(heard.table(), "keys")
    if heard.status != 200 or not keys:
        return failed(f"status {heard.status}, {len(keys)} keys")
    if any(_PRIVATE & set(each) for each in keys):
        return failed("a private key is published")
    if not all(isinstance(each.get("kty"), str) for each in keys):
        return failed("a key has no kty")
    good, why = 0, "no key carries a certificate (x5c)"
    for each in read_key_set(heard.tree()):
        try:
            check_trusted(each.leaf.x509, each.others, trial.own.trust(trial.now))
            good += each.leaf.peer_id == trial.peer_id
        except InvalidValue as error:
            why = str(error)
    return passed(f"{good} of {len(keys)} keys can be used") if good else failed(why)


async def _peers(trial: Trial) -> Result:
    """Whether we are listed, when we announced ourselves to the peer or negotiated with it."""
    own = trial.own.peer_id.value
    directory = trial.settings.directory
    if not trial.contracts and not (directory and directory.peer_id == trial.peer_id):
        return not_run("we never announced ourselves to this peer nor agreed anything with it")
    heard = await trial.get(f"/peers?peer_id={own}")
    listed = [each.get("id") for each in _entries(heard.table(), "peers")]
    if heard.status != 200 or own not in listed:
        return failed(f"status {heard.status}, we are not listed")
    return passed("we are listed")


async def _peers_form(trial: Trial) -> Result:
    heard = await trial.get("/peers?limit=100")
    entries = _entries(heard.table(), "peers")
    if heard.status != 200:
        return failed(f"status {heard.status} {heard.code}")
    for each in entries:
        if not all(isinstance(each.get(key), str) for key in ("id", "name", "manager_address")):
            return failed(f"a peer lacks id, name or manager_address: {sorted(each)}")
    return passed(f"{len(entries)} peers listed")


async def _paging(trial: Trial) -> Result:
    heard = await trial.get("/peers?limit=1")
    told = heard.table()
    paging = told.get("pagination")
    if len(_entries(told, "peers")) > 1:
        return failed("limit=1 gives more than one")
    if not isinstance(paging, Mapping) or not isinstance(paging.get("next_cursor"), str):
        return failed("there is no pagination.next_cursor")
    return passed("limit is kept, a cursor is given")


async def _services_form(trial: Trial) -> Result:
    heard = await trial.get("/services?limit=100")
    if heard.status != 200:
        return failed(f"status {heard.status} {heard.code}")
    entries = _entries(heard.table(), "services")
    for each in entries:
        data = each.get("data")
        data = data if isinstance(data, Mapping) else {}
        peer = data.get("peer")
        if data.get("type") not in _KINDS or not isinstance(peer, Mapping):
            return failed("a service has no known data.type or no data.peer")
        if not all(isinstance(data.get(key), str) for key in ("name", "protocol")):
            return failed("a service has no name or protocol")
        if data["type"] == _KINDS[1] and not isinstance(data.get("delegator"), Mapping):
            return failed(f"{data['name']} is delegated without a delegator")
    return passed(f"{len(entries)} services listed")


def _published(*, delegated: bool, properties: bool) -> Check:
    number = 1 + delegated + 2 * properties
    kind = "a service published on behalf of another" if delegated else "a published service"

    async def run(trial: Trial) -> Result:
        wanted = [
            grant
            for each in trial.contracts
            if each.state(trial.now) is State.VALID
            for _, grant in each.contract.publications
            if grant.directory == trial.peer_id
            and bool(grant.service.delegator) == delegated
            and ("properties" in grant.data) == properties
        ]
        if not wanted:
            return not_run("we have no such publication in force with this peer as directory")
        heard = await trial.get(f"/services?limit=1000&service_name={wanted[0].service.name}")
        listed = [each.get("data") for each in _entries(heard.table(), "services")]
        if any(_is(data, wanted[0]) for data in listed):
            return passed(f"{wanted[0].service.name} is listed")
        return failed(f"{wanted[0].service.name} is not listed as its contract says")

    suffix = " with its properties" if properties else ""
    return Check(id=f"Manager-Services-{number}", title=f"{kind} is listed{suffix}", run=run)


def _is(data: JsonValue, grant: Publication) -> bool:
    if not isinstance(data, Mapping):
        return False
    kind = _KINDS[1] if grant.service.delegator else _KINDS[0]
    wanted = (kind, grant.service.name, grant.protocol)
    if (data.get("type"), data.get("name"), data.get("protocol")) != wanted:
        return False
    return "properties" not in grant.data or data.get("properties") == grant.properties


def _entries(told: Mapping[str, JsonValue], key: str) -> list[Mapping[str, JsonValue]]:
    listed = told.get(key)
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return []
    return [each for each in listed if isinstance(each, Mapping)]


OFFERING = (
    Check(id="Manager-Port-1", title="the Manager answers on 443 or 8443", run=_port),
    Check(id="tls-version", title="TLS 1.3, or 1.2 with forward secrecy", run=_protocol),
    Check(id="tls-old", title="TLS 1.1 and older are refused", run=_old_protocol),
    Check(id="tls-chain", title="its certificate leads to our trust anchors", run=_chain),
    Check(id="tls-name", title="its certificate is for its address", run=_name),
    Check(id="Manager-PeerInfo-1", title="it says who it is", run=_peer_info),
    Check(id="Manager-JSONWebKeySet-1", title="its keys are published", run=_key_set),
    Check(id="Manager-Peers-1", title="peers that announced themselves are listed", run=_peers),
    Check(id="peers-form", title="the list of peers has its form", run=_peers_form),
    Check(id="paging", title="lists keep to limit and give a cursor", run=_paging),
    Check(id="services-form", title="the list of services has its form", run=_services_form),
    *(
        _published(delegated=delegated, properties=properties)
        for properties in (False, True)
        for delegated in (False, True)
    ),
)
AUTHENTICATION = (
    Check(
        id="no-certificate", title="nobody is answered without a certificate", run=_no_certificate
    ),
    Check(
        id="self-made-certificate",
        title="nobody is answered with a certificate of another authority",
        run=_own_making,
    ),
)
