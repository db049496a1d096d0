"""Checks run side by side, each within its own time, and no bug or hang of one spoils the others."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qtune.core.http import open_client
from qtune.core.hub.interface import AccessState
from qtune.core.secret import Secret
from qtune.core.settings import resolve
from qtune.doctor.checks import FAMILIES, Check, Family, plan, put, went_well
from qtune.doctor.context import Context
from qtune.doctor.facts import Fact, Facts, Goal, Known, Stage, Unknown
from qtune.doctor.rules import RULES
from qtune.doctor.schedule import Limits, look
from tests.doctor import build

Look = Callable[[], Fact[Any]]
GOAL = Goal("train", "Qwen/Qwen3-4B")


@pytest.fixture
def context() -> Iterator[Context]:
    settings = resolve()
    with open_client(settings) as client:
        yield Context(settings, GOAL, (), client, {}, Path())


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set at the end, so that no probe outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def check(
    family: str,
    look_: Look,
    *,
    needs: tuple[str, ...] = (),
    seconds: float = 5,
    network: bool = False,
) -> Check:
    source = "huggingface" if FAMILIES[family].look_at_hub else ""
    return Check(Family(family, network, seconds), source, lambda context, seen: look_(), needs)


def well(value: object = "fine") -> Look:
    return lambda: Known(value)


def slow() -> Fact[Any]:
    time.sleep(0.1)
    return Known("ok")


def hub_fact(facts: Facts, family: str) -> Fact[Any]:
    fact: Fact[Any] = getattr(facts, family)["huggingface"]
    return fact


def run(context: Context, *checks: Check, **limits: Any) -> Facts:
    return look(checks, context, Facts(GOAL), Limits(**limits))


def test_independent_checks_run_at_the_same_time(context: Context) -> None:
    meeting = threading.Barrier(3, timeout=5)

    def meet() -> Fact[Any]:
        meeting.wait()
        return Known("met")

    facts = run(context, *(check(name, meet) for name in ("disk", "packages", "torch")))
    for fact in (facts.disk, facts.packages, facts.torch):
        assert isinstance(fact, Known) and fact.value == "met"  # type: ignore[comparison-overlap]


def test_a_check_starts_after_what_it_needs_and_sees_its_fact(context: Context) -> None:
    seen: dict[str, Facts] = {}

    def remembering(name: str) -> Check:
        def look_(context: Context, facts: Facts) -> Fact[Any]:
            seen[name] = facts
            return Known(name)

        needs = {"listing": ("reach.huggingface",), "storage": ("listing.huggingface",)}.get(
            name, ()
        )
        return Check(Family(name, True, 5), "huggingface", look_, needs)

    run(context, remembering("storage"), remembering("listing"), remembering("reach"))
    assert list(seen) == ["reach", "listing", "storage"]
    assert hub_fact(seen["storage"], "listing") == Known(
        "listing", hub_fact(seen["storage"], "listing").took_ms
    )
    assert not seen["reach"].listing


def test_a_probe_that_hangs_is_left_behind_at_its_deadline(
    context: Context, over: threading.Event
) -> None:
    def hang() -> Fact[Any]:
        over.wait(30)
        return Known("too late")

    started = time.monotonic()
    facts = run(context, check("disk", hang, seconds=0.2), check("packages", well()))
    assert time.monotonic() - started < 2
    assert isinstance(facts.packages, Known)
    assert isinstance(facts.disk, Unknown)
    assert (facts.disk.reason, facts.disk.detail) == ("timeout", "timed out after 0 s")
    assert 150 <= facts.disk.took_ms < 2000


def test_all_checks_together_have_a_deadline_too(context: Context, over: threading.Event) -> None:
    started_late = []

    def hang() -> Fact[Any]:
        over.wait(30)
        return Known(0)

    def late() -> Fact[Any]:
        started_late.append(1)
        return Known(0)

    started = time.monotonic()
    facts = run(
        context,
        check("disk", hang, seconds=30),
        check("reach", slow),
        check("listing", hang, needs=("reach.huggingface",), seconds=30),
        check("storage", late, needs=("listing.huggingface",)),
        timeout_s=0.4,
    )
    assert time.monotonic() - started < 2
    assert isinstance(facts.disk, Unknown) and facts.disk.reason == "timeout"
    assert hub_fact(facts, "listing").took_ms >= 200
    assert hub_fact(facts, "storage") == Unknown("skipped", "listing.huggingface", 0)
    assert not started_late


def test_with_no_time_left_nothing_more_is_started(context: Context) -> None:
    started = []
    facts = run(context, check("disk", lambda: started.append(1) or Known(0)), timeout_s=0)  # type: ignore[func-returns-value]
    assert facts.disk == Unknown("timeout", "no time was left of 0 s")
    assert not started


def test_a_slow_observer_makes_no_finished_check_late(context: Context) -> None:
    def observer(name: str, finished: bool) -> None:
        if finished:
            time.sleep(0.25)

    names = ("disk", "packages", "torch", "accelerator")
    checks = [check(name, well(), seconds=0.4) for name in names]
    facts = look(checks, context, Facts(GOAL), Limits(), observer)
    assert all(isinstance(getattr(facts, name), Known) for name in names)


def test_the_time_of_every_check_is_taken(context: Context) -> None:
    facts = run(context, check("disk", slow))
    assert isinstance(facts.disk, Known) and 90 <= facts.disk.took_ms < 1500


class Panic(BaseException):
    """Like those of extensions written in Rust."""


@pytest.mark.parametrize("error", [RuntimeError, KeyError, SystemExit, Panic, RecursionError])
def test_a_probe_that_raises_is_told_as_crashed_and_the_others_stand(
    context: Context, error: type[BaseException]
) -> None:
    token = "hf_" + "P" * 34
    Secret("no-shape-at-all")

    def crash() -> Fact[Any]:
        raise error(f"with {token} and no-shape-at-all")

    facts = run(context, check("disk", crash, seconds=20), check("packages", well()))
    assert isinstance(facts.disk, Unknown) and facts.disk.reason == "crashed"
    assert error.__name__ in facts.disk.detail
    assert "test_schedule.py:" in facts.disk.detail, "it says where"
    assert token not in facts.disk.detail and "no-shape-at-all" not in facts.disk.detail
    assert isinstance(facts.packages, Known)


def test_a_probe_that_returns_no_fact_has_a_bug(context: Context) -> None:
    facts = run(context, check("disk", lambda: None), check("reach", lambda: 3))  # type: ignore[arg-type, return-value]
    assert isinstance(facts.disk, Unknown) and facts.disk.reason == "crashed"
    assert "disk returned NoneType" in facts.disk.detail
    assert "reach.huggingface returned int" in hub_fact(facts, "reach").detail  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "first",
    [
        Unknown("timeout", "timed out after 8 s"),
        Unknown("dns", "no such name"),
        Known(build.road("huggingface.co", stages=(Stage("dns", False, 5, "nxdomain"),))),
    ],
)
def test_what_did_not_go_well_skips_what_follows_and_says_behind_what(
    context: Context, first: Fact[Any]
) -> None:
    asked = []
    facts = run(
        context,
        check("reach", lambda: first),
        check("listing", lambda: asked.append(1) or Known(0), needs=("reach.huggingface",)),  # type: ignore[func-returns-value]
        check("storage", lambda: asked.append(1) or Known(0), needs=("listing.huggingface",)),  # type: ignore[func-returns-value]
    )
    assert hub_fact(facts, "listing") == Unknown("skipped", "reach.huggingface")
    assert hub_fact(facts, "storage") == Unknown("skipped", "listing.huggingface")
    assert not asked


def test_offline_makes_no_check_that_needs_the_network(context: Context) -> None:
    asked = []
    facts = run(
        context,
        check("reach", lambda: asked.append(1) or Known(0), network=True),  # type: ignore[func-returns-value]
        check("disk", well()),
        offline=True,
        offline_reason="HF_HUB_OFFLINE",
    )
    assert hub_fact(facts, "reach") == Unknown("skipped", "HF_HUB_OFFLINE")
    assert isinstance(facts.disk, Known)
    assert not asked


def test_no_speed_leaves_out_the_measurement_alone(context: Context) -> None:
    facts = run(context, check("reach", well()), check("speed", well()), no_speed=True)
    assert hub_fact(facts, "speed") == Unknown("skipped", "--no-speed")
    assert isinstance(hub_fact(facts, "reach"), Known)


def test_the_observer_hears_of_every_start_and_end(context: Context) -> None:
    heard: list[tuple[str, bool]] = []
    checks = [
        check("reach", lambda: Unknown("timeout")),
        check("listing", well(), needs=("reach.huggingface",)),
        check("disk", well()),
    ]
    look(
        checks,
        context,
        Facts(GOAL),
        Limits(),
        lambda name, finished: heard.append((name, finished)),
    )
    assert sorted(heard) == [
        ("disk", False),
        ("disk", True),
        ("listing.huggingface", True),
        ("reach.huggingface", False),
        ("reach.huggingface", True),
    ]


def test_nothing_to_look_at_is_over_at_once(context: Context) -> None:
    assert run(context) == Facts(GOAL)


# --- the graph ------------------------------------------------------------------------------------


def test_every_family_is_a_field_of_the_facts_and_no_need_goes_in_a_circle() -> None:
    facts = Facts(GOAL)
    done: set[str] = set()
    for name, family in FAMILIES.items():
        assert hasattr(facts, name)
        assert (family.look is None) != (family.look_at_hub is None)
        assert set(family.needs) <= done, "what is needed stands before"
        done.add(name)
    assert {need for rule in RULES for need in rule.needs} <= done, (
        "no rule reads what nobody looks at"
    )


def test_only_what_the_rules_read_and_what_leads_there_is_looked_at(context: Context) -> None:
    from dataclasses import replace

    from qtune.core.sources import candidates

    both = replace(context, sources=candidates(context.settings))
    speed = [rule for rule in RULES if "speed" in rule.needs][:1]
    names = [item.name for item in plan(speed, both)]
    for needed in ("reach", "listing", "gate", "storage", "speed"):
        assert f"{needed}.modelscope" in names and f"{needed}.huggingface" in names
    assert not {"torch", "accelerator"} & set(names)
    assert names == sorted(names, key=lambda name: list(FAMILIES).index(name.partition(".")[0]))
    assert plan([], both) == ()
    local = replace(both, goal=Goal("train", "./model", local=True))
    assert not any(item.family.network for item in plan(RULES, local))


def test_a_fact_is_put_in_its_place() -> None:
    facts = put(Facts(GOAL), check("disk", well()), Known("d"))
    facts = put(facts, check("reach", well()), Known("r"))
    assert facts.disk == Known("d")  # type: ignore[comparison-overlap]
    assert dict[str, Any](facts.reach) == {"huggingface": Known("r")}


@pytest.mark.parametrize(
    ("fact", "well_"),
    [
        (None, False),
        (Unknown("timeout"), False),
        (Known("no opinion of its own"), True),
        (Known(build.road("h")), True),
        (Known(build.road("h", stages=(Stage("tcp", False, 1, "refused"),))), False),
        (Known(build.granted()), True),
        (Known(build.refused(AccessState.NOT_ACCEPTED)), False),
    ],
)
def test_what_counts_as_gone_well(fact: Fact[Any] | None, well_: bool) -> None:
    assert went_well(fact) is well_
