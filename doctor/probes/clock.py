"""By how much this machine's clock differs from the time that an answer gives."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_HALF_A_SECOND = 0.5  # what a Date leaves out, on average


def ahead(headers: Mapping[str, str], round_trip_s: float) -> float | None:
    """Seconds by which the answer just received is ahead of this machine; None where it has no date.

    A cache on the way keeps the date of the first answer, and says in Age how old that is.
    """
    try:
        date = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    age = headers.get("age", "")
    kept = int(age) if age.isdecimal() and len(age) < 10 else 0
    sent = time.time() - round_trip_s / 2
    return round(date + kept + _HALF_A_SECOND - sent, 1)
