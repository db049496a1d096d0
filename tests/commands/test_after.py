"""`qtune chat`, `eval`, `export` and `push` on one small run, as a user calls them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands.conftest import Shell
from tests.commands.terminal import begin, rest
from tests.hub import Fault, Hub, worlds
from tests.train.runs import environ, make_job, run_child

pytestmark = pytest.mark.slow
BRIEF = (
    "training.per_device_train_batch_size=16",
    "training.max_steps=8",
    "training.num_train_epochs=",
    "training.logging_steps=4",
    "eval_share=0.1",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run, beside the cache that holds its base model."""
    folder = tmp_path_factory.mktemp("trained")
    job = make_job(folder / "run", folder / "cache" / "qtune", *BRIEF)
    done = run_child(job, environ(folder))
    assert done.code == 0, done.stderr
    return folder


@pytest.fixture
def after(shell: Shell, trained: Path) -> Shell:
    """In its project, `run` is a copy of the run."""
    shutil.copytree(trained / "run", shell.folder / "run")
    network = environ(shell.folder.parent)
    shell.environ |= {
        "XDG_CACHE_HOME": str(trained / "cache"),
        "OMP_NUM_THREADS": "1",
        "QTUNE_DEVICE": "cpu",
        "PYTHONPATH": network["PYTHONPATH"],
        "QTUNE_TEST_CALLS": network["QTUNE_TEST_CALLS"],
    }
    return shell


@pytest.fixture
def publishing(after: Shell, hub: Hub) -> Shell:
    """The same with both hubs at the other end."""
    hosts = [url.removeprefix("http://") for url in (hub.hf_url, hub.ms_url)]
    after.environ |= {
        "HF_ENDPOINT": hub.hf_url,
        "MODELSCOPE_ENDPOINT": hub.ms_url,
        "QTUNE_TRUSTED_HOSTS": ",".join(hosts),
        "NO_PROXY": "127.0.0.1,localhost",
        "HF_TOKEN": worlds.WRITE,
        "MODELSCOPE_API_TOKEN": worlds.MODELSCOPE,
        "PYTHONPATH": "",
    }
    return after


def unreached(shell: Shell) -> bool:
    return not Path(shell.environ["QTUNE_TEST_CALLS"]).exists()


