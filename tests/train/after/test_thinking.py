"""What is thought and what is answered, whatever pieces it comes in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qtune.train.after.thinking import Splitter, answer_of, opened_by


def split(pieces: list[str], thinking: bool = False) -> list[tuple[str, bool]]:
    splitter = Splitter(thinking)
    found = [part for piece in pieces for part in splitter.feed(piece)]
    return [*found, *splitter.end()]


def joined(parts: list[tuple[str, bool]], thinking: bool) -> str:
    return "".join(text for text, thought in parts if thought is thinking)


def test_a_thought_and_an_answer() -> None:
    assert split(["<think>\nhm", "\n</think>\n\nYes."]) == [
        ("\nhm", True),
        ("\n", True),
        ("\n\nYes.", False),
    ]


def test_the_prompt_may_have_opened_the_thought() -> None:
    parts = split(["hm</th", "ink>Yes"], thinking=True)
    assert (joined(parts, True), joined(parts, False)) == ("hm", "Yes")
    assert opened_by("<|im_start|>assistant\n<think>\n")
    assert not opened_by("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    assert not opened_by("no thought")


@given(st.lists(st.integers(1, 5)), st.booleans())
def test_where_the_pieces_are_cut_does_not_matter(cuts: list[int], thinking: bool) -> None:
    text = ("a < b <think>x </ y</think> c <thin k> </think" * 2) + "<"
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(text[at : at + cut])
        at += cut
    pieces.append(text[at:])
    whole = split([text], thinking)
    parts = split(pieces, thinking)
    assert joined(parts, True) == joined(whole, True)
    assert joined(parts, False) == joined(whole, False)


def test_a_scored_answer_is_without_its_thoughts() -> None:
    assert answer_of("<think>\nhm\n</think>\n\nYes.") == "Yes."
    assert answer_of("hm\n</think>\n\nYes.", opened=True) == "Yes."
    assert answer_of("Yes.") == "Yes."
    assert answer_of("<think>never ending") == ""
