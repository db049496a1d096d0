"""Every code has a test that provokes it and one that comes close and must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.doctor.rules import BY_CODE
from scripts.proofs import KINDS, Proof, proofs, table

FOUND = proofs()


@pytest.mark.parametrize("kind", KINDS)
def test_no_code_is_without_its_proof(kind: str) -> None:
    assert [code for code in BY_CODE if code not in _codes(FOUND, kind)] == []


def test_no_mark_names_a_code_that_is_not_there() -> None:
    assert {proof.code: proof.test for proof in FOUND if proof.code not in BY_CODE} == {}


def test_of_the_tests_that_provoke_a_code_one_at_least_looks_for_it() -> None:
    """The mark alone proves nothing: the code must stand in what a test asserts or hands in."""
    provoking = {proof.code for proof in FOUND if proof.kind == "triggers"}
    looking = {
        proof.code for proof in FOUND if proof.kind == "triggers" and proof.code in proof.source
    }
    assert provoking - looking == set()


def test_marks_of_tests_and_of_single_rows_are_read(tmp_path: Path) -> None:
    found = _read(
        tmp_path,
        '@pytest.mark.triggers("NET101", "NET102")\n@pytest.mark.spares("NET103")\n'
        'def test_one() -> None:\n    assert "NET101"\n\n'
        '@pytest.mark.parametrize("x", [1, pytest.param(2, marks=pytest.mark.spares("NET101"))])\n'
        "def test_two(x: int) -> None: ...\n",
    )
    assert [(p.kind, p.code, p.test) for p in found] == [
        ("triggers", "NET101", "test_one"),
        ("triggers", "NET102", "test_one"),
        ("spares", "NET103", "test_one"),
        ("spares", "NET101", "test_two"),
    ]
    assert ["NET101" in p.source for p in found] == [True, True, True, False]


def test_a_mark_that_cannot_be_read_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"tests/test_a\.py:1"):
        _read(tmp_path, "@pytest.mark.triggers(*CODES)\ndef test_one() -> None: ...\n")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_table_has_a_row_for_each_code_and_a_link_for_each_proof(lang: str) -> None:
    rows = [row for row in table(FOUND, lang).splitlines() if row.startswith("| [")]  # type: ignore[arg-type]
    assert len(rows) == len(BY_CODE)
    for row, code in zip(rows, BY_CODE, strict=True):
        assert row.startswith(f"| [{code}]({code}.")
        for proof in FOUND:
            if proof.code == code:
                assert proof.link in row


def _codes(found: list[Proof], kind: str) -> set[str]:
    return {proof.code for proof in found if proof.kind == kind}


def _read(root: Path, text: str) -> list[Proof]:
    (root / "tests").mkdir()
    (root / "tests/test_a.py").write_text(text)
    return proofs(root)
