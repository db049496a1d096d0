"""What the downloader promises, as ratios within one run: met or not, and what forbids it where it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from bench.download.ceilings import Ceilings
from bench.download.profiles import BARE
from bench.download.table import Row, median

HF, MS, ARIA, CURL = "huggingface_hub", "modelscope", "aria2c -x16 -s16", "curl --parallel"
BOTH, ALONE = "qtune, both named", ("qtune", "qtune, ModelScope")
MEMORY, FIRST, CPU, SERVED = 150.0, 0.4, 1.2, 1.05
HEAD = "| profile | bar | measured | |\n|---|---|---|---|"


@dataclass(frozen=True)
class Bar:
    """`client`'s wall time as a multiple of the best of `of`."""

    profile: str
    limit: float
    of: tuple[str, ...]
    client: str = "qtune"


BARS = (
    Bar("fast", 0.45, (HF,)),
    Bar("fast", 1.1, (MS,)),
    Bar("tls", 0.6, (HF,)),
    Bar("tls", 1.1, (CURL,)),
    Bar("paced", 0.1, (HF,)),
    Bar("paced", 0.6, (ARIA,)),
    Bar("wan", 0.07, (HF,)),
    Bar("wan", 0.85, (ARIA,)),
    Bar("two", 0.55, ALONE, BOTH),
    Bar("small", 0.5, (HF,)),
)


@dataclass(frozen=True)
class Measured:
    """A profile of this run."""

    rows: Sequence[Row]
    ceilings: Ceilings

    def value(self, peer: str, what: str) -> float:
        """nan where it was not measured."""
        row = next((r for r in self.rows if r.peer == peer and r.failure is None), None)
        return median(row, what) if row else float("nan")


@dataclass(frozen=True)
class Verdict:
    profile: str
    bar: str
    measured: float
    limit: float
    ceiling: str  # said where the bar was missed

    @property
    def met(self) -> bool:
        return self.measured <= self.limit

    def __str__(self) -> str:
        if isnan(self.measured):
            said = "not measured"
            return f"| {self.profile} | {self.bar} | | {said} |"
        verdict = "met" if self.met else f"**missed**; {self.ceiling}"
        return f"| {self.profile} | {self.bar} | {self.measured:.2f} | {verdict} |"


def judge(found: Mapping[str, Measured]) -> list[Verdict]:
    """A verdict for each bar whose profile was run."""
    verdicts = [_wall(bar, found[bar.profile]) for bar in BARS if bar.profile in found]
    for name, measured in found.items():
        verdicts += _others(name, measured)
    return verdicts


def _wall(bar: Bar, measured: Measured) -> Verdict:
    walls = [w for peer in bar.of if not isnan(w := measured.value(peer, "wall"))]
    base = min(walls, default=float("nan"))
    floor = measured.ceilings.floor()
    ceiling = f"{floor:.2f} s is the floor, {floor / base:.2f} x; {measured.ceilings}"
    for row in measured.rows:
        if row.peer.startswith(BARE) and row.failure is None:
            bare = median(row, "wall")
            ceiling = f"a {row.peer} takes {bare:.2f} s, {bare / base:.2f} x; {ceiling}"
    of = "the better of one hub" if len(bar.of) > 1 else bar.of[0]
    ratio = measured.value(bar.client, "wall") / base
    return Verdict(bar.profile, f"wall <= {bar.limit} x {of}", ratio, bar.limit, ceiling)


def _others(name: str, measured: Measured) -> list[Verdict]:
    peak = max(
        (median(r, "rss") for r in measured.rows if r.peer.startswith("qtune") and not r.failure),
        default=float("nan"),
    )
    found = [Verdict(name, f"peak memory <= {MEMORY:.0f} MB", peak, MEMORY, "nothing forbids it")]
    if name in ("fast", "tls"):
        hashing = measured.ceilings.hash_cpu()
        alone = measured.value(CURL, "cpu") + hashing
        ceiling = f"curl and the sha256 take {alone:.2f} s of CPU, {hashing:.2f} of it the sha256"
        ratio = measured.value("qtune", "cpu") / alone
        found.append(Verdict(name, f"CPU <= {CPU} x (curl + sha256)", ratio, CPU, ceiling))
    if name == "fast":
        start = measured.ceilings.start
        ceiling = f"a Python that does nothing takes {start:.2f} s"
        first = measured.value("qtune", "first")
        found.append(Verdict(name, f"first byte <= {FIRST} s", first, FIRST, ceiling))
    if name == "kill":
        served, why = measured.value("qtune", "served"), "1.00 is no byte twice"
        found.append(Verdict(name, f"served <= {SERVED} x the model", served, SERVED, why))
    return found
