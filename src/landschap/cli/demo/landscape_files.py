# SPDX-License-Identifier: EUPL-1.2
"""The files of the demo's landscape: certificates, settings, people, and what each declares."""

from __future__ import annotations

import json
import secrets
import shutil
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from landschap.cli.demo.landscape import (
    ANNA,
    ANOTHER,
    AUDIT_CLIENT,
    AUDIT_REDIRECT,
    CASE_CLIENT,
    CASE_REDIRECT,
    CERTIFICATE_DAYS,
    CONSOLE_CLIENT,
    DATA,
    DECLARED,
    DOESBURG_CONSOLE_CLIENT,
    FORM_APPLICATION,
    FORM_CLIENT,
    FORM_PURPOSE,
    GROUP_ID,
    LOOK_ACTIVITY,
    OWN_PURPOSE,
    PORTAL_APPLICATION,
    PORTAL_CLIENT,
    SUBSTANTIAL,
    SUPPLIER_HOST,
    SUZANNE,
    Landscape,
    Member,
)
from landschap.cli.demo.service_centre import address_of
from landschap.cli.demo.staff import (
    CONSOLE_PEOPLE,
    DOESBURG_PEOPLE,
    console_lines,
    doesburg_lines,
)
from landschap.platform.folders import private_folder, write_private
from landschap.platform.identity import (
    Issued,
    Validity,
    issue_organisation,
    make_anchor,
    read_issued,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def write_landscape(landscape: Landscape, now: datetime) -> None:
    """Make what is not there yet: the trust anchor, certificates and settings of each member."""
    landscape.folder.mkdir(parents=True, exist_ok=True)
    validity = Validity.of_days(now, CERTIFICATE_DAYS)
    anchor = _anchor(landscape, validity)
    for member in (*landscape.members, landscape.heidedorp, landscape.outsider):
        _write_member(landscape, member, anchor, validity)
    key_file = landscape.supplier_key_file
    if not key_file.exists():
        _write_secret(key_file)
    people = json.dumps(_people(landscape), ensure_ascii=False, indent=1)
    landscape.people_file.parent.mkdir(parents=True, exist_ok=True)
    landscape.people_file.write_text(people)


def write_service_centre(landscape: Landscape, now: datetime) -> None:
    """Make what the service centre needs, and the passwords that it gives to the members."""
    validity = Validity.of_days(now, CERTIFICATE_DAYS)
    _write_member(landscape, landscape.centre, _anchor(landscape, validity), validity)
    for member in (*landscape.members, landscape.heidedorp):
        if not landscape.database_password_file(member).exists():
            _write_secret(landscape.database_password_file(member))


def _anchor(landscape: Landscape, validity: Validity) -> Issued:
    return _kept(
        landscape.folder / "trust",
        "anchor",
        lambda: make_anchor("Trust anchor voorbeeldlandschap", validity),
    )


def _people(landscape: Landscape) -> dict[str, object]:
    """Who can log in, and which applications may ask them to."""
    residents = [
        (SUZANNE, "Suzanne Moulin"),
        (ANOTHER, "Mihailović Bilgiç"),
        (ANNA, "Anna Maria Petra Wesseling"),
    ]
    return {
        "clients": {
            PORTAL_CLIENT: {
                "kind": "resident",
                "redirect_uris": [f"{landscape.weesp.web_address}/inloggen/terug"],
            },
            FORM_CLIENT: {
                "kind": "resident",
                "redirect_uris": [f"{landscape.weesp.web_address}/formulier/inloggen/terug"],
            },
            CONSOLE_CLIENT: {
                "kind": "employee of Weesp",
                "redirect_uris": [f"{landscape.weesp.web_address}/console/inloggen/terug"],
            },
            DOESBURG_CONSOLE_CLIENT: {
                "kind": "employee of Doesburg",
                "audience": f"outway.{landscape.doesburg.key}",
                "redirect_uris": [f"{landscape.doesburg.web_address}/console/inloggen/terug"],
            },
            CASE_CLIENT: {
                "kind": "employee",
                "audience": f"outway.{landscape.doesburg.key}",
                "redirect_uris": [CASE_REDIRECT],
            },
            AUDIT_CLIENT: {
                "kind": "employee of Weesp",
                "audience": f"logboek.{landscape.weesp.key}",
                "redirect_uris": [AUDIT_REDIRECT],
            },
        },
        "persons": [
            *(
                {
                    "sub": f"burger-{number}",
                    "name": name,
                    "kind": "resident",
                    "claims": {"bsn": bsn, "acr": SUBSTANTIAL},
                }
                for number, (bsn, name) in enumerate(residents, start=1)
            ),
            *(
                {
                    "sub": sub,
                    "name": name,
                    "kind": f"employee of {place}",
                    "claims": {"roles": [role], "acr": SUBSTANTIAL, "amr": ["pwd", "mfa"]},
                }
                for place, people in (("Weesp", CONSOLE_PEOPLE), ("Doesburg", DOESBURG_PEOPLE))
                for sub, (name, role) in people.items()
            ),
            {
                "sub": "medewerker-17",
                "name": "Consulent van Doesburg",
                "kind": "employee",
                "claims": {"roles": ["inkomensconsulent"], "acr": SUBSTANTIAL},
            },
            {
                "sub": "medewerker-23",
                "name": "Medewerker groenvoorziening van Doesburg",
                "kind": "employee",
                "claims": {"roles": ["hovenier"], "acr": SUBSTANTIAL},
            },
        ],
    }


def _write_member(landscape: Landscape, member: Member, anchor: Issued, validity: Validity) -> None:
    _kept(
        landscape.folder / member.key / "identity",
        "organisation",
        lambda: issue_organisation(
            anchor,
            oin=member.oin,
            name=member.name,
            hosts=[f"{part}.{member.key}.test" for part in ("manager", "inway", "outway")],
            validity=validity,
        ),
    )
    for part in DECLARED:
        declared = DATA / member.key / part
        if declared.is_dir():
            shutil.copytree(declared, landscape.folder / member.key / part, dirs_exist_ok=True)
    if (heading := DATA / member.key / "pakket.toml").is_file():
        shutil.copy(heading, landscape.folder / member.key)
    settings = _settings_text(landscape, member)
    path = landscape.settings_file(member)
    if not path.exists() or path.read_text() != settings:
        path.write_text(settings)


def _kept(folder: Path, name: str, make: Callable[[], Issued]) -> Issued:
    """The certificate and key that stand in a folder; made when they do not."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    if certificate.exists() and key.exists():
        return read_issued(certificate, key)
    issued = make()
    folder.mkdir(parents=True, exist_ok=True)
    write_private(key, issued.key_pem)
    certificate.write_bytes(issued.certificate_pem)
    return issued


def _write_secret(path: Path) -> None:
    private_folder(path.parent)
    write_private(path, secrets.token_urlsafe(32).encode())


def _settings_text(landscape: Landscape, member: Member) -> str:
    listen = {
        part: getattr(member, part)
        for part in ("manager", "inway", "outway", "web", "open", "logboek", "admin")
        if getattr(member, part)
    }
    reached = (*landscape.members, landscape.heidedorp)
    hosts = dict(pair for other in reached for pair in other.hosts())
    if member in (landscape.weesp, landscape.heidedorp):
        hosts[SUPPLIER_HOST] = landscape.supplier
    lines = [
        "# Written by `landschap demo`; a verzonnen organisatie with a test OIN.",
        "[organisation]",
        f'oin = "{member.oin}"',
        f'name = "{member.name}"',
        f'group_id = "{GROUP_ID}"',
        'environment = "test"',
        "fictitious = true",
        "",
        "[organisation.contact]",
        'telephone = "14 0294"',
        f'email = "privacy@{member.key}.example"',
        "",
        "[identity]",
        'certificate = "identity/organisation.crt"',
        'key = "identity/organisation.key"',
        'trust_anchors = ["../trust/anchor.crt"]',
        "",
        "[listen]",
        *(f'{part} = "{address}"' for part, address in listen.items()),
        "",
        "[addresses]",
        f'manager = "{member.manager_address}"',
        *([f'inway = "{member.inway_address}"'] if member.inway else []),
        *([f'web = "{member.web_address}"'] if member.web else []),
        *([f'open = "{member.open_address}"'] if member.open else []),
        *([f'logboek = "http://{member.logboek}"'] if member.logboek else []),
        "",
        "[network]",
        "allow_private = true",
        "",
        "[network.hosts]",
        *(f'"{host}" = "{address}"' for host, address in hosts.items()),
        "",
        "[roles]",
        f"directory = {'true' if member == landscape.directory else 'false'}",
        "",
        *_role_lines(landscape, member),
        *_database_lines(landscape, member),
    ]
    return "\n".join(lines)


def _role_lines(landscape: Landscape, member: Member) -> list[str]:
    if member == landscape.directory:
        return [
            "[fsc]",
            "# A directory signs publications by itself; everything else waits for a person.",
            'auto_sign = ["servicePublication"]',
            "",
        ]
    lines = [
        "[directory]",
        f'peer_id = "{landscape.directory.oin}"',
        f'manager_address = "{landscape.directory.manager_address}"',
        "",
    ]
    if member == landscape.doesburg:
        lines += doesburg_lines(landscape.login_address, DOESBURG_CONSOLE_CLIENT)
    if member == landscape.weesp:
        lines += [
            "[oidc.portal]",
            f'issuer = "{landscape.login_address}"',
            f'client_id = "{PORTAL_CLIENT}"',
            "",
            "[portal]",
            f'look_activity = "{LOOK_ACTIVITY}"',
            f'own_purpose = "{OWN_PURPOSE}"',
            f'application_key = "secrets/{PORTAL_APPLICATION}.key"',
            "",
            "[form]",
            f'issuer = "{landscape.login_address}"',
            f'client_id = "{FORM_CLIENT}"',
            f'purpose = "{FORM_PURPOSE}"',
            f'application_key = "secrets/{FORM_APPLICATION}.key"',
            "",
            *console_lines(landscape.login_address, CONSOLE_CLIENT),
        ]
    if member.outway or member.logboek:
        # Where employees bring a token: to ask others, or to read the own log.
        door = "logboek" if member == landscape.weesp else "outway"
        lines += [
            "[oidc.employees]",
            f'issuer = "{landscape.login_address}"',
            f'audience = "{door}.{member.key}"',
            "",
        ]
    return lines


def _database_lines(landscape: Landscape, member: Member) -> list[str]:
    """In the collective form: where the shared server is, whose operator does not read the log."""
    kept = landscape.database_password_file(member)
    if not landscape.collective or not kept.exists():
        return []
    address = address_of(landscape, member, kept.read_text().strip())
    sealed = ["[logboek]", "sealed = true", ""]
    return ["[postgres]", f'dsn = "{address}"', "shared = true", "", *sealed]
