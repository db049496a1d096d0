"""Bad weather at random: what befalls the hubs, for how long, and how it passes."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.hub import Fault, Hub

MIB = 1 << 20
STORAGES = ("cdn", "ms-cdn")
ORIGINS = ("hf", "ms", *STORAGES)
MOST_AT_ONCE = 4
Make = Callable[[random.Random], Fault]


def _bodies(kind: str, most_after: int = 3 * MIB, most_times: int = 6) -> Make:
    """Of a storage's bodies: breaks off, goes silent, is wrong, at some byte, some times."""
    return lambda dice: Fault(
        kind,
        dice.choice(STORAGES),
        method="GET",
        after=dice.randrange(most_after),
        times=dice.randint(1, most_times),
    )


def _answers(kind: str, most_times: int = 4, **fields: object) -> Make:
    """Of any origin's answers."""
    return lambda dice: Fault(
        kind,
        dice.choice(ORIGINS),
        times=dice.randint(1, most_times),
        **fields,  # type: ignore[arg-type]
    )


def _lasting(kind: str, *origins: str, **fields: object) -> Make:
    """Until it is lifted."""
    return lambda dice: Fault(kind, dice.choice(origins), **fields)  # type: ignore[arg-type]


def _lie(dice: random.Random) -> Fault:
    offsets = tuple(dice.randrange(6 * MIB) for _ in range(dice.randint(1, 5)))
    return Fault("lie", dice.choice(STORAGES), offsets=offsets)


def _death(dice: random.Random) -> Fault:
    return Fault("dies", dice.choice(STORAGES), after=dice.randrange(6 * MIB))


def _trickle(dice: random.Random) -> Fault:
    times = dice.randint(1, 2)
    return Fault("slow", dice.choice(STORAGES), method="GET", bytes_per_second=100, times=times)


WEATHER: tuple[Make, ...] = (
    _bodies("cut"),
    _bodies("cut"),
    _bodies("cut-reset"),
    _bodies("stall", MIB, 2),
    _bodies("corrupt", MIB, 2),
    _bodies("truncated"),
    _bodies("wrong-length", 1000),
    _bodies("surplus", 1000),
    _bodies("fewer"),
    _answers("status", status=500),
    _answers("status", 8, status=502),
    _answers("status", status=503, headers={"Retry-After": "1"}),
    _answers("status", status=429, headers={"Retry-After": "1"}),
    _answers("status", 2, status=403),
    _answers("html"),
    _answers("reset"),
    _answers("silent", 2),
    _answers("latency", 20, seconds=0.2),
    _answers("hangup"),
    _lasting("html", *STORAGES),
    _lasting("gzip", *STORAGES, method="GET"),
    _lasting("refused", *ORIGINS),
    _lasting("no-range", *STORAGES),
    _lasting("wrong-range", *STORAGES),
    _lasting("alone", *STORAGES),
    _lasting("alone", *STORAGES, per="address"),
    _lasting("dropped", *ORIGINS),
    _lasting("not-kept", *ORIGINS),
    _lasting("lengthless", *STORAGES),
    _lasting("slow", *STORAGES, bytes_per_second=300_000),
    _lasting("quota", "hf", "ms", after=5, seconds=1.0),
    _lie,
    _death,
    _trickle,
)


class Weather:
    """`change` lets something happen or pass; each change in words. The pace of the lines is always there."""

    def __init__(self, hub: Hub, dice: random.Random, bytes_per_second: int) -> None:
        self._hub, self._dice, self._pace = hub, dice, bytes_per_second
        self._now: list[Fault] = []
        self.clear()

    def change(self) -> str:
        dice = self._dice
        if dice.random() < 0.1:
            self._hub.expire()
            return "every signed address runs out"
        if self._now and dice.random() < len(self._now) / MOST_AT_ONCE:
            fault = self._now.pop(dice.randrange(len(self._now)))
            self._hub.lift(fault)
            return f"over: {_words(fault)}"
        fault = dice.choice(WEATHER)(dice)
        self._now.append(self._hub.fault(fault))
        return _words(fault)

    def clear(self) -> None:
        self._hub.heal()
        self._now.clear()
        for origin in STORAGES:
            self._hub.fault(Fault("paced", origin, bytes_per_second=self._pace))


def _words(fault: Fault) -> str:
    named = ("status", "times", "after", "seconds", "bytes_per_second", "offsets", "per")
    plain = {"per": "file"}
    said = [
        f"{name}={value}"
        for name in named
        if (value := getattr(fault, name)) not in (None, 0, (), plain.get(name))
    ]
    return " ".join([f"{fault.kind} at {fault.origin}", *said])
