# SPDX-License-Identifier: EUPL-1.2
"""`landschap identity`: make test certificates, look at the organisation's own, check it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from landschap.cli.config_option import config_option

if TYPE_CHECKING:
    from landschap.platform.identity import Issued

_NO_OVERWRITE = "it is there already; remove it first, or choose another name"


@click.group()
def identity() -> None:
    """Make and check certificates.

    Certificates made here are for tests and demos, and for the organisation's own applications.
    Production organisations get theirs from the Group's certificate authority.
    """


@identity.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", default="Landschap test anchor", show_default=True, help="Its name.")
@click.option("--days", default=3650, show_default=True, type=click.IntRange(1, 10_000))
def anchor(folder: Path, name: str, days: int) -> None:
    """Make a trust anchor: a test certificate authority, or an internal one for applications.

    Writes anchor.crt and anchor.key in FOLDER.

    \b
    Examples:
      landschap identity anchor pki
      landschap identity anchor pki/intern --name "Interne applicaties" --days 730
    """
    from landschap.platform.identity import Validity, make_anchor

    made = make_anchor(name, Validity.of_days(datetime.now(UTC), days))
    _write(made, folder, "anchor")


@identity.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--anchor", "anchor_folder", required=True, type=click.Path(path_type=Path))
@click.option("--oin", required=True, help="The organisation's OIN, twenty positions.")
@click.option("--name", required=True, help="The organisation's name.")
@click.option("--host", "hosts", multiple=True, required=True, help="Host name; repeatable.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 10_000))
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Keep this key: what names the key, such as a connection contract, stays good.",
)
def issue(
    folder: Path,
    anchor_folder: Path,
    oin: str,
    name: str,
    hosts: tuple[str, ...],
    days: int,
    key: Path | None,
) -> None:
    """Issue an organisation certificate: serialNumber is the OIN, the SAN holds the hosts.

    Writes organisation.crt and organisation.key in FOLDER.

    \b
    Examples:
      landschap identity issue weesp --anchor pki --oin 00000099000000004000 \\
        --name "Gemeente Weesp" --host manager.weesp.test --host inway.weesp.test
      landschap identity issue new --key weesp/organisation.key --anchor pki \\
        --oin 00000099000000004000 --name "Gemeente Weesp" --host manager.weesp.test
    """
    from landschap.platform.identity import Validity, issue_organisation, read_ecdsa_key
    from landschap.vocabulary.identifiers import InvalidValue, Oin

    try:
        number = Oin.parse(oin)
    except InvalidValue as error:
        raise click.UsageError(f"--oin: {error}") from None
    validity = Validity.of_days(datetime.now(UTC), days)
    made = issue_organisation(
        _anchor_in(anchor_folder),
        oin=number,
        name=name,
        hosts=hosts,
        validity=validity,
        key=read_ecdsa_key(key) if key else None,
    )
    _write(made, folder, "organisation")


@identity.command()
@click.argument("name")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--anchor", "anchor_folder", required=True, type=click.Path(path_type=Path))
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 10_000))
def application(name: str, folder: Path, anchor_folder: Path, days: int) -> None:
    """Issue a client certificate with which application NAME proves itself at the Outway.

    Writes NAME.crt and NAME.key in FOLDER; identity.internal_ca must name the anchor's .crt.

    \b
    Examples:
      landschap identity application zaaksysteem apps --anchor pki/intern
    """
    from landschap.platform.identity import Validity, issue_application

    if not name.replace("-", "").isalnum() or not name.isascii():
        raise click.UsageError("NAME: use letters, digits and hyphens")
    validity = Validity.of_days(datetime.now(UTC), days)
    _write(issue_application(_anchor_in(anchor_folder), name=name, validity=validity), folder, name)


@identity.command()
@click.argument("anchor_folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("certificates", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 3650))
def revoke(anchor_folder: Path, certificates: tuple[Path, ...], days: int) -> None:
    """Write ANCHOR_FOLDER/anchor.crl, which revokes CERTIFICATES and no others.

    The list ends after --days, and with an ended list every peer is refused: make it anew in time.

    \b
    Examples:
      landschap identity revoke pki doesburg/organisation.crt
      landschap identity revoke pki --days 7
    """
    from landschap.platform.identity import read_certificates, revocation_list

    revoked = [read_certificates(path)[0] for path in certificates]
    now = datetime.now(UTC)
    content = revocation_list(_anchor_in(anchor_folder), revoked, now=now, days=days)
    path = anchor_folder / "anchor.crl"
    # A new file and a rename: nginx takes an overwritten one for the old.
    draft = path.with_suffix(".crl.new")
    draft.write_bytes(content)
    draft.replace(path)
    click.echo(f"{path}: {len(revoked)} revoked, ends {now + timedelta(days=days):%Y-%m-%d}")


@identity.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def show(config: Path, as_json: bool) -> None:
    """Show who the certificate says we are.

    \b
    Examples:
      landschap identity show
      landschap identity show --json
    """
    from cryptography.hazmat.primitives import hashes

    from landschap.fsc.keys import public_key
    from landschap.fsc.thumbprints import public_key_thumbprint
    from landschap.platform.identity import hosts_of, oin_of, organisation_of
    from landschap.platform.keys import own_certificate
    from landschap.platform.settings import load_settings

    certificate = own_certificate(load_settings(config))
    facts: dict[str, object] = {
        "organisation": organisation_of(certificate),
        "oin": oin_of(certificate),
        "hosts": hosts_of(certificate),
        "issuer": certificate.issuer.rfc4514_string(),
        "notBefore": certificate.not_valid_before_utc.isoformat(),
        "notAfter": certificate.not_valid_after_utc.isoformat(),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "publicKeyThumbprint": public_key_thumbprint(public_key(certificate.public_key())),
    }
    if as_json:
        click.echo(json.dumps(facts, indent=1, ensure_ascii=False))
        return
    for name, value in facts.items():
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        click.echo(f"{name:<14} {shown}")


@identity.command()
@config_option
@click.pass_context
def check(ctx: click.Context, config: Path) -> None:
    """Check that peers will accept our certificate; each thing wrong comes with what to do.

    \b
    Examples:
      landschap identity check
      landschap identity check --config /etc/landschap/organisation.toml
    """
    from landschap.platform.identity_checks import check_identity
    from landschap.platform.settings import load_settings

    findings = check_identity(load_settings(config), datetime.now(UTC))
    for finding in findings:
        click.echo(f"{'wrong' if finding.fatal else 'soon '}  {finding.what}")
        click.echo(f"       What to do: {finding.remedy}")
    if not findings:
        click.echo("the identity is in order")
    if any(finding.fatal for finding in findings):
        ctx.exit(1)


@identity.command()
@config_option
@click.option("--fetch", is_flag=True, help="Fetch every list now; running parts take it over.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.pass_context
def lists(ctx: click.Context, config: Path, fetch: bool, as_json: bool) -> None:
    """Show the revocation lists that are held, and until when.

    The worker fetches them by itself; --fetch is for when you hear that a key was lost. Exit code
    1 when a list is absent or has ended, or when fetching failed.

    \b
    Examples:
      landschap identity lists
      landschap identity lists --fetch --json
    """
    import asyncio

    from landschap.platform.revocation import held_lists, renew, sources
    from landschap.platform.settings import load_settings
    from landschap.vocabulary.problems import InvalidValue

    settings = load_settings(config)
    now = datetime.now(UTC)
    failed = {}
    for source in sources(settings) if fetch else ():
        try:
            asyncio.run(renew(settings, source, now))
        except InvalidValue as error:
            failed[source] = str(error)
    facts = [
        {
            "source": each.source,
            "issuer": each.list.issuer if each.list else "",
            "from": each.list.from_.isoformat() if each.list else "",
            "until": each.list.until.isoformat() if each.list else "",
            "revoked": len(each.list.crl) if each.list else 0,
            "why": failed.get(each.source, each.why),
        }
        for each in held_lists(settings, now)
    ]
    if as_json:
        click.echo(json.dumps(facts, indent=1, ensure_ascii=False))
    for fact in () if as_json else facts:
        click.echo(f"{fact['source']}")
        click.echo(f"  of {fact['issuer'] or 'nobody yet'}, {fact['revoked']} revoked")
        click.echo(f"  until {fact['until'] or '-'}{'  ' if fact['why'] else ''}{fact['why']}")
    if not facts and not as_json:
        click.echo("no revocation lists are configured (revocation.lists)")
    ended = [each for each in held_lists(settings, now) if not each.list or each.list.ended(now)]
    if failed or ended:
        ctx.exit(1)


def _anchor_in(folder: Path) -> Issued:
    from landschap.platform.identity import read_issued

    return read_issued(folder / "anchor.crt", folder / "anchor.key")


def _write(made: Issued, folder: Path, name: str) -> None:
    """Write certificate and key; the key is readable by us only, and nothing is overwritten."""
    from landschap.platform.folders import write_private

    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    for path in (certificate, key):
        if path.exists():
            raise click.UsageError(f"{path}: {_NO_OVERWRITE}")
    folder.mkdir(parents=True, exist_ok=True)
    write_private(key, made.key_pem)
    certificate.write_bytes(made.certificate_pem)
    click.echo(f"{certificate}\n{key}")
