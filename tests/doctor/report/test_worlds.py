"""What the screens show is what a doctor with that goal would have looked at, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qtune.doctor.checks import each, plan
from qtune.doctor.examine import Options, selected
from qtune.doctor.facts import Unknown
from qtune.doctor.outcome import Report
from qtune.doctor.report.areas import standing
from qtune.doctor.report.view import View
from tests.doctor.build import HF, healthy
from tests.doctor.probes.looking import looking
from tests.doctor.report import worlds


def made(report: Report) -> set[tuple[str, str]]:
    """Families, and the hubs that they looked at."""
    return {
        (family, source)
        for family, source, fact in each(report.facts)
        if not (isinstance(fact, Unknown) and fact.reason == "skipped")
    }


@pytest.mark.parametrize("world", worlds.EVERY, ids=lambda world: world.__name__)
def test_no_world_knows_what_its_goal_never_looks_at(
    world: Callable[[], Report], tmp_path: Path
) -> None:
    report = world()
    goal = report.facts.goal
    with looking(tmp_path) as context:
        asked = replace(context, goal=goal)
        planned = {check.family.name for check in plan(selected(Options(), goal.kind), asked)}
    names = {source.name for source in report.facts.sources}
    for family, source in made(report):
        assert family in planned
        assert source in names | {""}


def areas(report: Report) -> dict[str, str]:
    return {name: mark for mark, name in standing(report, View())}


def test_data_is_an_area_only_where_the_run_names_some() -> None:
    assert "data" not in areas(worlds.silent_hf())
    assert areas(worlds.data())["data"] == "!"


def test_an_area_of_which_a_part_gave_no_answer_is_not_shown_as_fine() -> None:
    slow = Unknown("timeout", "timed out after 30 s")
    assert areas(worlds.judged(healthy(torch=slow)))["GPU"] == "?"
    assert areas(worlds.judged(healthy()))["GPU"] == "✓"
    facts = healthy()
    spare = replace(facts, speed={**facts.speed, "huggingface": slow})
    assert areas(worlds.judged(spare))["hubs"] == "✓"  # the other hub serves
    alone = healthy(sources=(HF,), speed={"huggingface": slow})
    assert areas(worlds.judged(alone))["hubs"] == "?"
