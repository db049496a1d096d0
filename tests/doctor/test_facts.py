"""The names of the facts: each is found where it is written, and only when it is asked for."""

from __future__ import annotations

import importlib
import subprocess
import sys
import typing

import pytest

from qtune.doctor import facts


def test_every_name_is_there() -> None:
    for name in facts.__all__:
        assert getattr(facts, name) is not None


def test_every_name_is_known_to_type_checkers_and_to_python_alike() -> None:
    own = {"NOT_LOOKED", "Fact", "Facts", "Known", "Unknown", "UnknownReason", "known"}
    assert set(facts.__all__) == own | set(facts._HOMES)
    for name, home in facts._HOMES.items():
        module = importlib.import_module(f"qtune.doctor.facts.{home}")
        assert getattr(facts, name) is getattr(module, name)


def test_the_annotations_of_facts_can_be_resolved() -> None:
    facts.load()
    assert typing.get_type_hints(facts.Facts)["goal"] is facts.Goal


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        facts.Nonsense  # noqa: B018


def test_asking_for_one_loads_no_other() -> None:
    code = (
        "import sys; from qtune.doctor.facts import Tokens, Facts, known;"
        "print(sorted(m.rpartition('.')[2] for m in sys.modules if m.startswith('qtune.doctor.facts.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['fact', 'tokens']"
