"""Fixes as edits: exactly the text that the fix means, in the fewest characters, and made once and for all."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtune.core import envfile, envwrite
from qtune.core.envpatch import EnvPatch
from qtune.core.text import plain
from qtune.doctor.documents.check import check
from qtune.doctor.documents.difference import difference
from qtune.doctor.documents.edits import edited, edits_of, fix_all, overlap
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Severity, Span

ENV = Path("/project/.env")
TOKEN = "hf_" + "Kk" * 17


def at(line: int, column: int, end_line: int, end_column: int, text: str) -> Edit:
    return Edit(Span(str(ENV), line, column, end_line, end_column), text)


def fix(*edits: Edit, patch: EnvPatch | None = None, unsafe: bool = False) -> Fix:
    how = Applicability.UNSAFE if unsafe else Applicability.SAFE
    return Fix(plain("mend"), how, patch, edits)


def finding(mend: Fix | None) -> Finding:
    return Finding("ENV804", Severity.WARNING, plain("wrong"), fix=mend)


def judged(text: str) -> tuple[Finding, ...]:
    return check(text, ENV).findings


def mended(text: str, unsafe: bool = False) -> str:
    return edited(text, fix_all(text, ENV, judged(text), unsafe, again=judged))


# --- one fix --------------------------------------------------------------------------------------


def test_an_edit_is_narrowed_to_the_characters_that_differ() -> None:
    text = "# 值 🎉\r\nUSE_MODELSCOP=True\r\n"
    rename = at(2, 1, 2, 14, "USE_MODELSCOPE")
    assert edits_of(fix(rename), text, ENV) == (at(2, 14, 2, 14, "E"),)


@pytest.mark.parametrize(
    ("before", "patch", "after"),
    [
        ("A=1\nB=2\n", EnvPatch({"B": "3"}), (at(2, 3, 2, 4, "3"),)),
        ("A=1\r\nB=2\r\n", EnvPatch({"B": "3"}), (at(2, 3, 2, 4, "3"),)),
        ("A=1\r\nB=2", EnvPatch({"C": "3"}), (at(2, 1, 2, 4, "B=2\r\nC=3\r\n"),)),
        ("A=1\n", EnvPatch({"C": "3"}), (at(2, 1, 2, 1, "C=3\n"),)),
        ("", EnvPatch({"C": "3"}), (at(1, 1, 1, 1, "C=3\n"),)),
        ("A=1\nB=2\nC=3\n", EnvPatch({}, frozenset({"B"})), (at(2, 1, 3, 1, ""),)),
        ("A=1\nB=2", EnvPatch({}, frozenset({"B"})), (at(2, 1, 2, 4, ""),)),
        ("B=1\nA=1\nB=2\n", EnvPatch({"B": "4"}), (at(1, 1, 2, 1, ""), at(3, 3, 3, 4, "4"))),
        ("A='x\ny'\nB=2\n", EnvPatch({"A": "z"}), (at(1, 1, 3, 1, "A='z'\n"),)),
        ("A=1\n", EnvPatch({"A": "1"}), ()),
    ],
)
def test_a_patch_is_what_the_doctor_would_write(
    before: str, patch: EnvPatch, after: tuple[Edit, ...]
) -> None:
    found = edits_of(fix(patch=patch), before, ENV)
    assert found == after
    assert edited(before, found) == envwrite.apply(envfile.parse(before, ENV), patch)


def test_a_key_in_quotes_keeps_them() -> None:
    text = "'HUGGINGFACE_TOKEN'=x\n"
    assert mended(text, unsafe=True) == "'HF_TOKEN'=x\n"


def test_edits_come_before_the_patch() -> None:
    both = fix(at(1, 1, 1, 14, "USE_MODELSCOPE"), patch=EnvPatch({"USE_MODELSCOPE": "False"}))
    text = "USE_MODELSCOP=True\n"
    assert edited(text, edits_of(both, text, ENV)) == "USE_MODELSCOPE=False\n"


@pytest.mark.parametrize(
    "mend",
    [
        Fix(plain("by hand"), Applicability.MANUAL, EnvPatch({"A": "2"})),
        Fix(plain("mode"), Applicability.SAFE, chmod=(str(ENV), 0o600)),
        Fix(plain("git"), Applicability.SAFE, gitignore=("/project/.gitignore", ".env")),
        Fix(plain("encoding"), Applicability.SAFE, reencode=str(ENV)),
        Fix(plain("type this"), Applicability.SAFE, command="unset A", url="https://example.org"),
        fix(Edit(Span("/other/.env", 1, 1, 1, 2), "x")),
        fix(at(9, 1, 9, 2, "x")),
        fix(at(1, 1, 1, 99, "x")),
        fix(at(0, 1, 1, 1, "x")),
        fix(at(1, 0, 1, 1, "x")),
        fix(at(1, 3, 1, 1, "x")),
        fix(at(1, 1, 1, 2, "x"), at(9, 1, 9, 2, "x")),  # whole, or not at all
        fix(patch=EnvPatch({"A": "\0"})),
    ],
)
def test_what_is_no_change_of_this_text_has_no_edits(mend: Fix) -> None:
    assert edits_of(mend, "A=1\n", ENV) == ()
    assert fix_all("A=1\n", ENV, [finding(mend), finding(None)], unsafe=True) == ()


def test_a_patch_is_written_to_a_dotenv_alone() -> None:
    text = "import os\n"
    assert edits_of(fix(patch=EnvPatch({"A": "1"})), text, Path("/project/train.py")) == ()


def test_a_quote_that_never_closes_keeps_the_text_as_it_is() -> None:
    text = 'A="never closed\nB=1\n'
    assert edits_of(fix(patch=EnvPatch({"B": "# '"})), text, ENV) == ()


# --- several --------------------------------------------------------------------------------------


def test_all_safe_fixes_are_made_together() -> None:
    text = "﻿USE_MODELSCOPE=Ture\r\nUSE_MODELSCOPE=False\r\nQTUNE_DEVICE=cpu#no\r\n".removeprefix("﻿")
    assert mended(text) == "USE_MODELSCOPE=False\r\nQTUNE_DEVICE=cpu #no\r\n"


def test_unsafe_ones_only_when_asked_for() -> None:
    text = f"HUGGINGFACE_TOKEN={TOKEN}\n"
    assert mended(text) == text
    assert mended(text, unsafe=True) == f"HF_TOKEN={TOKEN}\n"


def test_of_two_that_overlap_the_first_is_made() -> None:
    one, other = fix(at(1, 1, 1, 2, "X")), fix(at(1, 1, 1, 4, ""), at(2, 1, 2, 2, "Y"))
    text = "A=1\nB=2\n"
    assert edited(text, fix_all(text, ENV, [finding(one), finding(other)])) == "X=1\nB=2\n"
    assert edited(text, fix_all(text, ENV, [finding(other), finding(one)])) == "\nY=2\n"


def test_of_two_patches_that_disagree_the_first_counts() -> None:
    one, other = EnvPatch({"A": "2"}), EnvPatch({"B": "3"}, frozenset({"A"}))
    found = [finding(fix(patch=one)), finding(fix(patch=other))]
    assert edited("A=1\n", fix_all("A=1\n", ENV, found)) == "A=2\nB=3\n"


def test_a_patch_that_cannot_be_written_does_not_hold_up_the_others() -> None:
    found = [finding(fix(patch=EnvPatch({"B": "\0"}))), finding(fix(patch=EnvPatch({"A": "2"})))]
    assert edited("A=1\n", fix_all("A=1\n", ENV, found)) == "A=2\n"


def test_what_a_fix_brings_to_light_is_mended_in_the_same_go() -> None:
    text = "MODELSCOPE_SDK_TOKEN=\nUSE_MODELSCOPE=true#x\nUSE_MODELSCOPE=Ture\n"
    once = mended(text)
    assert fix_all(once, ENV, judged(once), again=judged) == ()


def test_fixes_that_undo_each_other_come_to_an_end() -> None:
    def never_content(text: str) -> list[Finding]:
        return [finding(fix(at(1, 1, 1, 2, "B" if text[0] == "A" else "A")))]

    assert len(fix_all("A=1\n", ENV, never_content("A=1\n"), again=never_content)) <= 1


PIECES = (
    "USE_MODELSCOPE=True", "USE_MODELSCOP=False", "USE_MODELSCOPE=Ture", "HF_ENDPOINT=htp://x",
    "HF_ENDPOINT=https://hf-mirror.com/", "HF_TOKEN: x", "QTUNE_DEVICE=cpu#gpu", "QTUNE_DEVICE = cuda",
    "export HF_TOKKEN=x", "'HF_TOKKEN'=x", 'A="open', "A='open", '"', "HUGGINGFACE_HUB_CACHE=/x",
    "MODELSCOPE_SDK_DEBUG=1", f"HF_TOKEN={TOKEN}", "HF_HUB_OFFLINE=1 # 值", "QTUNE_CONNECTIONS=0",
    "# qtune: ignore[ENV801]", "USE_MODELSCOPE=True # qtune: ignore[ENV801]", "", "   ", "X=${Y}",
    "QTUNE_SOURCES=modelscope,,x", "🎉=1", "\u2028", "USE_HF=1", "A=\\", "HF_HOME=~/x#y",
)  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\r", ""])


@settings(deadline=None)  # the first examples import the rules
@given(st.lists(st.tuples(st.sampled_from(PIECES), ENDS), max_size=12), st.booleans())
def test_once_mended_nothing_is_left_to_mend(parts: list[tuple[str, str]], unsafe: bool) -> None:
    text = "".join(piece + end for piece, end in parts)
    once = mended(text, unsafe)
    assert mended(once, unsafe) == once
    before, after = envfile.parse(text), envfile.parse(once)
    for key in ("A", "X"):  # the last line of a key that is none of ours counts, and stays
        assert getattr(after.last(key), "raw", None) == getattr(before.last(key), "raw", None)


YAML = (
    "model: Qwen/Qwen3-4B", "modle: a/b", "method: stf", "tunning: lora", "tuning: qlorra", "lora: {r: '8'}",
    "lora:", "  alpha: 16", "  lora_alhpa: 16", "training:", "  lr: 1e-4", "  learning_rate: 1e-4", "max_length: 2k",
    "packing: yes", "output_dir: runs/值", "data: 🎉.jsonl", "# qtune: ignore[CFG006]", "", "\t", "a: [", "- x",
    "training: {push_to_hub: true, fp16: True, bf16: true}", "trust_remote_code: 'true'", "model: &a b", "x: *a",
)  # fmt: skip
PYTHON = (
    "import os", "from transformers import AutoModel, AutoTokenizer", "from huggingface_hub import snapshot_download",
    "from modelscope import snapshot_download", "AutoModel.from_pretrained('a/b', use_auth_token=True)",
    "AutoModel.from_pretrained('meta-llama/Llama-3.1-8B', trust_remote_code=True, use_auth_token='x')",
    "snapshot_download('LLM-Research/Meta-Llama-3-8B', revision='main')", "import torch; torch.load('值.pt')",
    "os.environ['HF_ENDPOINT'] = 'https://hf-mirror.com'", "os.environ['HF_HUB_ENABLE_HF_TRANSFER'] = '1'",
    "requests.get('https://huggingface.co', verify=False)", "    x = 1", "def f(", '"""', "%pip install x", "🎉",
    "x = snapshot_download(  # qtune: ignore[SRC003]", "    'a/b', revision='main')", "\x0c", "\x00",
)  # fmt: skip


