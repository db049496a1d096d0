"""A YAML text becomes the same tree, with the same places, whether libyaml reads it or Python does."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from qtune.core.yamltree import FASTEST, IN_PYTHON, Mark, Table, Tree, parse
from qtune.doctor.suppression.comments import in_yaml

ROOT = Path(__file__).parents[2]
AT = Path("sft.yaml")

PIECES = ["'", '"', "\n", "  ", "[", "]", "{", "}", ":", " - ", "&a ", "*a", "|\n  ", "\t", " #", "你😀",
          "\r\n", "\x85", "\u2028", "? ", "!!int ", "!!timestamp ", ",", "%", "---\n", "\ufeff", "\x00",
          "~", "<<: ", "\ud800"]  # fmt: skip
CONFIG = """\
# a run
model: Qwen/Qwen3-4B   # small
data:
  - path: "data/训练.jsonl"
    format: messages
tuning: lora
lora: {r: 8, target_modules: [q_proj, v_proj]}
training:
  learning_rate: 1.0e-4
  save_strategy: no

  note: |
    two
    lines
# the end
"""


def fixtures() -> list[Path]:
    folders = (ROOT / "train/quickstart", ROOT / "docs", ROOT / "tests", ROOT / "ci", ROOT)
    found = {p for f in folders[:-1] for p in (*f.rglob("*.yaml"), *f.rglob("*.yml"))}
    return sorted(found | {*ROOT.glob("*.y*ml")} | {ROOT / ".pre-commit-config.yaml"})


def same(text: str) -> bool:
    """Both loaders agree: on the tree and its places, or that there is none."""
    slow, fast = parse(text, AT, IN_PYTHON), parse(text, AT)
    if slow[0] is None or fast[0] is None:
        return slow[0] is None and fast[0] is None and bool(slow[1]) == bool(fast[1])
    return slow == fast


@pytest.mark.skipif(FASTEST is IN_PYTHON, reason="PyYAML without libyaml: there is one loader")
def test_both_loaders_read_every_yaml_file_of_the_project_alike() -> None:
    paths = fixtures()
    assert len(paths) >= 3
    for path in paths:
        text = path.read_text("utf-8")
        assert parse(text, AT, IN_PYTHON) == parse(text, AT), path
        assert parse(text.rstrip("\n"), AT, IN_PYTHON) == parse(text.rstrip("\n"), AT), path
        assert parse(text.replace("\n", "\r\n"), AT, IN_PYTHON) == parse(
            text.replace("\n", "\r\n"), AT
        ), path


@pytest.mark.skipif(FASTEST is IN_PYTHON, reason="PyYAML without libyaml: there is one loader")
@pytest.mark.parametrize("seed", range(6))
def test_both_loaders_agree_on_texts_that_are_being_edited(seed: int) -> None:
    chance = random.Random(seed)
    texts = [CONFIG, *(path.read_text("utf-8")[:1500] for path in fixtures())]
    for _ in range(120):
        text = chance.choice(texts)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(text) + 1)
            text = text[:at] + chance.choice(PIECES) + text[at + chance.randrange(3) :]
        assert same(text), text


def places(text: str) -> dict[str, str]:
    """What stands between the marks of every key and value."""
    lines = text.split("\n")

    def cut(mark: Mark) -> str:
        rows = lines[mark.line - 1 : mark.end_line]
        rows[-1] = rows[-1][: mark.end_column - 1]
        rows[0] = rows[0][mark.column - 1 :]
        return "\n".join(rows)

    def walk(tree: Tree, name: str) -> None:
        found[name] = cut(tree.mark)
        if isinstance(tree, Table):
            for key, value in tree.pairs:
                found[f"{name}.{key.text}:"] = cut(key.mark)
                walk(value, f"{name}.{key.text}")

    found: dict[str, str] = {}
    tree, _ = parse(text, AT)
    assert tree is not None
    walk(tree, "")
    return found


def test_a_place_is_that_of_the_key_or_the_value_alone() -> None:
    found = places(CONFIG)
    assert found[".model:"] == "model"
    assert found[".model"] == "Qwen/Qwen3-4B"
    assert found[".lora"] == "{r: 8, target_modules: [q_proj, v_proj]}"
    assert found[".lora.r"] == "8"
    assert found[".data"] == '- path: "data/训练.jsonl"\n    format: messages'
    assert found[".training"].startswith("learning_rate: 1.0e-4\n")
    assert found[".training.save_strategy"] == "no"


@pytest.mark.parametrize("open_", ["[", "- ", "? ", "{a: ", "- - ? "])
def test_a_hundred_thousand_levels_are_refused_and_end_nothing(open_: str) -> None:
    began = time.monotonic()
    for loader in (FASTEST, IN_PYTHON):
        tree, faults = parse(open_ * 100_000, AT, loader)
        assert tree is None
        assert [(fault.kind, fault.detail) for fault in faults] == [
            ("unsupported", "nested too deeply")
        ]
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("value", ["!!int", "!!int x", "!!bool x", "!!timestamp x", "!!float ''"])
def test_a_tag_that_does_not_fit_its_value_is_a_fault_at_its_place(value: str) -> None:
    _, faults = parse(f"a: 1\nb: {value}\n", AT)
    assert [(fault.kind, fault.mark.line) for fault in faults] == [("unsupported", 2)]


def test_a_key_given_twice_tells_where_it_was_first() -> None:
    _, faults = parse("a: 1\nb: 2\na: [3,\n 4]\n", AT)
    assert faults[0].kind == "duplicate"
    assert faults[0].first == (Mark(AT, 1, 1, 1, 2), Mark(AT, 1, 4, 1, 5))
    assert faults[0].mark == Mark(AT, 3, 1, 3, 2)


def test_a_half_typed_key_is_told_where_it_is_typed() -> None:
    for loader in (FASTEST, IN_PYTHON):
        _, faults = parse("model: a/b\ndat\ntuning: lora\n", AT, loader)
        assert (faults[0].kind, faults[0].mark.line, faults[0].mark.column) == ("syntax", 2, 1)


def test_two_thousand_lines_are_read_between_two_keystrokes() -> None:
    lines = [f"  key_{n}: [a, b, {n}]  # said\n" for n in range(2000)]
    text = "model: a/b\ntraining:\n" + "".join(lines)
    best = min(_seconds(text + "\n" * n) for n in range(5))
    assert best < (0.12 if FASTEST is not IN_PYTHON else 2)


def _seconds(text: str) -> float:
    began = time.process_time()
    assert parse(text, AT)[0] is not None
    return time.process_time() - began


@pytest.mark.parametrize("seed", range(4))
def test_comments_are_found_alike_by_both_scanners(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    base = CONFIG.replace("# a run", "# qtune: ignore[CFG009] 你好 😀").replace(
        "# small", "# qtune: ignore[A1]"
    )
    for _ in range(150):
        text = base
        for _ in range(chance.randrange(5)):
            at = chance.randrange(len(text) + 1)
            piece = chance.choice([*PIECES, " # qtune: ignore[Z] "])
            text = text[:at] + piece + text[at + chance.randrange(3) :]
        fast = in_yaml(text, AT)
        with monkeypatch.context() as patch:
            patch.setattr("qtune.core.yamltree.FASTEST", IN_PYTHON)
            assert in_yaml(text, AT) == fast, text
