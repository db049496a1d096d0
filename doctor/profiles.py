"""What each `--profile` looks at: one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NetworkErrors = Literal["error", "warn"]

# Kinds of checks by what they look at; a test keeps these three lists whole.
PROJECT = frozenset({"envfile", "dataset", "dotenvs", "leaks"})
MACHINE = frozenset(
    ("packages", "imports", "disk", "model", "snapshot", "resources", "accelerator", "torch")
) | {"secretfiles"}
ROAD = frozenset(
    ("variables", "tokens", "network", "reach", "clients", "identity", "listing", "gate", "xet")
) | {"storage", "speed", "sibling"}
SLOW = frozenset({"torch", "imports", "speed"})  # seconds, even where all is well


@dataclass(frozen=True)
class Profile:
    """`without` are the kinds of checks that it leaves out; `example`: `.env.example` stands in for `.env`.

    `skip` are codes about this machine among the others; `excused`: where CI withholds its secrets (a
    pull request from a fork), a missing token is no error.
    """

    network: bool = True
    without: frozenset[str] = frozenset()
    skip: tuple[str, ...] = ()
    timeout_s: float = 60.0
    network_errors: NetworkErrors = "error"
    example: bool = False
    excused: bool = False


PROFILES: dict[str, Profile] = {
    "default": Profile(),
    # What is on this machine and can be read at once.
    "quick": Profile(network=False, without=SLOW, timeout_s=2.0),
    # The project and the way to its model; the runner that looks is not the machine that will train.
    "ci": Profile(
        without=MACHINE | {"speed"},
        skip=("ENV806",),
        network_errors="warn",
        example=True,
        excused=True,
    ),
}
