"""Who is one client, as SQL: all the numbers of one contact, or a number that is in none."""

NUMBERS_SQL = (
    "numbers AS (SELECT a.*, coalesce(m.number, a.client) AS number FROM asked AS a "
    "LEFT JOIN contact_numbers AS n ON n.number = a.client "
    "LEFT JOIN contact_numbers AS m ON m.contact_id = n.contact_id)"
)
"""A common table: the rows of `asked`, each once for every `number` of its `client`."""


SAME_CLIENT_SQL = (
    "(SELECT ? UNION ALL SELECT m.number FROM contact_numbers AS n JOIN contact_numbers AS m "
    "ON m.contact_id = n.contact_id WHERE n.number = ?)"
)
"""The numbers of one client, for IN. It takes one of them, twice."""
