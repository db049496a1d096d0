"""Weights, the share kept for evaluation, and streams: by seed alone, whole, and without a leak."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from qtune.core.errors import TrainError
from qtune.core.runconfig import DataSource, RunConfig
from qtune.train import data, quickstart, shares, stream
from qtune.train.data import Row
from qtune.train.stream import Stream


def put(folder: Path, name: str, count: int, *, extra: list[object] | None = None) -> DataSource:
    rows: list[object] = [{"instruction": f"{name} {n}", "output": "a"} for n in range(count)]
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, *(extra or [])]))
    return DataSource(path)


def config(*sources: DataSource, seed: int = 42, **more: object) -> RunConfig:
    made = RunConfig(
        model="quickstart",
        model_path=None,
        method="sft",
        data=sources,
        tuning="lora",
        lora={},
        training={"seed": seed},
        max_length=2048,
        packing="auto",
        output_dir=Path("run"),
        enable_thinking=None,
        trust_remote_code=False,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def said(rows: object) -> list[str]:
    return [row.messages[0].content for row in rows]  # type: ignore[attr-defined]


def test_a_weight_repeats_rows_and_draws_the_rest(tmp_path: Path) -> None:
    first, second = put(tmp_path, "a", 10), put(tmp_path, "b", 10)
    weighted = config(replace(first, weight=2.3), replace(second, weight=0.4))
    found = said(shares.shares(weighted).train.usable)
    counts = Counter(found)
    assert sorted(counts[f"a {n}"] for n in range(10)) == [2] * 7 + [3] * 3
    assert sorted(counts[f"b {n}"] for n in range(10)) == [0] * 6 + [1] * 4
    assert found == said(shares.shares(weighted).train.usable)
    assert found != said(shares.shares(replace(weighted, training={"seed": 7})).train.usable)
    seen = data.look(weighted.data)
    assert shares.trained(weighted, seen) == len(found) == 27


def test_of_a_source_of_next_to_no_weight_a_row_is_seen(tmp_path: Path) -> None:
    little = config(replace(put(tmp_path, "a", 10), weight=0.001))
    found = said(shares.shares(little).train.usable)
    assert shares.trained(little, data.look(little.data)) == len(found) == 1
    assert said(shares.shares(little).train.usable) == found


def test_a_weight_of_one_costs_nothing_and_changes_nothing(tmp_path: Path) -> None:
    source = put(tmp_path, "a", 5)
    assert said(shares.shares(config(source)).train.usable) == [f"a {n}" for n in range(5)]


@pytest.mark.spares("TRN056")
def test_the_share_for_evaluation_is_exact_and_drawn_by_seed(tmp_path: Path) -> None:
    source = put(tmp_path, "a", 200)
    found = shares.shares(config(source, eval_share=0.1))
    assert found.evaluation is not None
    train, kept = set(said(found.train.usable)), set(said(found.evaluation.usable))
    assert (len(train), len(kept)) == (180, 20)
    assert not train & kept
    again = shares.shares(config(source, eval_share=0.1)).evaluation
    other = shares.shares(config(source, eval_share=0.1, seed=1)).evaluation
    assert again is not None and set(said(again.usable)) == kept
    assert other is not None and set(said(other.usable)) != kept


def test_rows_that_say_the_same_fall_on_the_same_side(tmp_path: Path) -> None:
    """Whatever file and form they stand in: else the model is judged by what it has learnt by heart."""
    talk = [
        {"messages": [{"role": "user", "content": f"a {n}"}, {"role": "assistant", "content": "a"}]}
        for n in range(50)
    ]
    first = put(tmp_path, "a", 50, extra=list(talk))
    second = put(tmp_path, "b", 0, extra=list(talk))
    for seed in range(5):
        found = shares.shares(config(first, second, seed=seed, eval_share=0.2))
        assert found.evaluation is not None
        kept = Counter(said(found.evaluation.usable))
        assert not set(said(found.train.usable)) & set(kept)
        assert len(kept) >= 10 and set(kept.values()) == {3}


def test_the_share_is_taken_before_the_weights(tmp_path: Path) -> None:
    source = replace(put(tmp_path, "a", 100), weight=3)
    found = shares.shares(config(source, eval_share=0.1))
    assert found.evaluation is not None
    assert (len(found.train.usable), len(found.evaluation.usable)) == (270, 10)


def test_eval_data_goes_before_a_share(tmp_path: Path) -> None:
    own = put(tmp_path, "e", 3)
    found = shares.shares(config(put(tmp_path, "a", 10), eval_share=0.5, eval_data=(own,)))
    assert found.evaluation is not None
    assert len(found.train.usable) == 10
    assert said(found.evaluation.usable) == ["e 0", "e 1", "e 2"]


@pytest.mark.triggers("TRN056")
def test_one_row_many_times_cannot_be_divided(tmp_path: Path) -> None:
    same = {"instruction": "q", "output": "a"}
    with pytest.raises(TrainError) as caught:
        shares.shares(config(put(tmp_path, "a", 0, extra=[same] * 10), eval_share=0.2))
    assert caught.value.code == "TRN056"


def test_the_run_config_says_how_many_rows_may_be_unusable(tmp_path: Path) -> None:
    source = put(tmp_path, "a", 97, extra=[{"words": 1}] * 3)
    with pytest.raises(TrainError) as caught:
        shares.shares(config(source))
    assert caught.value.code == "TRN005"
    found = shares.shares(config(source, max_unusable=0.03))
    assert (len(found.train.usable), len(found.train.bad)) == (97, 3)


@pytest.mark.triggers("TRN054")
@pytest.mark.spares("TRN054")
def test_data_of_another_method_names_it(tmp_path: Path) -> None:
    pair = {"prompt": "q", "chosen": "a", "rejected": "b"}
    source = put(tmp_path, "a", 0, extra=[pair] * 3)
    with pytest.raises(TrainError) as caught:
        shares.shares(config(source))
    assert caught.value.code == "TRN054"
    assert caught.value.fix is not None and "method: dpo" in caught.value.fix.en
    assert len(shares.shares(config(source, method="dpo")).train.usable) == 3
    assert len(shares.shares(config(source, method="kto")).train.usable) == 6


def test_a_file_of_another_form_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "HOPELESS", 100)
    source = put(tmp_path, "a", 0, extra=[{"words": 1}] * 1000)
    with pytest.raises(TrainError) as caught:
        data.read([source])
    assert "100 of 100 rows" in caught.value.message.en


def test_a_share_of_unusable_rows_that_was_allowed_is_not_hopeless(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "HOPELESS", 100)
    source = put(tmp_path, "a", 50, extra=[{"words": 1}] * 150)
    found = shares.shares(config(source, max_unusable=0.8))
    assert (len(found.train.usable), len(found.train.bad)) == (50, 150)
    assert stream.look(config(source, max_unusable=0.8)).total == 200


# --- streams --------------------------------------------------------------------------------------


def test_a_stream_gives_every_row_once_an_epoch_and_each_epoch_otherwise(tmp_path: Path) -> None:
    sources = (put(tmp_path, "a", 300), put(tmp_path, "b", 100))
    flow = Stream(config(*sources, streaming=True), buffer=50)
    first, second = said(flow.rows(0)), said(flow.rows(1))
    assert sorted(first) == sorted(second) == sorted(said(data.read(sources).usable))
    assert first != second
    assert first == said(flow.rows(0))
    assert first != said(Stream(config(*sources, seed=1), buffer=50).rows(0))


def test_a_stream_mixes_its_sources_all_along(tmp_path: Path) -> None:
    flow = Stream(config(put(tmp_path, "a", 300), put(tmp_path, "b", 300)), buffer=20)
    names = [text[0] for text in said(flow.rows())]
    for start in range(0, 400, 100):
        assert 20 <= names[start : start + 100].count("a") <= 80


@pytest.mark.parametrize("at", [0, 1, 49, 50, 51, 399, 400, 1000])
def test_a_stream_goes_on_exactly_where_it_was_left(tmp_path: Path, at: int) -> None:
    flow = Stream(config(put(tmp_path, "a", 300), put(tmp_path, "b", 100)), buffer=50)
    whole = said(flow.rows(2))
    assert said(flow.rows(2, skip=at)) == whole[at:]


def test_a_stream_holds_no_more_than_its_buffer(tmp_path: Path) -> None:
    flow = Stream(config(put(tmp_path, "a", 5000)), buffer=10)
    assert len(list(islice(flow.rows(), 5))) == 5
    assert flow.met <= 20


def test_the_weights_and_the_share_of_a_stream(tmp_path: Path) -> None:
    heavy = config(replace(put(tmp_path, "a", 1000), weight=1.5), eval_share=0.1)
    train = Counter(said(Stream(heavy, buffer=50).rows()))
    kept = said(Stream(heavy, evaluation=True).rows())
    assert not set(train) & set(kept)
    assert len(train) + len(kept) == 1000
    assert 70 <= len(kept) <= 130
    assert set(train.values()) == {1, 2}
    assert 0.4 < sum(count == 2 for count in train.values()) / len(train) < 0.6
    own = replace(heavy, eval_data=(put(tmp_path, "e", 3),))
    assert said(Stream(own, evaluation=True).rows()) == ["e 0", "e 1", "e 2"]
    assert len(set(said(Stream(own, buffer=50).rows()))) == 1000


def test_a_stream_counts_what_it_leaves_out_and_ends_when_it_is_too_much(tmp_path: Path) -> None:
    good = Stream(config(put(tmp_path, "a", 2000, extra=[{"words": 1}] * 10)))
    assert len(list(good.rows())) == 2000
    assert (good.met, len(good.bad)) == (2010, 10)
    broken = Stream(config(put(tmp_path, "b", 2000, extra=[{"words": 1}] * 100)))
    with pytest.raises(TrainError) as caught:
        list(broken.rows())
    assert caught.value.code == "TRN005"


def test_before_a_run_only_the_first_rows_of_a_stream_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SAMPLE", 100)
    source = put(tmp_path, "a", 500, extra=[{"words": 1}] * 50)
    seen = stream.look(config(source, streaming=True))
    assert (seen.sources, seen.bad, seen.whole) == ((100,), (), False)
    stream.judge(config(source, streaming=True))
    assert stream.look(config(source)).sources == (500,)


# --- files that are named -------------------------------------------------------------------------


@pytest.mark.triggers("TRN050", "TRN051", "TRN052", "TRN055")
@pytest.mark.parametrize(
    ("name", "raw", "code"),
    [
        ("folder", None, "TRN050"),
        ("a.csv", b"text,text\n1,2\n", "TRN051"),
        ("a.parquet", b"no such thing", "TRN052"),
        ("a.jsonl.gz", b"no such thing", "TRN052"),
    ],
)
def test_what_cannot_be_read_has_a_code(
    tmp_path: Path, name: str, raw: bytes | None, code: str
) -> None:
    path = tmp_path / name
    if raw is None:
        path.mkdir()
    else:
        path.write_bytes(raw)
    with pytest.raises(TrainError) as caught:
        data.read([DataSource(path)])
    assert caught.value.code == code
    assert str(path) in caught.value.message.en
    with pytest.raises(TrainError) as absent:
        data.read([DataSource(Path("acme/rows"), repo_id="acme/rows")])
    assert absent.value.code == "TRN055"


@pytest.mark.spares("TRN050", "TRN051", "TRN052", "TRN053", "TRN055")
def test_a_folder_of_tables_and_a_repository_that_is_here(tmp_path: Path) -> None:
    import pyarrow  # type: ignore[import-untyped, unused-ignore]
    from pyarrow import parquet

    (tmp_path / "a.csv").write_text("instruction,output\nq,a\n")
    rows = [{"instruction": "q", "output": "b"}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "b.parquet")
    for source in (DataSource(tmp_path), DataSource(tmp_path, repo_id="acme/rows")):
        found = data.read([source]).usable
        assert [(row.path.name, row.line) for row in found] == [("a.csv", 2), ("b.parquet", 1)]


@pytest.mark.triggers("TRN053")
def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    path = tmp_path / "a.parquet"
    path.write_bytes(b"PAR1" + bytes(100))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TrainError) as caught:
        data.read([DataSource(path)])
    assert caught.value.code == "TRN053"


def test_a_row_of_text_has_no_messages() -> None:
    (row, *_) = data.read([DataSource(quickstart.INSTRUCTIONS)]).usable
    assert isinstance(row, Row) and row.messages