@pytest.mark.spares("TRN103")
def test_chat_answers_each_line_of_a_pipe_on_one_line(after: Shell) -> None:
    asked = ("chat", "run", "--compare", "--temperature", "0", "--max-new-tokens", "6")
    done = after.qtune(*asked, "--quiet", stdin="What is LoRA?\n\n什么是微调？\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["base", "tuned", "base", "tuned"]
    assert done.stderr == ""
    assert unreached(after)


def typed(keyboard: int, shown: bytes, text: str, until: str) -> bytes:
    """Types, and reads until the screen says something."""
    os.write(keyboard, text.encode())
    return read_until(keyboard, shown, until)


def read_until(keyboard: int, shown: bytes, until: str) -> bytes:
    start, deadline = len(shown), time.monotonic() + 60
    while until.encode() not in shown[start:]:
        assert time.monotonic() < deadline, shown.decode()
        if select.select([keyboard], [], [], 1)[0]:
            with contextlib.suppress(OSError):
                shown += os.read(keyboard, 65536)
    return shown


def test_chat_in_a_terminal_of_80_columns(after: Shell, trained: Path) -> None:
    # The untrained model never ends an answer by itself.
    base = next((trained / "cache/qtune/quickstart").iterdir())
    command = after.command("chat", str(base), "--temperature", "0", "--max-new-tokens", "900")
    child, keyboard = begin(
        command, after.environment({"TERM": "xterm"}), after.folder, size=(24, 80)
    )
    shown = read_until(keyboard, b"", "> ")
    assert b"/reset" in shown and b"Ctrl-C" in shown
    shown = typed(keyboard, shown, "Hello\r", "Hello\r\n")
    answer = len(shown) + 20  # bytes of an answer that would go on for long
    while len(shown) < answer:
        shown += os.read(keyboard, 65536)
    child.send_signal(signal.SIGINT)  # it ends the answer, not the chat
    shown = read_until(keyboard, shown, "stopped")
    shown = typed(keyboard, shown, "/what\r", "/exit")
    shown = typed(keyboard, shown, "/reset\r", "new conversation")
    os.write(keyboard, b"/exit\r")
    shown += rest(child, keyboard)
    assert child.returncode == 0
    assert re.search(rb"\d+ tokens .*/s .*stopped", shown)


def test_chat_compares_side_by_side_where_there_is_room(after: Shell) -> None:
    command = after.command("chat", "run", "--compare", "--temperature", "0", "--max-new-tokens=8")
    environment = after.environment({"TERM": "xterm", "COLUMNS": "120"})
    child, keyboard = begin(command, environment, after.folder, size=(30, 120))
    shown = read_until(keyboard, b"", "> ")
    shown = typed(keyboard, shown, "Hello\r", "> ")
    os.write(keyboard, b"\x04")  # the end of input leaves
    shown += rest(child, keyboard)
    assert child.returncode == 0
    plain = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", shown).decode()
    assert re.search(r"base {20,}tuned", plain)
    assert re.search(r"8 tokens · \d+/s.* {10,}\d+ tokens", plain)


def test_eval_measures_what_the_run_kept_out(after: Shell) -> None:
    done = after.qtune("eval", "run", "--compare", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["schema"], found["exit"], found["rows"], found["data"]) == (1, 0, 17, "held-out")
    assert found["tuned"]["loss"] < found["base"]["loss"]
    assert found["predictions"] is None and "exact_match" not in found["tuned"]
    assert unreached(after)


def test_eval_of_a_file_writes_the_answers_beside_it(after: Shell) -> None:
    rows = [{"instruction": "你好", "output": "Hi"}, {"instruction": "a", "output": "b"}]
    (after.folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = after.qtune("eval", "run", "test.jsonl", "--max-new-tokens", "5", "-q")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    written = after.folder / "run/eval/test.jsonl"
    assert len(written.read_text().splitlines()) == 2
    lines = done.stdout.splitlines()
    assert lines[0].startswith("2 rows, ") and lines[-1] == str(written)
    assert [line.split("  ")[0] for line in lines[1:-1]] == [
        *("loss", "perplexity", "exact match", "ROUGE-L"),
    ]
    assert all(len(line) <= 80 for line in lines[:-1])


@pytest.mark.triggers("TRN105")
def test_eval_without_anything_held_out_is_told_and_a_program_gets_a_document(
    after: Shell,
) -> None:
    path = after.folder / "run/run.yaml"
    path.write_text(path.read_text().replace("eval_share: 0.1\n", ""))
    done = after.qtune("eval", "run", "--format", "json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["exit"], told["error"]["code"]) == (1, "TRN105")
    misused = after.qtune("eval", "run", "--format", "json", "--limit", "none")
    assert misused.returncode == 2 and json.loads(misused.stdout)["exit"] == 2


@pytest.mark.spares("TRN106", "TRN109", "TRN110")
def test_export_then_push_of_the_merged_model(publishing: Shell, hub: Hub) -> None:
    done = publishing.qtune("export", "run", "--ollama")
    assert done.returncode == 0, done.stderr
    merged = publishing.folder / "run/merged"
    assert done.stdout == f"{merged}\n"
    assert "verified" in done.stderr
    card = (merged / "README.md").read_text()
    assert "Last training loss" in card and str(publishing.folder) not in card
    assert "FROM ." in (merged / "Modelfile").read_text()
    again = publishing.qtune("export", "run")
    assert (again.returncode, again.stdout) == (1, "") and "TRN106" in again.stderr

    asked = ("push", "run", "--merged", "--hub", "hf", "--repo", "acme/tuned", "--private")
    pushed = publishing.qtune(*asked)
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout == f"{hub.hf_url}/acme/tuned\n"
    repo = hub.world.repo("hf", "acme/tuned")
    assert repo is not None and repo.private
    assert repo.files["model.safetensors"] == (merged / "model.safetensors").read_bytes()
    assert "qtune-seal.json" not in repo.files
    assert hub.carrying(worlds.WRITE) == {"hf"}
    assert worlds.WRITE not in pushed.stdout + pushed.stderr


@pytest.mark.parametrize("hub_name", ["hf", "modelscope"])
def test_push_of_an_adapter_leaves_the_run_at_home(
    publishing: Shell, hub: Hub, hub_name: str
) -> None:
    publishing.env("HF_TOKEN=x")
    shutil.copy(publishing.folder / ".env", publishing.folder / "run/.env")
    name = "acme/tuned" if hub_name == "hf" else "alice/tuned"
    done = publishing.qtune("push", "run", "--hub", hub_name, "--repo", name)
    assert done.returncode == 0, done.stderr
    repo = hub.world.repo("hf" if hub_name == "hf" else "ms", name)
    assert repo is not None
    names = set(repo.files) - {".gitattributes", "generation_config.json"}
    assert names == {
        *("README.md", "adapter_config.json", "adapter_model.safetensors", "run.yaml"),
        *("chat_template.jinja", "tokenizer.json", "tokenizer_config.json"),
    }
    whole = b"".join(repo.files.values())
    assert str(publishing.folder).encode() not in whole and b"trained0" not in whole
    assert "6 files" in done.stderr or "7 files" in done.stderr or "8 files" in done.stderr


def test_a_push_that_is_interrupted_publishes_nothing_and_goes_on(
    publishing: Shell, hub: Hub
) -> None:
    asked = ("push", "run", "--hub", "hf", "--repo", "acme/tuned")
    silent = hub.fault(Fault("silent", "cdn", method="PUT"))
    child = publishing.start(*asked)
    assert hub.wait_for(lambda seen: any(r.origin == "cdn" for r in seen), 60)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=60)
    assert child.returncode == 130
    assert b"nothing was published" in told
    repo = hub.world.repo("hf", "acme/tuned")
    assert repo is not None and set(repo.files) == {".gitattributes"}
    hub.lift(silent)
    again = publishing.qtune(*asked)
    assert again.returncode == 0, again.stderr
    assert "adapter_model.safetensors" in hub.world.repo("hf", "acme/tuned").files  # type: ignore[union-attr]


@pytest.mark.triggers("TRN109", "TRN110")
def test_what_nobody_could_use_is_not_pushed(publishing: Shell, hub: Hub) -> None:
    asked = ("--hub", "hf", "--repo", "acme/tuned")
    none = publishing.qtune("push", "run", "--merged", *asked)
    assert none.returncode == 1 and "TRN109" in none.stderr
    path = publishing.folder / "run/adapter_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({**config, "base_model_name_or_path": "/home/me/model"}))
    local = publishing.qtune("push", "run", *asked)
    assert local.returncode == 1 and "TRN110" in local.stderr
    assert hub.requests == []


def test_a_read_token_is_told_before_anything_is_sent(publishing: Shell, hub: Hub) -> None:
    asked = ("push", "run", "--hub", "hf", "--repo", "alice/tuned")
    done = publishing.qtune(*asked, HF_TOKEN=worlds.GOOD)
    assert done.returncode == 1
    assert "TOK308" in done.stderr and "huggingface.co/settings/tokens" in done.stderr
    assert not hub.seen(method="POST") and not hub.seen(method="PUT")


@pytest.mark.triggers("TRN104")
def test_a_reward_model_has_no_words(after: Shell) -> None:
    path = after.folder / "run/run.yaml"
    path.write_text(path.read_text().replace("method: sft", "method: reward"))
    for command in ("chat", "eval", "export"):
        done = after.qtune(command, "run")
        assert done.returncode == 1 and "TRN104" in done.stderr, command


def test_ctrl_c_leaves_nothing_half_exported(after: Shell) -> None:
    child = after.start("export", "run")
    deadline = time.monotonic() + 30
    while not list((after.folder / "run").glob(".merged.exporting-*")):
        assert time.monotonic() < deadline and child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=60)
    assert child.returncode == 130
    assert not [p for p in (after.folder / "run").iterdir() if "merged" in p.name]


def test_the_parents_import_no_torch(after: Shell) -> None:
    code = (
        "import sys, qtune.commands.chat, qtune.commands.eval, qtune.commands.export, "
        "qtune.commands.push, qtune.commands.conversation, qtune.commands.trained, "
        "qtune.train.after.launch, qtune.core.hub.upload\n"
        "print(*{'torch', 'transformers', 'peft', 'huggingface_hub', 'modelscope'} & set(sys.modules))"
    )
    done = subprocess.run(
        [*after.command()[:1], "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
