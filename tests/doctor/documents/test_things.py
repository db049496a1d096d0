"""What stands where: keys, values, models and codes, with places that hold in any alphabet."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtune.core.yamltree import Leaf, Listing, Table, Tree, parse
from qtune.doctor.documents.run.lines import pairs
from qtune.doctor.documents.things import LARGEST, Thing, at, things
from tests.hub.worlds import GOOD

ENV, YAML, PY = Path(".env"), Path("run.yaml"), Path("train.py")


def cut(document: str, thing: Thing) -> str:
    """The text that lies under a thing, counted as an editor counts."""
    span = thing.span
    assert span.line == span.end_line
    line = document.replace("\r\n", "\n").replace("\r", "\n").split("\n")[span.line - 1]
    return line[span.column - 1 : span.end_column - 1]


def told(found: tuple[Thing, ...]) -> list[tuple[str, str, str]]:
    return [(thing.kind, thing.text, thing.key) for thing in found]


# --- .env -----------------------------------------------------------------------------------------


def test_keys_values_models_and_codes_of_env() -> None:
    text = 'export USE_MODELSCOPE=True # qtune: ignore[ENV801, tok301]\nDEFAULT_MODEL="Qwen/Qwen3-4B"\n'
    assert told(things(text, ENV)) == [
        ("key", "USE_MODELSCOPE", ""),
        ("value", "True", "USE_MODELSCOPE"),
        ("code", "ENV801", ""),
        ("code", "TOK301", ""),
        ("key", "DEFAULT_MODEL", ""),
        ("repo_id", "Qwen/Qwen3-4B", "DEFAULT_MODEL"),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_places_hold_behind_emoji_and_chinese(newline: str) -> None:
    text = newline.join(
        (
            "# 😀 配置",
            "QTUNE_OUTPUT_DIR='结果 😀/运行' # 注释 😀 qtune",
            "DEFAULT_MODEL='Qwen/Qwen3-4B' # 数据 😀 # qtune: ignore[ENV800]",
        )
    )
    found = things(text, ENV)
    assert [cut(text, thing) for thing in found] == [
        "QTUNE_OUTPUT_DIR",
        "结果 😀/运行",
        "DEFAULT_MODEL",
        "Qwen/Qwen3-4B",
        "ENV800",
    ]


def test_the_text_of_a_secret_is_left_out() -> None:
    text = f"HF_TOKEN={GOOD}\nOPENAI_API_KEY=sk-1234567890\nDEFAULT_MODEL=me/{GOOD}\nPORT={GOOD}\n"
    found = things(text, ENV)
    assert len(found) == 8
    assert GOOD not in repr(found) and "sk-1234567890" not in repr(found)


def test_a_token_of_any_shape_is_no_part_of_a_models_name() -> None:
    secret = "correct-horse-battery"
    found = things(f"HF_TOKEN={secret}\nDEFAULT_MODEL=me/{secret}\n", ENV)
    assert [thing.kind for thing in found] == ["key", "value", "key", "value"]


# --- run configs ----------------------------------------------------------------------------------

CONFIG = """\
model: Qwen/Qwen3-4B   # 数据 😀
data:
  - path: 数据/训练.jsonl
    format: auto
  - data/b.jsonl
lora: {r: 8, target_modules: [q_proj, "v_proj"]}
training:
  learning_rate: 1e-4
  report_to: "none"  # qtune: ignore[CFG012]
