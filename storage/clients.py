"""Who is one client, as SQL: all the numbers of one contact, or a number that is in none."""

NUMBERS_SQL = (
    "numbers AS (SELECT a.*, coalesce(m.number, a.client) AS number FROM asked AS a "
    "LEFT JOIN contact_numbers AS n ON n.number = a.client "
    "LEFT JOIN contact_numbers AS m ON m.contact_id = n.contact_id)"
)
"""A common table: the rows of `asked`, each once for every `number` of its `client`."""


def same_client_sql(number: str) -> str:
    """The numbers of the client who has this one, an SQL expression that is written twice."""
    return (
        f"(SELECT {number} UNION ALL SELECT m.number FROM contact_numbers AS n "  # noqa: S608
        "JOIN contact_numbers AS m ON m.contact_id = n.contact_id "
        f"WHERE n.number = {number})"
    )


SAME_CLIENT_SQL = same_client_sql("?")
"""The numbers of one client, for IN. It takes one of them, twice."""
