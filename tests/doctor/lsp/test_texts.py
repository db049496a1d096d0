"""After any edits the server's diagnostics are those of the very text that the client has; a burst is answered once."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qtune.doctor.documents.check import check
from qtune.doctor.finding import Severity, Span
from tests.doctor.lsp.wire import PLAIN, Message, Wire, stretch, wire
from tests.hub.worlds import GOOD

SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFO: 3}
UNITS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "utf-32": len,
}


class Client:
    """The text as an editor has it: lines that end with \\n, \\r\\n or \\r, characters counted in units."""

    def __init__(self, text: str, encoding: str) -> None:
        self.text, self.units = text, UNITS[encoding]
        self._lines: tuple[str, list[tuple[int, int]]] = ("", [(0, 0)])

    def lines(self) -> list[tuple[int, int]]:
        """Where each line begins, and where it ends without its newline."""
        if self._lines[0] == self.text:
            return self._lines[1]
        found, start, at = [], 0, 0
        while at < len(self.text):
            if self.text[at] in "\r\n":
                found.append((start, at))
                at += 2 if self.text.startswith("\r\n", at) else 1
                start = at
            else:
                at += 1
        self._lines = self.text, [*found, (start, len(self.text))]
        return self._lines[1]

    def place(self, offset: int) -> Message:
        for number, (start, end) in enumerate(self.lines()):
            if offset <= end or number == len(self.lines()) - 1:
                ahead = self.text[start : max(min(offset, end), start)]
                return {"line": number, "character": self.units(ahead)}
        raise AssertionError

    def offset(self, rng: random.Random) -> int:
        """A place where a cursor can stand; often at the end of a line."""
        start, end = rng.choice(self.lines())
        return end if rng.random() < 0.3 else rng.randint(start, end)

    def edit(self, rng: random.Random, pieces: tuple[str, ...]) -> Message:
        begin, end = sorted((self.offset(rng), self.offset(rng)))
        if rng.random() < 0.6 or end - begin > 60:
            end = begin
        new = rng.choice(pieces) if rng.random() < 0.8 or begin == end else ""
        change = {"range": {"start": self.place(begin), "end": self.place(end)}, "text": new}
        self.text = self.text[:begin] + new + self.text[end:]
        return change

    def spot(self, line: int, column: int) -> Message:
        """Of a place of the doctor's, as the client would say it."""
        lines = self.lines()
        start, end = lines[min(max(line, 1), len(lines)) - 1]
        at = min(start + max(column, 1) - 1, end)
        number = min(max(line, 1), len(lines)) - 1
        return {"line": number, "character": self.units(self.text[start:at])}

    def range(self, span: Span | None) -> Message:
        """A place without an end is the rest of its line."""
        if span is None:
            span = Span("", 1, 1, 1, 1)
        start = self.spot(span.line, span.column)
        if not span.end_line or (span.end_line, span.end_column) == (span.line, span.column):
            return {"start": start, "end": self.spot(span.line, 10**9)}
        return {"start": start, "end": self.spot(span.end_line, span.end_column or 1)}


def fresh(client: Client, path: Path) -> list[Message]:
    """What a check of the client's text says, anew."""
    return [
        {
            "code": finding.code,
            "severity": SEVERITIES[finding.severity],
            "range": client.range(finding.span),
            "message": finding.message.en,
        }
        for finding in check(client.text, path, path.parent).findings
    ]


def same(told: list[Message], expected: list[Message]) -> None:
    assert [
        {"code": one["code"], "severity": one["severity"], "range": one["range"]} for one in told
    ] == [{key: one[key] for key in ("code", "severity", "range")} for one in expected]
    for one, other in zip(told, expected, strict=True):
        assert one["message"].startswith(other["message"]), (one, other)


