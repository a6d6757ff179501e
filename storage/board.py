"""Which cases the board shows, as SQL: to a page of it, and to what is done to all it shows."""

from bot.domain.cases import Board, BoardAge, BoardPart
from bot.domain.people import Employee
from bot.domain.places import PlaceKind
from storage.engine.base import Value
from storage.scopes import case_in_scope_sql


def board_sql(
    employee: Employee, board: Board, part: BoardPart, *, today: int
) -> tuple[str, list[Value]]:
    """A predicate over `cases AS k`, and its values; `today`: the moment it began."""
    mine, values = case_in_scope_sql(employee.scope, "k")
    # The plus, and coalesce below, leave SQLite only the indexes of what is open or of today:
    # along those of calls and owners it would read all cases there ever were.
    where = f"+k.call_id IS NOT NULL AND {mine}"
    if board is Board.CLOSED:
        where += (
            " AND k.state IN ('called_back', 'got_through', 'by_hand') AND (k.closed_at >= ? "
            "OR (k.closed_at IS NULL AND k.opened_at >= ?))"  # the PBX says so, not when
        )
        values += [today, today]
    else:
        where += " AND k.state = 'open'"
    if board is Board.FREE:
        where += " AND k.owner_id IS NULL"
    if board is Board.MINE:
        where += " AND coalesce(k.owner_id, 0) = ?"
        values.append(employee.id)
    if part.age is not BoardAge.ANY:
        where += f" AND k.last_lost_at {'>=' if part.age is BoardAge.TODAY else '<'} ?"
        values.append(today)
    if part.place:
        column = "line" if part.place.kind is PlaceKind.LINE else "queue"
        where += (
            f" AND EXISTS (SELECT 1 FROM calls AS pc WHERE pc.id = k.call_id "  # noqa: S608
            f"AND pc.{column} = ?)"
        )
        values.append(part.place.name)
    return where, values


def board_order_sql(board: Board, *, today: int) -> tuple[str, list[Value]]:
    """The order of the board, and its values: open cases of which somebody called today first."""
    if board is Board.CLOSED:
        return "coalesce(k.closed_at, k.last_lost_at) DESC, k.id DESC", []
    return "k.last_lost_at < ?, k.opened_at, k.id", [today]
