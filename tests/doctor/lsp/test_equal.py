"""The server says of every text that the tests know exactly what `qtune check --format json` says of it."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from qtune.commands.judging import judge
from qtune.doctor.finding import Span
from tests.doctor.lsp.editing import Client
from tests.doctor.lsp.wire import Message, environment, wire

ROOT = Path(__file__).parents[3]
NAMES = (".env", "run.yaml", "a.py", "nb.ipynb", "requirements.txt", "pyproject.toml", "d.jsonl")
SEVERITIES = {"error": 1, "warning": 2, "info": 3}


def texts() -> list[str]:
    """Every text of several lines in the tests of documents, rules and commands, and the files we ship."""
    found: dict[str, None] = {}
    for folder in ("documents", "rules", "suppression", "cases"):
        for path in sorted((ROOT / "tests/doctor" / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and "\n" in text and len(text) < 20_000:
                    found[text] = None
    for path in (ROOT / ".env.example", ROOT / "train/quickstart/quickstart.yaml"):
        found[path.read_text("utf-8")] = None
    return [text for text in found if not text.startswith("\ufeff") and _encodes(text)]


def _encodes(text: str) -> bool:
    """What does not is in no file, and an editor takes the mark at the beginning for itself."""
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


@pytest.mark.slow
def test_the_server_says_what_the_command_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTUNE_LANG", "en")  # as the server and the command have it
    root = tmp_path / "root"
    documents: dict[Path, str] = {}
    for number, text in enumerate(texts()):
        for name in NAMES:
            path = root / f"{number:04}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", newline="")
            documents[path] = text
            if name in (".env", "d.jsonl"):
                continue
            if not any(word in text for word in WORDS[name]):
                path.unlink()
                del documents[path]
    assert len(documents) > 500

    told: dict[str, list[Message]] = {str(path): [] for path in documents}
    command = [sys.executable, "-m", "qtune", "check", "--format", "json"]
    done = subprocess.run(
        [*command, *map(str, documents)],
        env=environment(tmp_path),
        cwd=root,
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr.decode()
    for finding in json.loads(done.stdout)["findings"]:
        told[finding["span"]["path"]].append(finding)

    codes: Counter[str] = Counter()
    with wire(tmp_path / "home", extra=None, cwd=root) as server:
        server.start(root)
        for path, text in documents.items():
            uri = path.as_uri()
            server.open(uri, text)
            said = server.found(uri)
            server.close(uri)
            expected = told[str(path)]
            client = Client(text, "utf-16")
            assert [shape(one) for one in said] == [
                {
                    "code": one["code"],
                    "severity": SEVERITIES[one["severity"]],
                    "range": client.range(Span(**one["span"])),
                }
                for one in expected
            ], path.name + ":\n" + text
            # Of several files the command masks in each what is a secret in any: so, one by one.
            monkeypatch.setattr("qtune.core.secret._met", {})
            alone = judge([(path, None)], root).findings
            assert [one["code"] for one in said] == [one.code for one in alone], str(path) + text
            for one, other in zip(said, alone, strict=True):
                assert one["message"].startswith(other.message.en)
                codes[one["code"]] += 1
        assert server.stderr() == ""
    assert len(codes) > 30, codes  # it was no comparison of nothing with nothing


WORDS = {
    "run.yaml": (":",),
    "a.py": ("import", "=", "("),
    "nb.ipynb": ("import", '"cells"'),
    "requirements.txt": ("torch", "transformers", "=="),
    "pyproject.toml": ("[tool", "[project"),
}


def shape(diagnostic: Message) -> Message:
    return {key: diagnostic[key] for key in ("code", "severity", "range")}
