"""Which examples a step sees, how it is cut and laid out: from seed and epoch alone, nothing padded in vain."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtune.train.batches import micro
from qtune.train.batches.layout import waste
from qtune.train.batches.micro import Layout, Step
from qtune.train.batches.order import Steps, share
from qtune.train.loss import IGNORED
from tests.train import small

LENGTHS = [(7 * index) % 41 + 3 for index in range(45)]


def steps(**options: object) -> Steps:
    return Steps(LENGTHS, 8, 42, **options)  # type: ignore[arg-type]


def step(*lengths: int) -> Step:
    return Step(tuple(micro.example(row) for row in small.rows(list(lengths))))


@pytest.mark.parametrize("options", [{}, {"grouped": True}, {"shuffled": False}])
def test_an_epoch_has_each_example_once_and_all_steps_but_the_last_are_full(
    options: dict[str, object],
) -> None:
    drawn = list(steps(**options))
    assert sorted(index for one in drawn for index in one) == list(range(45))
    assert [len(one) for one in drawn] == [8, 8, 8, 8, 8, 5]
    assert len(steps(**options)) == 6


def test_the_order_is_drawn_from_seed_and_epoch_alone() -> None:
    one, other = steps(), steps()
    other.set_epoch(1)
    later = list(other)
    assert list(one) == list(steps())
    assert list(one) != later
    other.set_epoch(0)
    assert list(other) == list(one)
    assert list(Steps(LENGTHS, 8, 43)) != list(one)


def test_drop_last_leaves_the_step_out_that_is_not_full_but_never_the_only_one() -> None:
    assert [len(one) for one in steps(dropping=True)] == [8] * 5
    assert [len(one) for one in Steps([3, 4], 8, 0, dropping=True)] == [2]


def test_grouped_steps_waste_less_and_still_come_in_no_order_of_length() -> None:
    lengths = LENGTHS * 20

    def wasted(grouped: bool) -> float:
        drawn = Steps(lengths, 8, 1, grouped=grouped)
        return waste([lengths[index] for one in drawn for index in one], 8)

    assert wasted(True) < wasted(False) / 5
    longest = [max(lengths[i] for i in one) for one in Steps(lengths, 8, 1, grouped=True)]
    assert any(a < b for a, b in pairwise(longest)) and any(a > b for a, b in pairwise(longest))


@given(
    lengths=st.lists(st.integers(1, 500), min_size=1, max_size=24),
    world=st.integers(1, 5),
)
def test_the_processes_of_a_step_share_it_without_a_rest(lengths: list[int], world: int) -> None:
    whole = list(range(len(lengths)))
    parts = [share(whole, lengths, rank, world) for rank in range(world)]
    assert sorted(index for part in parts for index in part) == whole
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_whatever_the_number_of_processes_a_step_is_the_same() -> None:
    alone = [set(one) for one in steps()]
    three = [list(steps(rank=rank, world=3)) for rank in range(3)]
    assert [set().union(*parts) for parts in zip(*three, strict=True)] == alone


@given(
    lengths=st.lists(st.integers(2, 60), min_size=1, max_size=20),
    room=st.integers(10, 200),
    kind=st.sampled_from(["joined", "padded"]),
)
def test_a_step_is_cut_into_pieces_that_fit_and_nothing_is_lost(
    lengths: list[int], room: int, kind: micro.Kind
) -> None:
    made = step(*lengths)
    batches = micro.cut(made, Layout(kind), room)
    told = sorted(tuple(one.ids) for batch in batches for one in batch)
    assert told == sorted(tuple(one.ids) for one in made.examples)
    for batch in batches:
        sizes = [len(one.ids) for one in batch]
        taken = sum(sizes) if kind == "joined" else max(sizes) * len(sizes)
        assert taken <= room or len(batch) == 1


def test_end_to_end_nothing_is_padding_and_no_row_tells_the_next_one_its_first_token() -> None:
    made = step(5, 3, 4)
    given = micro.inputs(made.examples, Layout("joined", pieces=False))
    assert given["input_ids"].shape == (1, 12)
    assert given["position_ids"].tolist() == [[0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 2, 3]]
    assert given["rows"].lengths == (5, 3, 4)
    assert [given["labels"][0, start].item() for start in (0, 5, 8)] == [IGNORED] * 3
    assert "attention_mask" not in given


def test_a_single_row_needs_neither_positions_nor_a_mask() -> None:
    assert set(micro.inputs(step(6).examples, Layout("joined"))) == {
        *("input_ids", "learnt", "targets"),
    }


def test_padding_reaches_to_a_multiple_where_the_device_likes_one() -> None:
    given = micro.inputs(step(5, 11).examples, Layout("padded", pad=9, multiple=8))
    assert given["input_ids"].shape == (2, 16)
    assert given["input_ids"][0, 5:].tolist() == [9] * 11


def test_a_mask_is_made_only_for_a_loss_that_is_not_ours_and_only_where_something_is_padded() -> (
    None
):
    even, uneven = step(5, 5).examples, step(5, 4).examples
    assert "attention_mask" not in micro.inputs(uneven, Layout("padded"))
    assert "attention_mask" not in micro.inputs(even, Layout("padded", pieces=False))
    assert "attention_mask" in micro.inputs(uneven, Layout("padded", pieces=False))
