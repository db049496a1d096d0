"""Exact match and ROUGE-L, against values worked out by hand and against the plain algorithm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtune.train.after.scores import exact, longest_common, rouge_l, words


@pytest.mark.parametrize(
    ("prediction", "reference", "score"),
    [
        ("the cat sat", "the cat sat", 1.0),
        ("The cat, sat!", "the cat sat", 1.0),  # neither case nor punctuation counts
        ("police killed the gunman", "police kill the gunman", 0.75),  # Lin 2004: 3 of 4 and 4
        ("the gunman kill police", "police kill the gunman", 0.5),
        ("a b c d e", "a c e", 2 * 3 / 8),
        ("微调模型", "微调大模型", 2 * 4 / 9),  # by characters
        ("用 LoRA 微调", "LoRA 微调", 2 * 3 / 7),
        ("", "", 1.0),
        ("", "a", 0.0),
        ("a", "", 0.0),
        ("!", "?", 0.0),
        ("?", "?", 1.0),
    ],
)
def test_rouge_l(prediction: str, reference: str, score: float) -> None:
    assert rouge_l(prediction, reference) == pytest.approx(score)


def test_words_of_both_kinds_of_script() -> None:
    assert words("Qwen3-4B 用ＬｏＲＡ微调，2.5x！") == [
        *("qwen3", "4b", "用", "lora", "微", "调", "2", "5x"),
    ]


def test_exact_forgives_spaces_and_widths_and_nothing_else() -> None:
    assert exact(" Yes.\n", "Yes.") and exact("ＡＢ１", "AB1") and exact("a  b", "a b")
    assert not exact("yes.", "Yes.") and not exact("Yes", "Yes.") and not exact("", "x")


def _plain(one: list[str], other: list[str]) -> int:
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = (
                table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])
            )
    return table[-1][-1]


some = st.lists(st.sampled_from("abcde"), max_size=40)


@given(some, some)
def test_the_bits_say_what_the_table_says(one: list[str], other: list[str]) -> None:
    assert longest_common(one, other) == _plain(one, other)
