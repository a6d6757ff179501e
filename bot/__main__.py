"""The commands of the shell. Nothing else reads the environment.

What takes long to import is imported by the command that needs it: --help answers at once.
"""

import asyncio
import logging
import signal
import sys
from collections.abc import Coroutine
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer

from bot.config.settings import Settings, load_settings, refuse_real_token
from bot.config.values import DEFAULT_ZONE
from bot.domain.clock import system_clock
from bot.domain.errors import StartError, StorageError
from bot.domain.people import Role

T = TypeVar("T")

_TOLD = (StartError, StorageError, OSError, UnicodeError)
"""What ends a command with one line: whoever runs it can mend the settings or the system."""

app = typer.Typer(
    help="Dzvinok: a company's PBX call log in Telegram.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    if sys.platform == "win32":
        sys.exit("Dzvinok runs on Linux and macOS; on Windows use WSL")
    app()


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"dzvinok {version('dzvinok')}")
        raise typer.Exit


@app.callback()
def options(
    *,
    is_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    del is_version  # its callback has answered, before a command is missed


@app.command()
def run() -> None:
    """Run the bot."""
    settings = _settings()
    from bot.app import run as run_bot

    _run(run_bot(settings))


@app.command()
def demo(
    *,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The page's port on 127.0.0.1.")
    ] = 8090,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Open no browser.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed, the same past.")] = 1,
    calls: Annotated[int, typer.Option(min=0, max=1_000_000, help="Calls of the past.")] = 2000,
    speed: Annotated[float, typer.Option(min=0.1, max=100, help="1 is life.")] = 1.0,
    quiet: Annotated[bool, typer.Option("--quiet", help="Only calls you order.")] = False,
    data: Annotated[Path | None, typer.Option(help="Keep the demo's data here.")] = None,
) -> None:
    """Try the whole bot in a browser: no token, no Telegram, no PBX."""
    try:
        refuse_real_token()
    except StartError as error:
        _fail(error)
    # A KeyboardInterrupt gets lost in the imports below: until there is a loop, Ctrl-C just ends.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bot.telemetry.logs import configure_logs

    configure_logs(level="WARNING", is_json=False, secrets=())
    from bot.cli.demo import Options, demonstrate

    options = Options(
        port=port,
        opens_browser=not no_browser,
        seed=seed,
        calls=calls,
        speed=speed,
        is_quiet=quiet,
        data=data,
    )
    _run(demonstrate(options, say=typer.echo))


@app.command()
def check() -> None:
    """Check settings, token, database and every source; exit 1 if any fails."""
    settings = _settings()
    from bot.cli.check import Verdict
    from bot.cli.check import check as check_all

    async def print_findings() -> set[Verdict]:
        verdicts = set()
        async for finding in check_all(settings):
            detail = " ".join(finding.detail.split())
            typer.echo(f"{finding.verdict.value:4} {finding.what}: {detail}")
            verdicts.add(finding.verdict)
        return verdicts

    if Verdict.FAIL in _run(print_findings()):
        raise typer.Exit(1)


