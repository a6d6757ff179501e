"""`python -m tests.bench.crashes`: kill -9 under load, round after round, in both update modes.

Says what was accepted and what of it was doubled; if any of it is lost, the run fails. There are
more lost calls in a minute than in the test of the suite, so chats get lists too.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.bench.logs import say
from tests.support.crash_checks import check_whole
from tests.support.crash_load import DEATHS, survive
from tests.support.crashing import Office, company

MODES = ("polling", "webhook")
ROUNDS = 30


async def run(directory: Path, mode: str, rounds: int) -> None:
    began = time.monotonic()
    async with company(directory) as office:
        await survive(office, mode, [office.random.choice(DEATHS) for _ in range(rounds)])
        check_whole(office)
        say(f"{mode}: {rounds} kills in {time.monotonic() - began:.0f} s")
        _report(office)


def _report(office: Office) -> None:
    told, doubled, missing, wrong = 0, Counter[int](), 0, 0
    for person in office.people:
        numbers = Counter(alert.number for alert in office.alerts(person))
        owed = office.owed.get(person, set())
        told += len(numbers)
        doubled[person] = numbers.total() - len(numbers)
        missing += len(owed - numbers.keys())
        wrong += len(numbers.keys() - owed)
    say(f"  {office.accepted} hooks and {len(office.calls)} calls accepted, each stored once")
    say(f"  {len(office.written)} comments, each saved once; {len(office.taken)} clients taken")
    say(f"  told {told} times of a lost call, {missing} missing, {wrong} not owed")
    say(f"  {doubled.total()} told again: {dict(doubled)}")
    assert missing == wrong == 0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.crashes", description=__doc__)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    for mode in options.modes:
        with tempfile.TemporaryDirectory(prefix="dzvinok-crashes-") as directory:
            asyncio.run(run(Path(directory), mode, options.rounds))


if __name__ == "__main__":
    main()
