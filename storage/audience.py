"""Who is told of what, as SQL: predicates over a row of `employees` or `groups`.

`person` is the alias of `employees` in the query, `case` and `employee` are SQL expressions of an
id. The predicates take no values of their own.
"""

from collections.abc import Iterable

from bot.domain.people import Role


def can_be_told_sql(person: str) -> str:
    """Whether the person has access, and Telegram lets the bot write to them."""
    return f"{person}.state = 'active' AND {person}.unreachable_at IS NULL"


def wants_alerts_sql(person: str) -> str:
    """Whether the person has access and wants alerts, be it of their own calls only."""
    return f"{person}.state = 'active' AND {person}.alerts <> 'none'"


def sees_all_sql(person: str) -> str:
    """Whether the person's role sees every call of the company."""
    return f"{person}.role IN ({_roles(role for role in Role if role.sees_all)})"


def takes_clients_sql(person: str) -> str:
    """Whether the person's role is one that calls clients back."""
    return f"{person}.role IN ({_roles(role for role in Role if role.takes_clients)})"


def was_rung_sql(case: str, employee: str) -> str:
    """Whether an extension of the employee rang for a lost call of the case."""
    return (
        "EXISTS (SELECT 1 FROM case_calls AS y "  # noqa: S608 - our own expressions
        "JOIN call_extensions AS x ON x.call_id = y.call_id "
        "JOIN employee_extensions AS z ON z.extension = x.extension "
        f"WHERE y.case_id = {case} AND y.part = 'lost' AND z.employee_id = {employee})"
    )


def told_to_group_sql(case: str) -> str:
    """Whether a connected group was told of the case, and whoever takes clients may take it."""
    return (
        "(NOT EXISTS (SELECT 1 FROM company_numbers AS u "  # noqa: S608 - our own expression
        "WHERE u.name = 'rung_only' AND u.value = 1) "
        "AND EXISTS (SELECT 1 FROM outbox AS t JOIN groups AS g ON g.chat_id = t.chat_id "
        f"AND g.thread_id = t.thread_id WHERE t.case_id = {case} AND t.kind = 'case' "
        "AND (t.message_id IS NOT NULL OR t.listed_at IS NOT NULL) AND g.state = 'active'))"
    )


def group_subscribes_sql(case: str) -> str:
    """Whether the group, `groups AS g`, is told of a line or queue of the case's lost calls."""
    return (
        "(NOT EXISTS (SELECT 1 FROM group_places AS p WHERE p.group_id = g.id) "  # noqa: S608
        "OR EXISTS (SELECT 1 FROM case_calls AS y JOIN calls AS c ON c.id = y.call_id "
        "JOIN group_places AS p ON p.group_id = g.id AND ((p.kind = 'line' AND p.name = c.line) "
        "OR (p.kind = 'queue' AND p.name = c.queue)) "
        f"WHERE y.case_id = {case} AND y.part = 'lost'))"
    )


def _roles(roles: Iterable[Role]) -> str:
    return ", ".join(f"'{role.value}'" for role in roles)