@app.command()
def invite(
    role: Annotated[Role, typer.Option(help="What the person may see and do.")],
    extension: Annotated[
        list[str] | None, typer.Option(help="An extension of the person; may be repeated.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="How colleagues will see the person.")] = None,
) -> None:
    """Print a one-time link that lets a person in, alone on the last line."""
    settings = _settings()
    from bot.cli.invite import create_link

    link = _run(create_link(settings, role, extensions=extension or [], name=name))
    typer.echo("Give this link to the person; it works once, within 7 days:")
    typer.echo(link)


@app.command("import")
def import_(
    source: Annotated[str, typer.Argument(help="The source's name in the settings.")],
    files: Annotated[list[Path], typer.Argument(help="Files to read, oldest first.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read, but write nothing.")] = False,
) -> None:
    """Read history from files; safe to repeat."""
    settings = _settings()
    from rich.console import Console

    from bot.cli.import_files import import_files

    console = Console(stderr=True)
    done = _run(
        import_files(
            settings, source, files, is_dry_run=dry_run, clock=system_clock, console=console
        )
    )
    for flaw, count in done.flaws.most_common():
        calls = f"{count} call is" if count == 1 else f"{count} calls are"
        typer.echo(f"{calls} read without a field, or with it mended: {flaw}", err=True)
    for hint in done.hints:
        typer.echo(hint, err=True)
    lines = f"{done.rejected} {'line' if done.rejected == 1 else 'lines'}"
    if dry_run:
        calls = f"{done.read} {'call' if done.read == 1 else 'calls'}"
        typer.echo(f"{calls} can be read, {lines} cannot; nothing written")
    else:
        counts = ", ".join(f"{n} {outcome.value}" for outcome, n in sorted(done.calls.items()))
        typer.echo(f"{counts or 'no calls'}; {lines} rejected")
    for file in done.without_calls:
        typer.echo(f"dzvinok: {file}: no call could be read in it", err=True)
    if done.without_calls:
        raise typer.Exit(1)


@app.command("import-contacts")
def import_contacts(
    files: Annotated[list[Path], typer.Argument(help="vCards, or CSV with names and numbers.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read, but write nothing.")] = False,
    replace_names: Annotated[
        bool, typer.Option("--replace-names", help="Names of the file take the place of others.")
    ] = False,
) -> None:
    """Read contacts from files; safe to repeat."""
    settings = _settings()
    from rich.console import Console

    from bot.cli import import_contacts as cli

    report = _run(
        cli.import_contacts(
            settings,
            files,
            is_dry_run=dry_run,
            replaces_names=replace_names,
            clock=system_clock,
            console=Console(stderr=True),
        )
    )
    typer.echo(cli.summary(report, is_dry_run=dry_run))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.")],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write a consistent copy of the database, also while the bot runs."""
    settings = _settings()
    if settings.database_url:
        _fail(
            StartError(
                "DATABASE_URL: PostgreSQL has its own backup: "
                f"pg_dump --format=custom --file={file} DATABASE_URL"
            )
        )
    from storage.database import copy_database

    _run(copy_database(settings.database_path, file, replaces=force))
    typer.echo(f"{file}: {file.stat().st_size} bytes")


@app.command()
def move(
    database_url: Annotated[str, typer.Argument(help="An empty one: postgresql://…")],
) -> None:
    """Copy the database file of a stopped bot to PostgreSQL; safe to repeat."""
    settings = _settings(database_url=database_url)
    from rich.console import Console

    from bot.cli.move import move_database

    for line in _run(move_database(settings, Console(stderr=True))):
        typer.echo(line)


@app.command("try-mapping")
def try_mapping(
    file: Annotated[str, typer.Argument(help="A mapping, or the name of one that is shipped.")],
    sample: Annotated[Path, typer.Argument(help="What the vendor posts: JSON, a form, or lines.")],
    *,
    timezone: Annotated[
        str, typer.Option(help="The zone of times without an offset.")
    ] = DEFAULT_ZONE,
) -> None:
    """Show the call that a mapping makes of a sample; exit 1 if it makes none."""
    from rich.console import Console

    from bot.cli.try_mapping import try_mapping as try_samples

    console = Console(highlight=False, soft_wrap=True)
    try:
        is_all_read = try_samples(
            file, sample, timezone=timezone, clock=system_clock, console=console
        )
    except _TOLD as error:
        _fail(error)
    if not is_all_read:
        raise typer.Exit(1)


def _settings(*, database_url: str | None = None) -> Settings:
    """The settings, with the log set up as they say; wrong ones end the program."""
    try:
        settings = load_settings(database_url=database_url)
    except StartError as error:
        _fail(error)
    from bot.telemetry.logs import configure_logs

    configure_logs(
        level=settings.log_level,
        is_json=settings.log_format == "json",
        secrets=settings.secrets(),
    )
    return settings


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what a person can mend, however deep it is raised, is one line and exit 1.

    The traceback of any but a StartError goes to the log when LOG_LEVEL is DEBUG.
    """
    try:
        return asyncio.run(work)
    except _TOLD as error:
        _fail(error)
    except BaseExceptionGroup as group:
        if group.split(_TOLD)[1] is not None:
            raise
        _fail(_first_of(group.subgroup(StartError) or group))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def _first_of(error: BaseException) -> BaseException:
    """The first error in a group, however deep the groups are nested."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _fail(error: BaseException) -> NoReturn:
    """End with one line about the error and exit code 1."""
    if isinstance(error, StorageError):
        error = StartError(f"database: {error}")
    elif not isinstance(error, StartError):
        logging.getLogger(__name__).debug("the command ends", exc_info=error)
    line = " ".join(str(error).split()) or type(error).__name__
    typer.echo(f"dzvinok: {line}", err=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
