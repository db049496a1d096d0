"""report.html: made from the run's files alone, whatever is missing or torn, and it tells no path of the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from qtune.core.text import Lang
from qtune.train import report, samples
from qtune.train.report import course
from tests.markup import tree


def line(step: int, **more: object) -> dict[str, object]:
    usual = {"step": step, "loss": 8.0 / step, "learning_rate": 1e-4, "grad_norm": 1.0}
    return {**usual, "tokens": 100 * step, "time": 1000.0 + step, **more}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "polite"
    folder.mkdir(parents=True)
    lines = [*(line(step) for step in range(1, 41)), {"step": 40, "eval_loss": 0.5}]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    config = {
        "model": "Qwen/Qwen3-4B",
        "method": "sft",
        "tuning": "lora",
        "data": [{"path": str(tmp_path / "data" / "train.jsonl"), "format": "auto"}],
        "output_dir": str(folder),
    }
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    (folder / "record.json").write_text(
        json.dumps({"qtune": "0.1.0", "state": "finished", "steps": 40, "fingerprint": {}})
    )
    samples.write(folder / "samples.jsonl", [samples.Sample("Who?", "<b>no</b>", "Qwen 千问")])
    return folder


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_shows_course_answers_and_settings(run: Path, lang: Lang) -> None:
    text = report.write(run, lang).read_text("ascii")
    tree(text)
    assert "loss 8.000 &#8594; 0.200" in text
    assert "&lt;b&gt;no&lt;/b&gt;" in text
    assert text.count('class="curve"') == 4  # loss, learning rate, gradient norm, tokens a second
    assert "Qwen/Qwen3-4B" in text
    assert "100 tokens/s" in text
    for part in ("loss", "course", "samples", "settings", "record"):
        assert f'id="{part}"' in text


def test_the_page_fetches_nothing_and_names_no_folder_of_the_machine(
    run: Path, tmp_path: Path
) -> None:
    text = report.write(run, "en").read_text()
    assert str(tmp_path) not in text
    assert "train.jsonl" in text
    assert "<script" not in text and "src=" not in text
    assert "default-src &#x27;none&#x27;" in text


def test_an_empty_folder_still_has_a_page(tmp_path: Path) -> None:
    text = report.write(tmp_path, "en").read_text()
    assert "Not finished" in text


def test_torn_and_hostile_files_are_left_out(run: Path) -> None:
    with (run / "metrics.jsonl").open("ab") as file:
        file.write(b'[1, 2]\n{"step": true, "loss": "x"}\n{"step": 41, "loss": null}\n\xff\xfe{"st')
    (run / "run.yaml").write_bytes(b"\xff\xfe: [")
    (run / "record.json").write_text("[" * 100_000)
    (run / "samples.jsonl").write_text('{"prompt": 3}\n')
    text = report.write(run, "en").read_text()
    assert "Not finished" in text and 'id="loss"' in text
    assert 'id="samples"' not in text and 'id="settings"' not in text


def test_speed_is_measured_between_two_lines_of_one_run(tmp_path: Path) -> None:
    lines = [line(1), line(2), line(3, time=500.0, tokens=10), line(4, time=501.0, tokens=60)]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    assert course.read(tmp_path).rate() == [(2, 100.0), (4, 50.0)]


def test_what_was_not_finite_is_a_gap(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text(json.dumps(line(1, grad_norm=None)) + "\n")
    read = course.read(tmp_path)
    assert len(read.points("grad_norm")) == 1
    assert read.last("grad_norm") is None
