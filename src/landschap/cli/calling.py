# SPDX-License-Identifier: EUPL-1.2
"""``landschap call``: one question through the own Outway, for the terminal and for scripts."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from landschap.cli.config_option import config_option, json_option
from landschap.cli.moment_option import Moment
from landschap.platform.settings import load_settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import as_utc_text

if TYPE_CHECKING:
    from landschap.client import Answer, Landschap, LandschapError, Refused

_REFUSED, _UNREACHABLE, _NOT_FOUND = 4, 5, 3
_ABSENT = 404
_MOST_BODY = 1_000_000


@click.command("call")
@click.argument("target", metavar="SERVICE/PATH")
@click.option("--purpose", "-p", default="", metavar="P", help="For what: a URI or its last part.")
@click.option("--field", "fields", multiple=True, metavar="F", help="Only this field; repeat it.")
@click.option(
    "--data", metavar="JSON|@FILE|-", help="The body: JSON, a file of it, or - for what comes in."
)
@click.option("--method", metavar="M", help="Default GET, and POST with --data.", default="")
@click.option(
    "--contract", default="", metavar="NAME", help="Grant hash or alias, when SERVICE fits more."
)
@click.option("--geldig-op", "valid_on", type=Moment(), help="As it was at this moment.")
@click.option("--beschikbaar-op", "known_at", type=Moment(), help="As it was known then.")
@click.option("--case", default="", metavar="NUMBER", help="The case it is for; it stays inside.")
@click.option("--action", default="", metavar="A", help="When the contract names more than one.")
@click.option("--lenient", is_flag=True, help="Leave out fields that may not be seen.")
@click.option("--explain", is_flag=True, help="Only decide and tell why; nothing is called.")
@click.option(
    "--outway", default="", metavar="URL", envvar="LANDSCHAP_OUTWAY", help="Else from --config."
)
@click.option(
    "--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Key of the application; else the variable LANDSCHAP_KEY.",
)  # fmt: skip
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True)
@json_option
@config_option
def call(
    target: str, config: Path, as_json: bool, data: str | None, contract: str, **more: Any
) -> None:
    """Ask a service of another organisation one question, through the own Outway.

    SERVICE names the contract and PATH is the address at the service. The number of a person goes
    into --data, never into an address: from a file, or by a pipe so that no history keeps it.
    The answer comes on stdout; the transaction id, for `landschap explain`, on stderr. Exit code 4
    when it was refused, 5 when there was no answer.

    \b
    Examples:
      landschap call pand-open/panden/0424100000002206 --purpose bijstand
      landschap call uitkeringen/v1/_zoek -p bijstand --field uitkering.soort --data @vraag.json
      landschap call uitkeringen/v1/_zoek -p bijstand --data - --explain --json < vraag.json
    """
    from landschap.client import LandschapError

    service, path = _parts(target)
    ways = (more.pop("outway"), more.pop("key_file"), more.pop("timeout"))
    question = {name: _word(value) for name, value in more.items() if value}
    try:
        line = _line(config, *ways)
        answer = line.ask(contract or service, path, json=_body(data), **question)
    except InvalidValue as error:
        raise Trouble(str(error), "`landschap call --help` shows how") from None
    except LandschapError as error:
        _tell_failure(error, as_json=as_json)
    _tell(answer, as_json=as_json)


def _parts(target: str) -> tuple[str, str]:
    service, slash, path = target.partition("/")
    if not slash or not service:
        raise click.BadParameter("give it as SERVICE/PATH", param_hint="SERVICE/PATH")
    return service, f"/{path}"


def _word(value: object) -> object:
    return as_utc_text(value) if isinstance(value, datetime) else value


def _body(given: str | None) -> Any:
    if given is None:
        return None
    if given == "-":
        text = sys.stdin.read(_MOST_BODY + 1)
    elif given.startswith("@"):
        text = _file(Path(given[1:]))
    else:
        text = given
    if len(text) > _MOST_BODY:
        raise click.BadParameter(f"it is larger than {_MOST_BODY:,} bytes", param_hint="--data")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"it is no JSON: {error}", param_hint="--data") from None


def _file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as opened:
            return opened.read(_MOST_BODY + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{path} can not be read: {error}", param_hint="--data") from None


def _line(config: Path, outway: str, key_file: Path | None, seconds: float) -> Landschap:
    from landschap.client import Landschap

    if not outway:
        outway = _configured(config)
    key = key_file.read_text(encoding="utf-8").strip() if key_file else ""
    return Landschap(outway, key=key, timeout=seconds)


def _configured(config: Path) -> str:
    settings = load_settings(config)
    if not settings.listen.outway:
        raise Trouble("this organisation has no Outway", "set [listen] outway, or give --outway")
    scheme = "https" if settings.identity.internal_ca else "http"
    return f"{scheme}://{settings.listen.outway}"


def _tell(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_row(answer), ensure_ascii=False))
        return
    if answer.transaction_id:
        click.echo(f"transaction {answer.transaction_id}", err=True)
    if answer.decision:
        click.echo(f"decision {answer.decision}", err=True)
    try:
        click.echo(json.dumps(answer.data, ensure_ascii=False, indent=2))
    except ValueError:
        click.echo(answer.text)


def _row(answer: Answer) -> dict[str, Any]:
    try:
        told = answer.data
    except ValueError:
        told = answer.text
    return {
        "status": answer.status,
        "transactionId": answer.transaction_id,
        "decision": answer.decision,
        "answer": told,
    }


def _tell_failure(error: LandschapError, *, as_json: bool) -> NoReturn:
    from landschap.client import Failed, Refused

    told = error if isinstance(error, (Refused, Failed)) else None
    if as_json and told is not None:
        click.echo(json.dumps({**_row(told.answer), "code": told.code}, ensure_ascii=False))
    elif as_json:
        click.echo(json.dumps({"status": 0, "code": "", "detail": str(error)}))
    click.echo(f"Error: {error}", err=True)
    if told is not None and told.transaction_id:
        click.echo(f"  landschap explain {told.transaction_id}", err=True)
    raise click.exceptions.Exit(_code(told) if isinstance(told, Refused) else _UNREACHABLE)


def _code(refused: Refused) -> int:
    return _NOT_FOUND if refused.status == _ABSENT and not refused.code else _REFUSED
