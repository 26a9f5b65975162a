# SPDX-License-Identifier: EUPL-1.2
"""The roof: the command line, and the composition of the rooms into processes.

stdout is the answer, stderr is talk. Each command lives in the module that the table names and is
imported only when it is asked for, so that a decider does not pay for a portal.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from landschap.platform.settings import SettingsError
from landschap.platform.trouble import Trouble
from landschap.vocabulary.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Sequence

# name -> (module below landschap.cli, attribute, one line of help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Start a small landscape and carry one question through it."),
    "serve": ("serve", "serve", "Start the processes of one organisation."),
    "identity": ("identity", "identity", "Make and check certificates."),
    "keys": ("keys", "keys", "Show the keys, rotate the permit key."),
    "contract": ("contract", "contract", "See, propose and sign contracts with other peers."),
    "peer": ("peers", "peer", "See the peers this organisation knows."),
    "service": ("gateway", "service", "Declare what the Inway offers, see what peers publish."),
    "application": ("gateway", "application", "Register applications that may use the Outway."),
    "call": ("calling", "call", "Ask a service through the own Outway."),
    "door": ("door", "door", "See what was refused and what was carried at the doors."),
    "siem": ("siem", "siem", "See and test the way of security events to the watch."),
    "apply": ("purpose", "apply", "Apply the register of purposes and policies, or a package."),
    "approve": ("packaging.approving", "approve", "Put in force what another person proposed."),
    "pack": ("packaging.pack", "pack", "Make one signed package of what is set up here."),
    "package": ("packaging.group", "package", "See what is in a package, and which are in force."),
    "purpose": ("purpose_commands", "purpose", "See purposes and processing activities."),
    "policy": ("policy", "policy", "Test policies, see who may see a field."),
    "employee": ("employee", "employee", "Write down who left or came back."),
    "statement": (
        "statement",
        "statement",
        "Write down consents, restrictions, cases and approvals.",
    ),
    "register": (
        "register_commands",
        "register",
        "Load registers and look at objects on two time axes.",
    ),
    "open": ("open_data", "open_data", "Make bulk files of open data, see and end its keys."),
    "retention": ("retention", "retention", "Destroy in time what registers may not keep."),
    "model": ("model", "model", "Check, compare, import and apply information models."),
    "catalogue": ("catalogue_commands", "catalogue", "Gather, find and publish APIs."),
    "api": ("api", "api", "Check descriptions of APIs against the design rules."),
    "source": ("source_commands", "source", "Check, explain and test logical sources."),
    "log": ("log", "log", "Read and export the log."),
    "where": ("where", "where", "Show where each class of data lies, and until when."),
    "incident": ("incident", "incident", "See whom and what a data breach is about."),
    "verify": ("verify", "verify", "Prove that the log is intact."),
    "comply": ("comply", "comply", "Show of each control of a law what was found."),
    "standard": ("standards", "standard", "See how your services stand to standards."),
    "report": ("report", "report", "Make and read the quarterly report to the council."),
    "explain": ("explain", "explain", "Explain one transaction, or one error code."),
    "doctor": ("doctor", "doctor", "Check configuration, certificates, clock and parts."),
    "conform": ("conform", "conform", "Test whether a peer keeps to the FSC standard."),
    "config": ("config", "config", "Show, check and describe the configuration."),
    "backup": ("backup", "backup", "Back up the database of one organisation."),
    "restore": ("backup", "restore", "Restore a back-up and verify the log in it."),
}

EXIT_CODES = {
    0: "ok",
    1: "failed",
    2: "wrong use",
    3: "not found",
    4: "refused by policy",
    5: "peer unreachable",
    6: "partial",
    7: "verification failed",
    130: "interrupted",
}


class Roof(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table: the order in which one meets them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give one command, None when there is none by that name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(
            importlib.import_module(f"landschap.cli.{module}"), attribute
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, without importing any of them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one gets the nearest name. Raises UsageError."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean `landschap {near[0]}`?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}.{hint} `landschap --help` lists them.")
        return super().resolve_command(ctx, args)


def _show_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"landschap {version('landschap')}")
    ctx.exit()


@click.command(
    cls=Roof,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: " + ", ".join(f"{code} {words}" for code, words in EXIT_CODES.items()),
)
@click.option(
    "--version",
    is_flag=True,
    callback=_show_version,
    expose_value=False,
    is_eager=True,
    help="Show the version and exit.",
)
@click.option("--debug", is_flag=True, help="Show where in the program an error arose.")
@click.pass_context
def roof(ctx: click.Context, debug: bool) -> None:
    """A data landscape for government: sources, a door with declared purpose, an account.

    \b
    Examples:
      landschap demo
      landschap serve --config organisation.toml
    """
    ctx.obj = {"debug": debug}


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every way out has an exit code and a message that says what to do."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code: Any = roof.main(args=given, prog_name="landschap", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our answer has gone (`landschap log list | head`); that is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:
        if "--debug" in given:
            raise
        click.echo(_words_of(error), err=True)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _words_of(error: Exception) -> str:
    if isinstance(error, ProblemError):
        refusal = error.refusal
        lines = [f"Error: {refusal.detail}", f"  code: {refusal.code}"]
        if refusal.missing:
            lines.append(f"  missing: {refusal.missing}")
        if refusal.owner:
            lines.append(f"  who can add it: {refusal.owner}")
        return "\n".join(lines)
    if isinstance(error, (Trouble, SettingsError)):
        return f"Error: {error}"
    words = str(error) or type(error).__name__
    return f"Error: {words}\n  `landschap --debug ...` shows where this arose."
