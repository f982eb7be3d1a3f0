"""What is done to the programs, and whether they get on after it."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.places import PLACES
from tests.chaos.stage import APPLICATION, EVERYTHING, PRODUCERS, SERVICES, Stage

RECOVERY_SECONDS = 300.0
ONWARDS_SECONDS, ONWARDS_SHARE = 15.0, 0.02  # of the world
OTHERS = 8
KILL, FREEZE = "killed", "frozen"
AT_RANDOM = "at a random moment"


@dataclass(frozen=True)
class Fault:
    """`place`: where the application dies by itself. `seconds`: how long it is frozen, or the wait before a kill."""

    target: str
    what: str
    seconds: float = 0.0
    place: str = AT_RANDOM

    @property
    def kind(self) -> str:
        return f"{self.target} {self.what}" + (f", {self.place}" if self.target == APPLICATION else "")


@dataclass(frozen=True)
class Happened:
    """A fault and how many seconds after its end the program got on again; None: it did not."""

    fault: Fault
    recovered_after: float | None


def plan(seed: int, rounds: int, others: int = OTHERS) -> list[list[Fault]]:
    """Rounds of `others` faults and then one that ends the application: at each place in turn, or at any moment."""
    chance = random.Random(seed)
    kinds = [(name, what) for name in (*SERVICES, *PRODUCERS) for what in (KILL, FREEZE)]
    kinds += [(APPLICATION, FREEZE), (EVERYTHING, FREEZE)]
    bag: list[tuple[str, str]] = []
    places = [*PLACES[:4], AT_RANDOM, *PLACES[4:], AT_RANDOM]
    planned = []
    for number in range(rounds):
        if len(bag) < others:
            bag += chance.sample(kinds, len(kinds))
        short = [Fault(*bag.pop(0), seconds=chance.uniform(0.2, 4.0)) for _ in range(others)]
        place = places[number % len(places)]
        planned.append([*short, Fault(APPLICATION, KILL, chance.uniform(0.2, 4.0), place)])
    return planned


@dataclass(frozen=True)
class Committed:
    """A fault, when (monotonic seconds) it was over, and how far the program was then."""

    fault: Fault
    ended: float
    progress: int


def commit(stage: Stage, fault: Fault) -> Committed:
    """Do it: from then on the program can recover."""
    if fault.what == FREEZE:
        stage.signal(fault.target, signal.SIGSTOP)
        stage.wait(fault.seconds)
        stage.signal(fault.target, signal.SIGCONT)
    elif fault.place == AT_RANDOM:
        stage.wait(fault.seconds)
        stage.signal(fault.target, signal.SIGKILL)
    else:
        _die_at(stage, fault.place)
    return Committed(fault, time.monotonic(), stage.progress(fault.target))


def recover(stage: Stage, pending: Sequence[Committed]) -> list[Happened]:
    """Wait until all programs run and have got on; a service is judged by the application that needs it."""
    seen: dict[int, float] = {}

    def all_got_on() -> bool:
        for place, done in enumerate(pending):
            target = APPLICATION if done.fault.target == EVERYTHING else done.fault.target
            if place not in seen and stage.progress(target) > done.progress and stage.pid(target):
                seen[place] = time.monotonic() - done.ended
        return len(seen) == len(pending)

    stage.until(all_got_on, RECOVERY_SECONDS)
    return [Happened(done.fault, seen.get(place)) for place, done in enumerate(pending)]


def _die_at(stage: Stage, place: str) -> None:
    """Arm the place and wait until the application has died there."""
    struck = stage.folder / "struck"
    struck.unlink(missing_ok=True)
    stage.forget_starts(APPLICATION)
    draft = stage.folder / "armed.draft"
    draft.write_text(place)
    draft.rename(stage.folder / "armed")
    deadline = time.monotonic() + RECOVERY_SECONDS
    while not stage.until(struck.is_file, ONWARDS_SECONDS):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the application did not come by: {place}")
        # Some places need what may not be there just now: the repair writes when something has come late.
        stage.allow_more(ONWARDS_SHARE)
