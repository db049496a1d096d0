"""The hash of a whole file is wrong: which of its bytes are fetched anew, and from whom no more. Pure.

One hash speaks of the whole file, so suspicion goes by who sent what: first what lay here before this run
(a power cut may have spoilt it), then what came from a source that another can replace, the hub that
listed the file last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qtune.core.download.engine.intervals import Stretch


@dataclass(frozen=True)
class Redo:
    """`forget` is thrown away. `guilty` is not asked for this file again; `proved`: it sent all of it."""

    forget: tuple[tuple[int, int], ...]
    guilty: str | None = None
    proved: bool = False


def redo(
    here: Sequence[Stretch],
    earlier: Sequence[tuple[int, int]],
    able: Sequence[str],
    lister: str,
    *,
    redone: bool,
) -> Redo | None:
    """None: nothing is left to try.

    `able` are the sources that may still send this file, `redone` whether its only source has had a
    second chance.
    """
    if earlier:
        return Redo(tuple(earlier))
    senders = list(dict.fromkeys(stretch.source for stretch in here))
    for suspect in sorted(senders, key=lambda name: (name in able, name == lister)):
        if any(name != suspect for name in able):
            forget = tuple((s.start, s.end) for s in here if s.source == suspect)
            return Redo(forget, suspect, proved=len(senders) == 1)
    if redone:
        return None
    return Redo(tuple((s.start, s.end) for s in here))
