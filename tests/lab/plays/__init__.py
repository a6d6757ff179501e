"""What the people of the laboratory do; the docstring of each play says what happens in it."""

from collections.abc import Awaitable, Callable, Sequence

from tests.lab.company import Company
from tests.lab.plays import crowds, harder, incoming, machines, moved, outgoing

Play = Callable[[Company], Awaitable[None]]

PLAYS: Sequence[Play] = (
    *incoming.PLAYS,
    *machines.PLAYS,
    *moved.PLAYS,
    *outgoing.PLAYS,
    *crowds.PLAYS,
)

HARDER: Sequence[Play] = harder.PLAYS
