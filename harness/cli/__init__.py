"""The ``tunegate`` command: a verb is a file of this folder, found by its name and imported only when it is called."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

import click

from harness import __version__
from harness.errors import ExitCode, TunegateError


class Verbs(click.Group):
    """A group whose commands are the modules of this package; ``--help`` reads their docstrings without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Lists the verbs by name."""
        return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.ispkg)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one verb."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Finds the verb, or says which one was probably meant."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from harness.plugins import suggestion

            raise click.UsageError(
                f"there is no verb '{args[0]}'; expected {suggestion(args[0], self.list_commands(ctx))}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes one line a verb: the first line of its file's docstring."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, _first_line(name)) for name in self.list_commands(ctx)])


def _first_line(verb: str) -> str:
    tree = ast.parse((Path(__path__[0]) / f"{verb}.py").read_text(encoding="utf-8"))
    return (ast.get_docstring(tree) or "").splitlines()[0]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tunegate")
def tunegate() -> None:
    """Decides whether a fine-tuned language model may ship.

    Exit codes: 0 allowed, 1 blocked, 2 usage or run file invalid, 3 inconclusive, 4 incomplete, 5 integrity,
    130 interrupted.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits with the one code that says what happened."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Runs the command line and returns its exit code; every failure is one sentence on stderr."""
    try:
        return int(tunegate.main(args=arguments, standalone_mode=False) or 0)
    except click.exceptions.Abort:
        return _say("interrupted; run the same command again and it goes on from here", ExitCode.INTERRUPTED, arguments)
    except KeyboardInterrupt:
        return _say("interrupted; run the same command again and it goes on from here", ExitCode.INTERRUPTED, arguments)
    except click.ClickException as error:
        return _say(error.format_message(), ExitCode.USAGE, arguments)
    except TunegateError as error:
        return _say(str(error), error.exit_code, arguments)
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        return _say(
            f"{(error.strerror or str(error)).lower()}{where}; nothing was promoted", ExitCode.INCOMPLETE, arguments
        )


def _say(message: str, code: ExitCode, arguments: list[str]) -> int:
    if "--json" in arguments:
        click.echo(json.dumps({"error": message, "exit_code": int(code)}))
    click.echo(f"tunegate: {message}", err=True)
    return int(code)
