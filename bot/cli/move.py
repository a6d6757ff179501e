"""`dzvinok move`: all that is in the database file of a stopped bot goes to PostgreSQL."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.config.settings import Settings
from bot.domain.errors import StartError
from storage.database import needing_postgres


class _Bar:
    """On a terminal only: else an empty line is left in the logs of scripts."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=None)

    def begin(self, total: int) -> None:
        self._progress.update(self._task, total=total)

    def advance(self, rows: int) -> None:
        self._progress.advance(self._task, rows)


async def move_database(settings: Settings, console: Console) -> list[str]:
    """Move it to the address of the settings; lines on what was done, and what to do next.

    Raises StartError if it cannot be moved.
    """
    if not settings.database_url:
        raise StartError("DATABASE_URL: empty; name a database of PostgreSQL: postgresql://…")
    with needing_postgres():
        from storage.moving import move
    with Progress(
        TextColumn("{task.percentage:>3.0f} %"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        moved = await move(
            settings.database_path, settings.database_url.get_secret_value(), _Bar(progress)
        )
    calls = f"{moved.calls} {'call' if moved.calls == 1 else 'calls'}"
    rows = f"{moved.rows} rows with {calls}"
    path, place = settings.database_path, settings.database_place
    told = (
        f"{rows} are in {place} now; each was compared with {path}"
        if moved.is_new
        else f"all of {path} is in {place} already, {rows}: nothing was changed"
    )
    lines = [told]
    if moved.replaced:
        texts = "1 text holds" if moved.replaced == 1 else f"{moved.replaced} texts hold"
        lines.append(f"{texts} U+0000, which PostgreSQL cannot hold: U+FFFD stands there for it")
    lines.append(
        "Next: put this address into .env as DATABASE_URL and start the bot; "
        f"{path} stays as it is, until you delete it"
    )
    return lines
