"""Patches are plain values: equal ones are equal, and two that disagree are found out."""

from __future__ import annotations

import pytest

from qtune.core.envpatch import Conflict, EnvPatch, merge


def test_a_patch_is_a_value_and_cannot_be_changed() -> None:
    source = {"A": "1"}
    patch = EnvPatch(source, frozenset({"B"}))
    source["A"] = "2"
    assert patch == EnvPatch({"A": "1"}, frozenset({"B"}))
    assert hash(patch) == hash(EnvPatch({"A": "1"}, frozenset({"B"})))
    with pytest.raises(TypeError):
        patch.set["A"] = "3"  # type: ignore[index]


def test_only_a_patch_that_does_something_is_true() -> None:
    assert not EnvPatch()
    assert EnvPatch({"A": ""})
    assert EnvPatch({}, frozenset({"A"}))


def test_patches_that_agree_become_one() -> None:
    merged = merge(
        [EnvPatch({"A": "1"}), EnvPatch({"A": "1", "B": "2"}), EnvPatch({}, frozenset({"C"}))]
    )
    assert merged == EnvPatch({"A": "1", "B": "2"}, frozenset({"C"}))
    assert merge([]) == EnvPatch()


@pytest.mark.parametrize(
    ("second", "wanted"),
    [(EnvPatch({"A": "2"}), ("1", "2")), (EnvPatch({}, frozenset({"A"})), ("1", None))],
)
def test_patches_that_disagree_are_a_conflict(
    second: EnvPatch, wanted: tuple[str | None, str | None]
) -> None:
    assert merge([EnvPatch({"A": "1"}), second]) == Conflict("A", wanted)
