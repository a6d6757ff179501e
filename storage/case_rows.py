"""The row of a case that somebody is about to change, if they may.

A person may take or close a case that is in scope, and one that a group was told of. What they
may do with it there depends on whose it is (CaseHold), as read in the same transaction.
"""

from collections.abc import Sequence

from bot.domain.calls import CaseState
from bot.domain.cases import CaseHold
from bot.domain.errors import NoAccessError, NoClientsError, NotFoundError, NotRungError
from bot.domain.people import Employee, Person, Scope
from storage.audience import told_to_group_sql
from storage.engine.base import Row, Transaction, Value
from storage.scopes import case_in_scope_sql


async def read_row(tx: Transaction, case_id: int, scope: Scope) -> Row:
    """The case as it is at this moment. Raises NotFoundError, NoAccessError."""
    in_scope, values = case_in_scope_sql(scope, "k")
    rows = await tx.execute(
        f"SELECT k.*, {in_scope} AS is_visible FROM cases AS k WHERE k.id = ?",  # noqa: S608
        (*values, case_id),
    )
    return visible(rows, case_id)


async def read_workable(tx: Transaction, case_id: int, employee: Employee) -> Row:
    """The case, `is_in_scope` or told of in a group. Raises NotFoundError, NotRungError."""
    workable, values = workable_sql(employee.scope)
    in_scope, more = case_in_scope_sql(employee.scope, "k")
    rows = await tx.execute(
        f"SELECT k.*, {workable} AS is_visible, {in_scope} AS is_in_scope "  # noqa: S608
        "FROM cases AS k WHERE k.id = ?",
        (*values, *more, case_id),
    )
    try:
        return visible(rows, case_id)
    except NoAccessError as error:
        raise NotRungError(f"case {case_id}") from error


def workable_sql(scope: Scope) -> tuple[str, list[Value]]:
    """Whether the case `k` is in scope or told of in a group, and the values of that."""
    in_scope, values = case_in_scope_sql(scope, "k")
    return f"({in_scope} OR {told_to_group_sql('k.id')})", values


def visible(rows: Sequence[Row], case_id: int) -> Row:
    """The case's row, if there is one and it `is_visible`: in scope, or else workable."""
    if not rows or rows[0]["call_id"] is None:
        raise NotFoundError(f"case {case_id}")
    if not rows[0]["is_visible"]:
        raise NoAccessError(f"case {case_id}")
    return rows[0]


def check_takes_clients(employee: Employee) -> None:
    """Raises NoClientsError for a role that takes none."""
    if not employee.role.takes_clients:
        raise NoClientsError(f"employee {employee.id} takes no clients")


def hold_of(row: Row) -> CaseHold:
    """As much of the row as decides who may do what with the case."""
    owner = Person(row["owner_id"], "") if row["owner_id"] else None
    return CaseHold(CaseState(row["state"]), owner)
