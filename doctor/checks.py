"""The checks: which probe looks at what, what must have gone well before, and how long it may take.

This is the road that a client takes, as a graph: reach → listing → gate → storage → speed, hub by hub,
beside what can be seen on the machine itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from qtune.core.sources import Source
from qtune.doctor.context import Context
from qtune.doctor.facts import Fact, Facts, Known
from qtune.doctor.probes import (
    accelerator,
    cached,
    clients,
    dataset,
    disk,
    dotenvs,
    envfile,
    gate,
    identity,
    imports,
    leaks,
    listing,
    network,
    packages,
    reach,
    resources,
    secretfiles,
    sibling,
    snapshot,
    speed,
    storage,
    tokens,
    torch,
    variables,
    xet,
)
from qtune.doctor.rule import Rule

Look = Callable[[Context, Facts], Fact[Any]]
LookAtHub = Callable[[Context, Source, Facts], Fact[Any]]


@dataclass(frozen=True)
class Family:
    """A kind of check. `needs` are families of the same hub; `seconds` is the probe's own deadline.

    `after` are families that must be over, however they ended: a second look where the first went badly.
    """

    name: str
    network: bool
    seconds: float
    look: Look | None = None
    look_at_hub: LookAtHub | None = None
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("envfile", False, 3, envfile.probe),
        Family("dataset", False, 9, dataset.probe),
        Family("packages", False, 5, packages.probe),
        Family("disk", False, 7, disk.probe),
        Family("model", False, 5, cached.probe),
        Family("resources", False, 3, resources.probe),
        Family("accelerator", False, 6, accelerator.probe),
        Family("torch", False, 30, torch.probe),
        Family("imports", False, 30, imports.probe),
        Family("tokens", False, 2, look_at_hub=tokens.probe),
        Family("dotenvs", False, 2, dotenvs.probe),
        Family("secretfiles", False, 2, secretfiles.probe),
        Family("leaks", False, 4, leaks.probe),
        Family("variables", False, 1, variables.probe),
        Family("snapshot", False, 3, snapshot.probe),
        Family("network", True, 3, network.probe),
        Family("reach", True, 8, look_at_hub=reach.probe),
        Family("clients", True, 7, look_at_hub=clients.probe, needs=("reach",)),
        Family("identity", True, 8, look_at_hub=identity.probe, needs=("reach", "tokens")),
        Family("listing", True, 12, look_at_hub=listing.probe, needs=("reach",)),
        Family("gate", True, 10, look_at_hub=gate.probe, needs=("reach",)),
        Family("xet", True, 10, look_at_hub=xet.probe, needs=("listing", "gate")),
        Family("storage", True, 10, look_at_hub=storage.probe, needs=("listing", "gate")),
        Family("speed", True, 30, look_at_hub=speed.probe, needs=("storage",)),
        Family("sibling", True, 20, look_at_hub=sibling.probe, after=("reach", "speed")),
    )
}


@dataclass(frozen=True)
class Check:
    """A family, and the hub it looks at ("" for none). The name is what `--list` and JSON show."""

    family: Family
    source: str
    look: Look
    needs: tuple[str, ...]

    @property
    def name(self) -> str:
        return check_name(self.family.name, self.source)

    @property
    def after(self) -> tuple[str, ...]:
        return tuple(check_name(name, self.source) for name in self.family.after)


def check_name(family: str, source: str) -> str:
    return f"{family}.{source.partition('://')[2] or source}" if source else family


def plan(rules: Iterable[Rule], context: Context) -> tuple[Check, ...]:
    """The checks that these rules read, and those that must come before them. Nothing else is looked at."""
    wanted = {name for rule in rules for name in rule.needs}
    while (
        more := {
            before for name in wanted for before in (*FAMILIES[name].needs, *FAMILIES[name].after)
        }
        - wanted
    ):
        wanted |= more
    if context.goal.local:
        wanted = {name for name in wanted if not FAMILIES[name].network}
    if not context.goal.data:
        wanted -= {"dataset"}
    checks: list[Check] = []
    for family in FAMILIES.values():
        if family.name not in wanted:
            continue
        if family.look is not None:
            checks.append(Check(family, "", family.look, ()))
        elif family.look_at_hub is not None:
            for source in context.sources:
                needs = tuple(check_name(need, source.name) for need in family.needs)
                checks.append(
                    Check(family, source.name, partial(_at, family.look_at_hub, source), needs)
                )
    return tuple(checks)


def _at(look: LookAtHub, source: Source, context: Context, seen: Facts) -> Fact[Any]:
    return look(context, source, seen)


def put(facts: Facts, check: Check, fact: Fact[Any]) -> Facts:
    """`facts` with one more fact in its place."""
    name = check.family.name
    row: Any = {**getattr(facts, name), check.source: fact} if check.source else fact
    changed: dict[str, Any] = {name: row}
    return replace(facts, **changed)


def each(facts: Facts) -> Iterable[tuple[str, str, Fact[Any]]]:
    """(family, source, fact) of every fact there is, in the order of the road."""
    for name, family in FAMILIES.items():
        value = getattr(facts, name)
        if family.look is not None:
            yield name, "", value
        else:
            for source, fact in value.items():
                yield name, source, fact


def went_well(fact: Fact[Any] | None) -> bool:
    """May what follows on the road be looked at?"""
    return isinstance(fact, Known) and bool(getattr(fact.value, "ok", True))
