"""The hash of a whole file is wrong: which of its bytes are fetched anew, and from whom no more. Pure.

One hash speaks of the whole file, so suspicion goes by who sent what: first what lay here before this run
(a power cut may have spoilt it), then what came from a source that another can replace, the hub that
listed the file last. A suspect's bytes are not forgotten before the trial is over: where the other
source's differ and the hash is wrong still, the suspect's are put back, and the other is tried. Where more
than one lied, each is asked for the whole file alone: who then sends another one is proved to have lied.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from qtune.core.download.engine.intervals import Stretch

MOST_UNDONE = 32 << 20  # bytes of a suspect's that are kept aside in memory


@dataclass(frozen=True)
class Redo:
    """`forget` is fetched anew, from `only` if there is such a source. `suspect` is not asked for this file
    meanwhile; `proved`: it sent all of it."""

    forget: tuple[tuple[int, int], ...]
    suspect: str | None = None
    proved: bool = False
    only: str | None = None


@dataclass
class Trial:
    """What `suspect` had sent, while another's bytes take their place. `aside`: where they differed, its own.

    `complete`: all of that could be kept, and can be put back.
    """

    suspect: str
    ranges: tuple[tuple[int, int], ...]
    aside: list[tuple[int, bytes]] = field(default_factory=list)
    kept_aside: int = 0
    complete: bool = True

    def note(self, start: int, old: bytes, new: memoryview) -> None:
        if old == new or not self.complete:
            return
        self.kept_aside += len(old)
        if self.kept_aside > MOST_UNDONE:
            self.complete = False
            self.aside.clear()
        else:
            self.aside.append((start, old))


def redo(
    here: Sequence[Stretch],
    earlier: Sequence[tuple[int, int]],
    able: Sequence[str],
    lister: str,
    *,
    cleared: Collection[str] = (),
    tried: Collection[str] = (),
) -> Redo | None:
    """None: nothing is left to try.

    `able` are the sources that may still send this file, `cleared` those that were tried and put back,
    `tried` those that were asked for all of it, and for that once more.
    """
    if earlier:
        return Redo(tuple(earlier))
    senders = list(dict.fromkeys(stretch.source for stretch in here))
    alone = len(senders) == 1
    suspects = [name for name in senders if alone or name not in cleared]
    for suspect in sorted(suspects, key=lambda name: (name in able, name == lister)):
        if any(name != suspect for name in able):
            forget = tuple((s.start, s.end) for s in here if s.source == suspect)
            return Redo(forget, suspect, proved=alone)
    untried = [name for name in able if name not in tried]
    if not untried:
        return None
    return Redo(tuple((s.start, s.end) for s in here), only=untried[0])
