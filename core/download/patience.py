"""How long a source is borne with: failures in a row, waits that it asks for; a new byte makes all good."""

from __future__ import annotations

import random
from dataclasses import dataclass

from qtune.core.download.failures import asks_too_long
from qtune.core.download.line import Line
from qtune.core.download.response import Throttled
from qtune.core.download.roster import Roster, Supplier
from qtune.core.errors import HubError
from qtune.core.text import Text

MOST_FAILURES = 5  # in a row, without a new byte; fewer where another source waits
MOST_FAILURES_WITH_ANOTHER = 2
MOST_WAITS, MOST_WAITS_WITH_ANOTHER = 8, 3
LONGEST_WAIT_S = 300.0
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.25, 8.0


@dataclass
class Patience:
    """What went wrong in a row; a new byte makes it all good."""

    failures: int = 0
    relocations: int = 0
    waits: int = 0
    length: int = 0

    def note(self, length: int) -> None:
        if length > self.length:
            self.failures = self.relocations = self.waits = 0
        self.length = length


def back_off(error: HubError, patience: Patience, roster: Roster, line: Line) -> None:
    patience.failures += 1
    alone = len(roster.active()) == 1
    if patience.failures > (MOST_FAILURES if alone else MOST_FAILURES_WITH_ANOTHER):
        raise error
    longest = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**patience.failures)
    line.pause(longest * random.uniform(0.5, 1.0))


def wait(
    told: Throttled, patience: Patience, supplier: Supplier, roster: Roster, line: Line
) -> None:
    """As long as the hub asks for, said aloud; not for ever."""
    patience.waits += 1
    fallback = min(60.0, 2.0**patience.waits)
    seconds = fallback if told.seconds is None else told.seconds
    most = MOST_WAITS if len(roster.active()) == 1 else MOST_WAITS_WITH_ANOTHER
    if patience.waits > most or seconds > LONGEST_WAIT_S:
        raise asks_too_long(supplier, told.status, seconds)
    line.say(
        Text(
            f"{supplier.title} asks to wait {seconds:.0f} s ({told.status})",
            f"{supplier.title} 要求等待 {seconds:.0f} 秒（{told.status}）",
        )
    )
    line.pause(seconds * random.uniform(1.0, 1.1))