@settings(deadline=None)
@given(st.data())
@pytest.mark.parametrize(
    ("name", "pieces"), [("sft.yaml", YAML), ("train.py", PYTHON), ("nb.ipynb", PYTHON)]
)
def test_a_run_config_a_program_and_a_notebook_neither(
    name: str, pieces: tuple[str, ...], data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.tuples(st.sampled_from(pieces), ENDS), max_size=10))
    text = "".join(piece + end for piece, end in parts)
    if name == "nb.ipynb":
        cell: object = {"cell_type": "code", "source": text.splitlines(keepends=True), "metadata": {},
                "outputs": [], "execution_count": None}  # fmt: skip
        book = {"cells": [cell, cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        text = json.dumps(book, indent=1, ensure_ascii=data.draw(st.booleans()))
    path = Path("/project") / name
    unsafe = data.draw(st.booleans())

    def judge(text: str) -> tuple[Finding, ...]:
        return check(text, path, Path("/project")).findings

    once = edited(text, fix_all(text, path, judge(text), unsafe, again=judge))
    assert fix_all(once, path, judge(once), unsafe, again=judge) == ()
    for finding in judge(text):
        if finding.fix is not None:
            edited(text, edits_of(finding.fix, text, path))
    if name == "nb.ipynb":
        json.loads(once)


# --- edits as such --------------------------------------------------------------------------------

TEXTS = st.text(alphabet="ab=\r\n🎉值\u2028\ud800", max_size=40)


@given(TEXTS, TEXTS)
def test_the_difference_makes_one_text_the_other(before: str, after: str) -> None:
    edits = difference(before, after, ENV)
    assert edited(before, edits) == after
    assert not any(overlap(a, b) for i, a in enumerate(edits) for b in edits[:i])
    assert difference(before, before, ENV) == ()


@given(TEXTS, st.lists(st.tuples(*[st.integers(-2, 9)] * 4, TEXTS), max_size=5))
def test_no_edit_is_out_of_the_texts_reach(
    text: str, wild: list[tuple[int, int, int, int, str]]
) -> None:
    edited(text, [at(*numbers) for numbers in wild])


@pytest.mark.parametrize("changed", ["one", "all", "none alike"])
def test_a_large_file_is_mended_between_two_keystrokes(changed: str) -> None:
    lines = [f"OTHER_{number}=value {number}" for number in range(5000)]
    after = [*lines]
    if changed == "one":
        after[2500] = "QTUNE_DEVICE=cpu"
    else:
        after = [line + "!" for line in lines] if changed == "all" else ["x"] * 5001
    began = time.perf_counter()
    edits = difference("\n".join(lines), "\n".join(after), ENV)
    assert time.perf_counter() - began < 0.5
    assert edited("\n".join(lines), edits) == "\n".join(after)
    assert len(edits) == {"one": 1, "all": 5000, "none alike": 1}[changed]