ODD = (
    "😀",
    "é",
    "项目",
    "𠮷",
    "\u200b",
    "\x0c",
    "\u2028",
    "\x85",
    "\ufeff",
    "\r\n",
    "\r",
    "\n",
    "\t",
)
DOCUMENTS = {
    ".env": (
        f"# 设置 😀\r\nUSE_MODELSCOPE=Ture\r\nHF_TOKEN={GOOD}\rHF_ENDPOINT=hf-mirror.com\n",
        ("A=1\n", "USE_MODELSCOPE=", "Ture", "HF_TOKKEN=x\r\n", "'", '"', "#", " ", "=", "${A}"),
    ),
    "run.yaml": (
        "# 😀 训练\nmodel: Qwen/Qwen3-4B\r\ntuning: lorra\nlora: {r: 8}\n",
        ("model: ", "tuning: lorra\n", "training:\n  learning_rat: 1\n", "- ", "[", "}", ": ", "'"),
    ),
    "a.py": (
        "import os\nfrom transformers import AutoModel\n"
        "os.environ['HF_ENDPOINT'] = 'https://hf-mirror.com'  # 😀\n"
        "AutoModel.from_pretrained('项目😀', use_auth_token=True)\n",
        ("'", '"""', "(", ")", "x = 1\n", "    ", "trust_remote_code=True, ", "# qtune: ignore\n"),
    ),
}


@pytest.fixture(scope="module", params=["utf-16", "utf-8", "utf-32"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Wire, str]]:
    home = tmp_path_factory.mktemp("home")
    wanted = [request.param, "utf-16"]
    with wire(home) as running:
        result = running.start(
            home,
            {**PLAIN, "general": {"positionEncodings": wanted if wanted[0] != "utf-16" else []}},
        )
        assert result["capabilities"]["positionEncoding"] == request.param
        yield running, request.param
        assert running.end() == 0
        assert running.stderr() == ""


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_thousand_random_edits_leave_the_text_as_the_client_has_it(
    server: tuple[Wire, str], tmp_path: Path, name: str
) -> None:
    wired, encoding = server
    rng = random.Random(f"{name} {encoding}")
    text, pieces = DOCUMENTS[name]
    path = tmp_path / "项目 一" / name
    path.parent.mkdir()
    client, uri = Client(text, encoding), path.as_uri()
    wired.open(uri, text)
    same(wired.found(uri), fresh(client, path))
    edits = 1000 if encoding == "utf-16" else 250
    done, some = 0, 0
    while done < edits:
        burst = [client.edit(rng, (*pieces, *ODD)) for _ in range(rng.choice((1, 2, 3, 8, 30)))]
        done += len(burst)
        version = 0
        if rng.random() < 0.5:  # one message with many changes, or many with one
            version = wired.change(uri, burst)
        else:
            for change in burst:
                version = wired.change(uri, [change])
        expected = fresh(client, path)
        same(wired.found(uri, version), expected)
        some += bool(expected)
        if len(client.text) > 3000 or not expected or rng.random() < 0.2:
            client.text = text  # and the whole text at once
            same(wired.found(uri, wired.replace(uri, text)), fresh(client, path))
    assert some > 2
    wired.close(uri)
    assert wired.found(uri, None) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_burst_is_answered_once_or_twice_and_last_of_the_last_version(
    server: tuple[Wire, str], name: str
) -> None:
    wired, encoding = server
    if encoding != "utf-16":
        pytest.skip("is the same in all encodings")
    path = Path(f"/nowhere/burst/{name}")
    text = DOCUMENTS[name][0] + "# and so on\n" * 2000
    client, uri = Client(text, encoding), path.as_uri()
    wired.open(uri, text)
    wired.found(uri)
    version = 0
    began = time.monotonic()
    for _ in range(200):
        version = wired.change(uri, [{"range": stretch(0, 0, 0, 0), "text": "#"}])
        client.text = "#" + client.text
    sent = time.monotonic() - began
    answers = [m["params"] for m in (wired.until(_published), *wired.drain(2.0)) if _published(m)]
    assert answers[-1]["version"] == version
    assert len(answers) <= 2 + sent / 0.2  # a slow machine types slowly
    same(answers[-1]["diagnostics"], fresh(client, path))
    assert len(answers[-1]["diagnostics"]) > 1
    wired.close(uri)
    wired.found(uri, None)


def _published(message: Message) -> bool:
    return bool(message.get("method") == "textDocument/publishDiagnostics")