"""


def test_keys_are_dotted_and_lists_share_theirs() -> None:
    assert told(things(CONFIG, YAML)) == [
        ("key", "model", ""),
        ("repo_id", "Qwen/Qwen3-4B", "model"),
        ("key", "data", ""),
        ("key", "data.path", ""),
        ("value", "数据/训练.jsonl", "data.path"),
        ("key", "data.format", ""),
        ("value", "auto", "data.format"),
        ("value", "data/b.jsonl", "data"),
        ("key", "lora", ""),
        ("key", "lora.r", ""),
        ("value", "8", "lora.r"),
        ("key", "lora.target_modules", ""),
        ("value", "q_proj", "lora.target_modules"),
        ("value", "v_proj", "lora.target_modules"),
        ("key", "training", ""),
        ("key", "training.learning_rate", ""),
        ("value", "1e-4", "training.learning_rate"),
        ("key", "training.report_to", ""),
        ("value", "none", "training.report_to"),
        ("code", "CFG012", ""),
    ]
    for thing in things(CONFIG, YAML):
        written = thing.text.rpartition(".")[2] if thing.kind == "key" else thing.text
        assert cut(CONFIG, thing) == written


@pytest.mark.parametrize(
    "text",
    [
        "model: Qwen/Qwen3-4B\ndata: x\ntraining:\n  learning_rate: 1\n  : :\n lora: {r: [",
        'model: "Qwen/Qwen3-4B"\ndata: "half\ntraining:\n  learning_rate: 1\n',
        "model: Qwen/Qwen3-4B\n\tdata: x\ntraining: &a\n  learning_rate: *b\n",
        "lora: {r: 8,\ntraining:\n  learning_rate: 1\nmodel: Qwen/Qwen3-4B\n",
    ],
)
def test_what_is_no_yaml_yet_is_read_all_the_same(text: str) -> None:
    assert parse(text, YAML)[1], "this text is YAML: the test proves nothing"
    found = told(things(text, YAML))
    assert ("repo_id", "Qwen/Qwen3-4B", "model") in found
    assert ("key", "training.learning_rate", "") in found


def _leaves(tree: Tree | None, path: str = "") -> list[tuple[str, int, int, str]]:
    """(dotted key, line, column, text) of every value, as YAML itself has them."""
    if isinstance(tree, Table):
        found = []
        for key, value in tree.pairs:
            found += _leaves(value, f"{path}.{key.text}" if path else key.text)
        return found
    if isinstance(tree, Listing):
        return [leaf for item in tree.items for leaf in _leaves(item, path)]
    if isinstance(tree, Leaf) and tree.text:
        return [(path, tree.mark.line, tree.mark.column, tree.text)]
    return []


_WORD = st.text("abz9_数😀", min_size=1, max_size=6).filter(lambda w: not w[0].isdigit())
_KEY = st.from_regex(r"[a-z_]{1,6}", fullmatch=True).filter(
    lambda k: k not in ("y", "n", "no", "on")
)
_SCALAR = st.one_of(_WORD, st.integers(0, 9).map(str), _WORD.map(lambda w: f'"{w} x"'))
_FLOW = st.one_of(
    st.lists(_SCALAR, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
    st.dictionaries(_KEY, _SCALAR, max_size=3).map(
        lambda rows: "{" + ", ".join(f"{k}: {v}" for k, v in rows.items()) + "}"
    ),
)


def _block(rows: dict[str, str | list[str] | dict[str, str]]) -> str:
    lines = []
    for key, value in rows.items():
        if isinstance(value, str):
            lines.append(f"{key}: {value}  # 注释")
        elif isinstance(value, list):
            lines += [f"{key}:", *(f"- {item}" for item in value)]
        else:
            lines += [f"{key}:", "", *(f"    {k}:   {v}" for k, v in value.items())]
    return "\n".join(lines) + "\n"


@given(
    st.dictionaries(
        _KEY,
        st.one_of(
            _SCALAR,
            _FLOW,
            st.lists(_SCALAR, min_size=1, max_size=3),
            st.dictionaries(_KEY, st.one_of(_SCALAR, _FLOW), min_size=1, max_size=3),
        ),
        max_size=5,
    )
)
@settings(max_examples=300, deadline=None)
def test_of_yaml_the_lines_say_what_yaml_says(
    rows: dict[str, str | list[str] | dict[str, str]],
) -> None:
    text = _block(rows)
    tree, faults = parse(text, YAML)
    assert not faults
    mine = [(p.path, p.line, p.value_column, p.text) for p in pairs(text) if p.text]
    assert mine == _leaves(tree)


# --- Python ---------------------------------------------------------------------------------------


def test_models_of_calls_and_the_hub_that_each_asks() -> None:
    text = (
        "from transformers import AutoModel\n"
        "from modelscope import snapshot_download\n"
        'NAME = "Qwen/Qwen3-8B"  # 😀\n'
        'AutoModel.from_pretrained(NAME); x = "😀"; snapshot_download("LLM-Research/Llama-3")\n'
        'print("some/path")\n'
    )
    found = things(text, PY)
    assert [(t.text, t.hub) for t in found] == [
        ("Qwen/Qwen3-8B", "huggingface"),
        ("LLM-Research/Llama-3", "modelscope"),
    ]
    assert [cut(text, thing) for thing in found] == [thing.text for thing in found]


def test_settings_that_code_sets_for_its_own_process() -> None:
    text = (
        'import os\nx = "😀"; os.environ["HF_ENDPOINT"] = "https://x"\nos.environ["PATH"] = ""\n'
        'os.environ.setdefault("HF_HOME", "/x")\n'
    )
    found = things(text, PY)
    assert told(found) == [("key", "HF_ENDPOINT", ""), ("key", "HF_HOME", "")]
    assert [cut(text, thing) for thing in found] == ["HF_ENDPOINT", "HF_HOME"]


def test_a_half_typed_call_and_a_cell_without_its_imports_are_known_by_their_looks() -> None:
    text = 'model = AutoModel.from_pretrained("Qwen/Qwen3-8B", (\n'
    for path in (PY, Path("nb.ipynb")):
        assert [(t.kind, t.text, t.hub) for t in things(text, path)] == [
            ("repo_id", "Qwen/Qwen3-8B", "huggingface")
        ]


def test_a_notebooks_own_json_is_no_code() -> None:
    text = '{"cells": [{"source": ["A.from_pretrained(\\"a/b\\")", "B.from_pretrained(\'a/b\')"]}]}'
    assert things(text, Path("nb.ipynb")) == ()


# --- pyproject.toml -------------------------------------------------------------------------------


def test_codes_in_the_doctors_table_alone() -> None:
    text = (
        '[project]\nname = "ABC123"\n[tool.qtune.doctor]\nignore = [\n  "ENV801", # "ENV802" 😀\n'
        "  'gpu500',\n]\n[tool.other]\nignore = ['TOK301']\n"
    )
    found = things(text, Path("pyproject.toml"))
    assert told(found) == [("code", "ENV801", ""), ("code", "GPU500", "")]
    assert [cut(text, thing) for thing in found] == ["ENV801", "gpu500"]


# --- places ---------------------------------------------------------------------------------------


def test_the_thing_at_a_place_and_the_one_that_ends_there() -> None:
    found = things("HF_TOKEN=\nUSE_MODELSCOPE=True\n", ENV)
    for column, text in ((1, "USE_MODELSCOPE"), (14, "USE_MODELSCOPE"), (16, "True"), (20, "True")):
        thing = at(found, 2, column)
        assert thing is not None and thing.text == text
    assert at(found, 2, 21) is None and at(found, 3, 1) is None and at(found, 0, 0) is None


def test_the_things_of_one_line_are_those_of_all_lines_there() -> None:
    python = 'from transformers import AutoModel\nAutoModel.from_pretrained("a/b"); print("c/d")\n'
    env = "QTUNE_OUTPUT_DIR='a\nb' # qtune: ignore[ENV801]\nDEFAULT_MODEL=a/b\n"
    for text, path in ((CONFIG, YAML), (env, ENV), (python, PY)):
        every = things(text, path)
        for line in range(-1, text.count("\n") + 3):
            here = tuple(t for t in every if t.span.line <= line <= t.span.end_line)
            assert {*here} <= {*things(text, path, line)}
            assert {*things(text, path, line)} <= {*every}


def test_another_file_holds_nothing_and_so_does_a_huge_one() -> None:
    assert things("model: Qwen/Qwen3-4B\n", Path("README.md")) == ()
    assert things("A=1\n" * (LARGEST // 4 + 1), ENV) == ()
