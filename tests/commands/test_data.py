"""`qtune data`: what is in files and how the model will see it, on paper, in a log and for a program."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.commands.conftest import Shell
from tests.hub import Hub, World, worlds

TALK = {
    "messages": [
        {"role": "user", "content": "one?"},
        {"role": "assistant", "content": "first"},
        {"role": "user", "content": "two?"},
        {"role": "assistant", "content": "second"},
    ]
}
ALPACA = {"instruction": "你好？", "output": "你好！"}


def put(shell: Shell, name: str, *rows: object) -> Path:
    path = shell.folder / name
    text = "".join(
        (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n"
        for row in rows
    )
    path.write_text(text, "utf-8")
    return path


def asked(shell: Shell, *arguments: str, **environ: str) -> tuple[int, dict[str, Any]]:
    done = shell.qtune("data", *arguments, "--format", "json", **environ)
    return done.returncode, json.loads(done.stdout)


def test_the_examples_are_what_the_model_will_see_with_what_is_learnt_marked(
    shell: Shell,
) -> None:
    put(shell, "a.jsonl", TALK, ALPACA, ALPACA, "{")
    done = shell.qtune("data", "a.jsonl", "--model", "quickstart", "-n", "2")
    assert done.returncode == 1, done.stderr
    out = done.stdout
    assert "a.jsonl: 4 rows" in out
    assert "alpaca 2, messages 1" in out
    assert "3 of 4 usable" in out and "a.jsonl:4: not a JSON object" in out
    assert "1 repeated (33.3 %), the first in a.jsonl:3, which is a.jsonl:2" in out
    assert "example 1 · a.jsonl:1 · " in out
    assert "<|im_start|>user\none?<|im_end|>\n<|im_start|>assistant\n" in out
    assert "{+first<|im_end|>+}\n" in out
    assert "{+second<|im_end|>+}" in out
    assert "{+你好！<|im_end|>+}" in out
    assert "\x1b" not in out
    assert "TRN005: A run would refuse this data." in done.stderr
    table = out.partition("example 1")[0]
    assert max(map(cell_len, table.splitlines())) <= 80


def test_in_a_terminal_what_is_only_read_is_dimmed_and_no_row_moves_the_cursor(
    shell: Shell,
) -> None:
    token = worlds.GOOD
    shell.env(f"HF_TOKEN={token}")
    hostile = {"instruction": "\x1b[2J\u202egone\x07", "output": f"it is {token}"}
    put(shell, "a.jsonl", ALPACA, hostile)
    done = shell.qtune("data", "a.jsonl", "--model", "quickstart", FORCE_COLOR="1", TERM="xterm")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\x1b\[2m<\|im_start\|>user", done.stdout)
    assert re.search(r"\n你好！<\|im_end\|>\n", done.stdout)
    assert "{+" not in done.stdout and "dimmed: read, not learnt" in done.stdout
    assert [bad for bad in ("\x1b[2J", "\x07", "\u202e", token) if bad in done.stdout] == []


def test_in_chinese(shell: Shell) -> None:
    put(shell, "a.jsonl", TALK, {"text": "x"})
    done = shell.qtune("data", "a.jsonl", "--offline", QTUNE_LANG="zh")
    assert done.returncode == 1
    assert "2 条中 1 条可用" in done.stdout
    assert "method: pt" in done.stdout
    assert "训练会拒绝这份数据" in done.stderr
    assert max(map(cell_len, done.stdout.splitlines())) <= 80


def test_without_a_tokenizer_lengths_are_in_characters_and_it_is_said(shell: Shell) -> None:
    put(shell, "a.jsonl", *[{**ALPACA, "input": "x" * n} for n in range(100)])
    done = shell.qtune("data", "a.jsonl", "--offline")
    assert done.returncode == 0, done.stderr
    words = " ".join(done.stdout.split())
    assert "the tokenizer of Qwen/Qwen3-4B is not on this machine" in words
    assert "half have at most 56, 95 % at most 101, the longest 106" in words
    code, told = asked(shell, "a.jsonl", "--offline")
    assert (code, told["tokens"], told["examples"]) == (0, None, [])
    assert "qtune download Qwen/Qwen3-4B" in told["no_tokens_because"]


def test_for_a_program_all_of_it_is_one_document(shell: Shell) -> None:
    thought = {"role": "assistant", "content": "a", "reasoning_content": "hm"}
    put(shell, "a.jsonl", TALK, ALPACA, {"messages": [TALK["messages"][0], thought]}, {"words": 1})
    code, told = asked(shell, "a.jsonl", "--model", "quickstart", "--max-length", "16")
    assert (code, told["exit"], told["schema"]) == (1, 1, 1)
    assert told["train"]["formats"] == {"messages": 2, "alpaca": 1}
    assert told["train"]["unusable"] == {"unknown-format": 1}
    (place,) = told["train"]["places"]
    assert (Path(place["path"]).name, place["line"]) == ("a.jsonl", 4)
    assert told["tokens"]["cut"] == 1
    (note,) = told["tokens"]["notes"]
    assert note["count"] == 1 and "does not write" in note["en"]
    assert told["error"]["code"] == "TRN005"
    first, second, _ = told["examples"]
    assert [piece["learnt"] for piece in second["pieces"]] == [False, True, False]
    assert second["pieces"][1]["text"] == "你好！<|im_end|>"
    assert first["cut"] > 0


def test_a_run_config_says_which_data_method_and_length(shell: Shell) -> None:
    pair = {"prompt": "one?", "chosen": "good", "rejected": "poor"}
    steps = [{"role": "assistant", "content": "one"}, {"role": "assistant", "content": "two"}]
    several = {**pair, "prompt": TALK["messages"][:1], "chosen": steps, "rejected": steps[:1]}
    put(shell, "train.jsonl", pair, {**pair, "prompt": "two?"}, several)
    put(shell, "eval.jsonl", pair)
    (shell.folder / "dpo.yaml").write_text(
        "model: quickstart\nmethod: dpo\ndata: train.jsonl\neval_data: eval.jsonl\n"
    )
    done = shell.qtune("data", "dpo.yaml", "-n", "2")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^method +dpo$", done.stdout, re.M)
    assert "1 are trained on, too: eval.jsonl:1 is train.jsonl:1" in done.stdout
    assert "train.jsonl:3: left out: " in done.stdout
    assert "example 1 · chosen" in done.stdout and "{+good<|im_end|>+}" in done.stdout
    assert "example 2 · rejected" in done.stdout and "{+poor<|im_end|>+}" in done.stdout


@pytest.mark.parametrize(
    ("row", "method"),
    [
        (TALK, "sft"),
        ({"text": "words"}, "pt"),
        ({"prompt": "q", "chosen": "a", "rejected": "b"}, "dpo"),
        ({"prompt": "q", "completion": "a", "label": True}, "kto"),
    ],
)
def test_the_method_is_the_one_that_fits(shell: Shell, row: dict[str, object], method: str) -> None:
    put(shell, "a.jsonl", row)
    code, told = asked(shell, "a.jsonl", "--offline")
    assert (code, told["method"]) == (0, method)


def test_folders_tables_and_packed_files(shell: Shell) -> None:
    folder = shell.folder / "rows"
    folder.mkdir()
    (folder / "train.csv").write_text("instruction,output\nq,a\n")
    (folder / "train-2.jsonl.gz").write_bytes(gzip.compress(json.dumps(TALK).encode()))
    (folder / "test.csv").write_text("instruction,output\nq,a\n")
    code, told = asked(shell, "rows", "--offline")
    assert code == 0
    assert [Path(file["path"]).name for file in told["train"]["files"]] == [
        "train-2.jsonl.gz",
        "train.csv",
    ]
    code, told = asked(shell, "rows", "--offline", "--split", "test")
    assert [Path(file["path"]).name for file in told["train"]["files"]] == ["test.csv"]
    code, told = asked(shell, "rows", "--offline", "--split", "validation")
    assert (code, told["error"]["code"]) == (1, "TRN050")


def test_a_dataset_repository_is_fetched_and_shown(online: Shell, hub: Hub) -> None:
    hub.site.world = World.of([worlds.alpaca()], worlds.USERS)
    code, told = asked(online, worlds.ALPACA)
    assert (code, told["train"]["usable"]) == (0, 40)
    assert not [request for request in hub.requests if request.path.endswith("test.jsonl")]
    count = len(hub.requests)
    code, told = asked(online, worlds.ALPACA, "--offline")
    assert (code, told["train"]["usable"], len(hub.requests)) == (0, 40, count)


def test_a_dataset_repository_is_planned_fetched_and_trained_on(online: Shell, hub: Hub) -> None:
    hub.site.world = World.of([worlds.alpaca()], worlds.USERS)
    path = online.folder / "sft.yaml"
    path.write_text(f"model: quickstart\ndata: {{repo: {worlds.ALPACA}}}\n")
    done = online.qtune("run", "sft.yaml", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"{worlds.ALPACA}: to be downloaded" in done.stdout
    assert hub.requests == []
    done = online.qtune("run", "sft.yaml", "training.max_steps=1", QTUNE_DEVICE="cpu")
    assert done.returncode == 0, done.stderr
    run = Path(done.stdout.strip())
    assert f"repo: {worlds.ALPACA}" in (run / "run.yaml").read_text()
    assert not [request for request in hub.requests if request.path.endswith("test.jsonl")]
    done = online.qtune("run", "sft.yaml", "--dry-run")
    assert "in the cache, 1 file of split train" in done.stdout
    assert "40 rows" in done.stdout


def test_the_doctor_reads_folders_and_tables(shell: Shell) -> None:
    folder = shell.folder / "rows"
    folder.mkdir()
    (folder / "train.csv").write_text("instruction,output\nq,a\n")
    (folder / "test.csv").write_text("instruction,output\n,\n")
    (shell.folder / "sft.yaml").write_text("model: quickstart\ndata: rows\n")
    asked_of = ("doctor", "sft.yaml", "--only", "DAT", "--offline", "--format", "json")
    told = json.loads(shell.qtune(*asked_of).stdout)
    assert told["findings"] == []
    put(shell, "held.jsonl", {"instruction": "q", "output": "a"})
    (shell.folder / "leak.yaml").write_text(
        "model: quickstart\ndata: rows\neval_data: held.jsonl\n"
    )
    (leak,) = json.loads(shell.qtune(asked_of[0], "leak.yaml", *asked_of[2:]).stdout)["findings"]
    assert leak["code"] == "DAT903" and "trained on, too" in leak["message"]
    (folder / "train.csv").write_text("instruction,output\nq,\n")
    (finding,) = json.loads(shell.qtune(*asked_of).stdout)["findings"]
    assert (finding["code"], finding["span"]["path"]) == ("DAT901", "rows/train.csv")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "Missing argument"),
        (("absent.jsonl",), 1, "absent.jsonl"),
        (("a.jsonl", "--model", "./nowhere"), 2, "there is no folder"),
        (("absent.yaml",), 2, "absent.yaml"),
        (("a.jsonl", "--as", "poems"), 2, "poems"),
    ],
)
def test_what_cannot_be_shown_is_one_clear_error(
    shell: Shell, arguments: tuple[str, ...], code: int, words: str
) -> None:
    put(shell, "a.jsonl", TALK)
    done = shell.qtune("data", *arguments, "--format", "json")
    assert done.returncode == code
    assert words in done.stderr
    told = json.loads(done.stdout)
    assert told["exit"] == code and told["error"]["message"]


def test_neither_torch_nor_transformers_is_imported_where_no_tokenizer_is_asked(
    shell: Shell,
) -> None:
    put(shell, "a.jsonl", TALK)
    done = shell.qtune("data", "a.jsonl", "--offline", PYTHONPROFILEIMPORTTIME="1")
    assert done.returncode == 0
    assert "qtune.train.survey" in done.stderr
    assert not re.search(r"\| +(torch|transformers|pyarrow|datasets)$", done.stderr, re.M)
