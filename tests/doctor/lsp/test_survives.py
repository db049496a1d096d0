"""The server lives through whatever a client sends, says only what the protocol allows, and ends when it should."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.lsp.wire import PATIENCE, Message, Wire, environment, place, stretch, wire

WRONG = "USE_MODELSCOPE=Ture\n"
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes of POSIX")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    home = tmp_path_factory.mktemp("home")
    with wire(home) as running:
        running.start(home)
        yield running
        assert running.stderr() == ""
        assert running.end() == 0


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Wire]:
    """A server that was told nothing yet."""
    with wire(tmp_path) as running:
        yield running


def alive(server: Wire, name: str = "after") -> None:
    """It judges the next document as if nothing had happened."""
    uri = f"file:///nowhere/{name}-{time.monotonic_ns()}/.env"
    server.open(uri, WRONG)
    assert server.codes(uri) == ["ENV805"]
    server.close(uri)
    assert server.codes(uri, None) == []


# --- what is no message ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff\xfe\x00",
        b"null",
        b"[]",
        b"7",
        b'"text"',
        b"{}",
        b'{"jsonrpc": "1.0", "id": 1, "method": "shutdown"}',
        b'{"jsonrpc": "2.0"}',
        b'{"jsonrpc": "2.0", "method": 7}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen"}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 3}}',
        b'{"jsonrpc": "2.0", "method": "textDocument/didChange", "params": []}',
        b'{"jsonrpc": "2.0", "id": 12345, "result": {}}',
        b'{"jsonrpc": "2.0", "id": 12346, "error": {"code": 1, "message": "no"}}',
        b'[{"jsonrpc": "2.0", "method": "initialized", "params": {}}]',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "unknown"}}',
        b'{"jsonrpc": "2.0", "method": "$/cancelRequest", "params": null}',
        b'{"jsonrpc": "2.0", "method": "workspace/didChangeConfiguration", "params": {"settings": 3}}',
        b"[" * 100_000,
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
def test_what_is_no_message_is_passed_over(server: Wire, body: bytes) -> None:
    server.body(body)
    alive(server)


def test_a_length_that_is_wrong_costs_that_message_alone(server: Wire) -> None:
    for wrong in (-5, 5):
        body = json.dumps({"jsonrpc": "2.0", "method": "none/such", "params": {"a": "b"}}).encode()
        server.raw(b"Content-Length: %d\r\n\r\n%s" % (len(body) + wrong, body))
        server.notify("none/such")  # what was said too much of is taken from this one
        alive(server)


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Length: nonsense\r\n\r\n",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x00\x01\x02\xff\r\n\r\n",
    ],
)
def test_a_header_that_is_none_is_passed_over(server: Wire, header: bytes) -> None:
    server.raw(header)
    alive(server)


def test_headers_come_in_any_order_and_case(server: Wire) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": "mine", "method": "none/such"}).encode()
    kind = b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n"
    for head in (b"%sContent-Length: %d\r\n\r\n", b"%scontent-length: %d\r\n\r\n"):
        server.raw(head % (kind, len(body)) + body)
        assert server.until(lambda m: m.get("id") == "mine")["error"]["code"] == -32601


def test_a_length_that_no_memory_holds_ends_nothing_but_the_session(fresh: Wire) -> None:
    fresh.start()
    fresh.raw(b"Content-Length: 999999999999999999999999\r\n\r\n{}")
    fresh.stdin.close()
    assert fresh.process.wait(PATIENCE) in (0, 1)
    assert "Traceback" not in fresh.stderr()


# --- methods at the wrong time, or none -----------------------------------------------------------


def test_unknown_methods_are_refused_and_unknown_notifications_passed_over(server: Wire) -> None:
    assert server.refused("none/such", {"a": 1}) == -32601
    assert server.refused("textDocument/declaration", {}) in (-32601, -32602)
    server.notify("none/such", {"a": 1})
    server.notify("$/none", None)
    alive(server)


def test_parameters_that_are_wrong_are_refused(server: Wire) -> None:
    wrong: tuple[object, ...] = (
        {},
        {"textDocument": {}},
        {"textDocument": {"uri": 3}, "position": "here"},
        7,
    )
    for params in wrong:
        assert server.refused("textDocument/hover", params) == -32602
    assert server.refused("workspace/executeCommand", {"command": "none.such"}) == -32602
    alive(server)


def test_before_initialize_all_is_refused(fresh: Wire) -> None:
    params = {"textDocument": {"uri": "file:///a/.env"}, "position": place(0, 0)}
    assert fresh.refused("textDocument/hover", params) == -32002
    assert fresh.refused("shutdown") == -32002
    fresh.open("file:///a/.env", WRONG)
    fresh.change("file:///a/.env", [{"text": "A=1"}])
    fresh.notify("textDocument/didClose", {"textDocument": {"uri": "file:///a/.env"}})
    fresh.start()
    alive(fresh)
    assert fresh.end() == 0
    assert fresh.stderr() == ""


def test_a_second_initialize_is_refused(server: Wire) -> None:
    assert server.refused("initialize", {"processId": None, "capabilities": {}}) == -32600
    alive(server)


def test_after_shutdown_all_is_refused_but_exit(fresh: Wire) -> None:
    fresh.start()
    fresh.request("shutdown")
    params = {"textDocument": {"uri": "file:///a/.env"}, "position": place(0, 0)}
    assert fresh.refused("textDocument/hover", params) == -32600
    assert fresh.refused("shutdown") == -32600
    fresh.open("file:///a/.env", WRONG)
    assert fresh.drain(0.3) == []
    fresh.notify("exit")
    assert fresh.process.wait(PATIENCE) == 0
    assert fresh.stderr() == ""


# --- documents ------------------------------------------------------------------------------------

AT: Message = {"position": place(0, 3)}
EVERYTHING: tuple[tuple[str, Message], ...] = (
    ("textDocument/hover", AT),
    ("textDocument/completion", AT),
    ("textDocument/documentLink", {}),
    ("textDocument/codeLens", {}),
    ("textDocument/inlayHint", {"range": stretch(0, 0, 9, 0)}),
    ("textDocument/codeAction", {"range": stretch(0, 0, 9, 0), "context": {"diagnostics": []}}),
)


def ask_everything(server: Wire, uri: str) -> list[object]:
    return [
        server.request(method, {"textDocument": {"uri": uri}, **params})
        for method, params in EVERYTHING
    ]


def test_of_what_is_not_open_nothing_is_known(server: Wire, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text(WRONG)
    for uri in ("file:///none/.env", path.as_uri(), "nonsense", "", "untitled:1", "http://a/.env"):
        assert ask_everything(server, uri) == [None] * len(EVERYTHING)
        server.replace(uri, WRONG)
        server.change(uri, [{"range": stretch(0, 0, 0, 1), "text": "x"}])
        server.close(uri)
        server.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    alive(server)


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:.env",
        "untitled:/some/where/.env",
        "vscode-notebook-cell:/a/b.env#W0sZmlsZQ%3D%3D",
        "file:///C%3A/Users/me/.env",
        "file:///c:/Users/me/.env",
        "file:///home/%E5%BC%A0%E4%B8%89/%E9%A1%B9%E7%9B%AE%20%E4%B8%80/.env",
        "file:///home/张三/项目 一/.env",
        "file:///home/a%20b/%F0%9F%98%80/.env",
        "file:///home/100%25/.env",
        "file:///home/%00/.env",
        "file:///home/%0A/.env",
        "file:///home/%ff%fe/.env",
        "file://server/share/.env",
        "file:///a?b/.env",
        "file:///a#b/.env",
        "git:/a/.env?ref=HEAD",
        "file:///" + "a" * 5000 + "/.env",
    ],
)
def test_any_uri_is_answered_under_its_own_name(server: Wire, uri: str) -> None:
    server.open(uri, WRONG)
    first = server.found(uri)
    version = server.replace(uri, "# nothing\n")
    assert server.found(uri, version) == []
    version = server.replace(uri, WRONG)
    assert server.found(uri, version) == first
    ask_everything(server, uri)
    server.close(uri)
    assert server.found(uri, None) == []
    alive(server)


def test_a_uri_in_another_spelling_is_the_same_document(server: Wire) -> None:
    server.open("file:///c%3A/a%20b/.env", WRONG)
    server.codes("file:///c%3A/a%20b/.env")
    about = {"textDocument": {"uri": "file:///c:/a b/.env"}, "position": place(0, 3)}
    assert server.request("textDocument/hover", about) is not None
    server.close("file:///c%3A/a%20b/.env")


TEXTS = {
    "nothing": "",
    "NUL": "A=\x00\nUSE_MODELSCOPE=T\x00\n",
    "a lone surrogate": "HF_TOKEN=\ud83d\nUSE_MODELSCOPE=\udc00Ture\n",
    "a mark": "\ufeffUSE_MODELSCOPE=Ture\n",
    "separators": "A=1\x0bB\x0c\u2028USE_MODELSCOPE=Ture\x85\n",
    "carriage returns": "A=1\rUSE_MODELSCOPE=Ture\r\rB=2",
    "one long line": "A=" + "x" * 300_000,
    "many quotes": "A='" + "\n'" * 20_000,
    "many brackets": "model: " + "[" * 20_000,
    "many brackets behind a comment": "# qtune: ignore-file[CFG001]\nmodel: " + "[" * 20_000,
    "deep": "(" * 5_000 + ")" * 5_000,
    "anchors": "a: &a [x]\n" + "b: [*a, *a, *a]\n" * 2_000,
    "emoji": "USE_MODELSCOPE=😀Ture\n",
}


@pytest.mark.parametrize("name", [".env", "run.yaml", "a.py", "b.ipynb", "c.jsonl", "d.txt"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_text_is_judged(server: Wire, name: str, text: str) -> None:
    uri = f"file:///nowhere/{name}"
    server.open(uri, text)
    server.codes(uri)
    ask_everything(server, uri)
    for line, character in ((0, 10**6), (10**6, 0), (2**31 - 1, 2**31 - 1)):
        for method in ("textDocument/hover", "textDocument/completion"):
            about = {"textDocument": {"uri": uri}, "position": place(line, character)}
            server.request(method, about)
    server.close(uri)
    assert server.codes(uri, None) == []


def test_places_that_are_none_are_refused(server: Wire) -> None:
    uri = "file:///nowhere/places/.env"
    server.open(uri, WRONG)
    for bad in ({"line": -1, "character": 0}, {"line": 0, "character": -1}):
        answered = server.answer(
            server.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": bad})
        )
        assert "error" not in answered or answered["error"]["code"] == -32602
    server.close(uri)
    alive(server)


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (stretch(0, 19, 0, 15), "USE_MODELSCOPE="),  # from behind to ahead
        (stretch(0, 15, 0, 99), "USE_MODELSCOPE="),  # a character beyond the line is the line's end
        (stretch(0, 15, 99, 99), "USE_MODELSCOPE="),
        (stretch(1, 0, 0, 15), "USE_MODELSCOPE="),
        (stretch(99, 0, 99, 0), WRONG.strip()),
        (stretch(0, 99, 0, 99), WRONG.strip()),
    ],
)
def test_a_range_that_is_not_in_the_text_is_the_nearest_that_is(
    server: Wire, change: Message, left: str
) -> None:
    uri = "file:///nowhere/ranges/.env"
    server.open(uri, WRONG.strip())
    server.found(uri)
    version = server.change(uri, [{"range": change, "text": "\nUSE_MODELSCOPE=Fals"}])
    told = server.found(uri, version)
    server.open(uri, left + "\nUSE_MODELSCOPE=Fals")
    assert told == server.found(uri)
    server.close(uri)


def test_a_document_that_is_opened_twice_is_the_second(server: Wire) -> None:
    uri = "file:///nowhere/twice/.env"
    server.open(uri, WRONG)
    assert server.codes(uri) == ["ENV805"]
    server.open(uri, "USE_MODELSCOPE=True\n")
    assert server.codes(uri) == []
    server.close(uri)


def test_versions_that_do_not_rise_are_no_reason_to_keep_an_old_text(server: Wire) -> None:
    uri = "file:///nowhere/same/.env"
    server.open(uri, WRONG, version=7)
    assert server.codes(uri, 7) == ["ENV805"]
    for text, codes in (("A=1\n", []), (WRONG, ["ENV805"])):
        document = {"uri": uri, "version": 7}
        change = {"textDocument": document, "contentChanges": [{"text": text}]}
        server.notify("textDocument/didChange", change)
        assert server.codes(uri, 7) == codes
    server.close(uri)


def test_a_huge_document_is_left_alone_and_the_others_go_on(server: Wire) -> None:
    lines = "USE_MODELSCOPE=Ture  # 10 MB of it\n"
    text = lines * (10 * 2**20 // len(lines))
    for name in (".env", "run.yaml", "a.py", "nb.ipynb", "data.jsonl", "none.txt"):
        uri = f"file:///nowhere/huge/{name}"
        began = time.monotonic()
        server.open(uri, text)
        told = server.found(uri)
        assert len(told) <= 1  # that it is too large, or nothing
        assert time.monotonic() - began < 5
        version = server.change(uri, [{"range": stretch(5, 0, 5, 3), "text": "A"}])
        server.found(uri, version)
        ask_everything(server, uri)
        alive(server)
        server.close(uri)
        assert server.found(uri, None) == []


def test_why_a_huge_document_shows_nothing_is_told_once(server: Wire) -> None:
    uri = "file:///nowhere/told/.env"
    server.open(uri, "A=1\n" * (2 << 20))
    told = server.until(lambda message: message.get("method") == "window/logMessage")
    assert ".env has more than 4 million characters" in told["params"]["message"]
    server.found(uri)
    server.close(uri)
    server.found(uri, None)


TOKEN = "hf_" + "QwErTyUiOpAsDfGhJkLzXcVbNm12345678"
BUG = f"""
import qtune.doctor.documents.hover as hover
def boom(*given, **more):
    raise RuntimeError("no hover for {TOKEN}")
hover.hover = boom
from qtune.doctor.lsp.server import main
main()
"""


def test_of_a_bug_the_client_hears_a_word_and_the_log_the_rest_without_secrets(
    tmp_path: Path,
) -> None:
    with wire(tmp_path, command=(sys.executable, "-P", "-c", BUG)) as running:
        running.start(tmp_path)
        uri = (tmp_path / ".env").as_uri()
        running.open(uri, WRONG)
        asked = {"textDocument": {"uri": uri}, "position": place(0, 2)}
        answer = running.answer(running.ask("textDocument/hover", asked))
        assert answer["error"]["code"] == -32603
        assert answer["error"]["message"].startswith("a bug in qtune: ")
        assert "Traceback" not in json.dumps(answer)
        alive(running)
        assert running.end() == 0
        assert "boom" in running.stderr()
        assert TOKEN not in running.stderr() and TOKEN.encode() not in running.said


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_bounded_by_what_lies_open(fresh: Wire) -> None:
    def peak() -> int:
        status = Path(f"/proc/{fresh.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line) >> 10

    fresh.start()
    alive(fresh)
    before = peak()
    text = "A=1\n" * (10 * 2**18)
    for number in range(4):
        uri = f"file:///nowhere/{number}/.env"
        fresh.open(uri, text)
        fresh.found(uri)
        fresh.close(uri)
        fresh.found(uri, None)
    assert peak() < before + 80  # MB: a few copies of one such document, not of all


# --- the process ----------------------------------------------------------------------------------


def test_the_end_is_as_the_protocol_has_it(tmp_path: Path) -> None:
    with wire(tmp_path / "a") as server:
        server.start()
        assert server.end() == 0
        assert server.stderr() == ""
    with wire(tmp_path / "b") as server:
        server.start()
        server.notify("exit")
        assert server.process.wait(PATIENCE) == 1
        assert server.stderr() == ""
    with wire(tmp_path / "c") as server:
        server.notify("exit")  # before anything else
        assert server.process.wait(PATIENCE) == 1
        assert server.stderr() == ""


@pytest.mark.parametrize("started", [True, False])
def test_a_client_that_is_gone_ends_the_server(fresh: Wire, started: bool) -> None:
    if started:
        fresh.start()
        fresh.open("file:///a/.env", WRONG)
        fresh.codes("file:///a/.env")
    else:
        assert fresh.refused("none/such") == -32002  # it listens
    fresh.stdin.close()
    fresh.process.wait(2)
    assert fresh.stderr() == ""


def test_a_client_that_is_gone_in_the_middle_of_a_word_ends_the_server(fresh: Wire) -> None:
    fresh.start()
    fresh.raw(b'Content-Length: 100\r\n\r\n{"jsonrpc"')
    fresh.stdin.close()
    fresh.process.wait(2)
    assert "Traceback" not in fresh.stderr()


def test_a_client_that_does_not_listen_any_more_ends_the_server(tmp_path: Path) -> None:
    """Its stdout is gone, its stdin is not."""
    home = tmp_path
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            (sys.executable, "-m", "qtune", "lsp"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment(home),
        )
    assert process.stdin is not None and process.stdout is not None
    process.stdout.close()
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}
    body = json.dumps({**request, "params": {"processId": None, "capabilities": {}}}).encode()
    process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    process.stdin.flush()
    process.wait(5)
    process.stdin.close()
    assert "Traceback" not in (home / "log").read_text()


_HOLDS = """\
import os, subprocess, sys, time
server = subprocess.Popen([sys.executable, "-m", "qtune", "lsp"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
holder = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=[server.stdin.fileno()])
body = b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":%d,"capabilities":{}}}' % os.getpid()
server.stdin.write(b"Content-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
server.stdin.flush()
print(server.pid, holder.pid, flush=True)
time.sleep(60)
"""


@POSIX
@pytest.mark.slow
def test_a_client_that_was_killed_ends_the_server_though_its_pipe_is_held(tmp_path: Path) -> None:
    client = subprocess.Popen(
        [sys.executable, "-c", _HOLDS], stdout=subprocess.PIPE, env=environment(tmp_path)
    )
    assert client.stdout is not None
    server, holder = map(int, client.stdout.readline().split())
    time.sleep(2)  # it is initialized
    assert Path(f"/proc/{server}").exists() or sys.platform != "linux"
    client.kill()
    client.wait()
    client.stdout.close()
    try:
        assert _ends(server, 12)
    finally:
        os.kill(holder, signal.SIGKILL)


def _ends(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # dead; nobody has waited for it yet
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.1)
    return False


@POSIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("started", [True, False])
def test_signals_end_it_quietly(fresh: Wire, number: signal.Signals, started: bool) -> None:
    if started:
        fresh.start()
        alive(fresh)
    else:
        assert fresh.refused("none/such") == -32002  # it listens
    fresh.process.send_signal(number)
    fresh.process.wait(3)
    assert fresh.stderr() == ""


def test_what_is_printed_does_not_reach_the_client(tmp_path: Path) -> None:
    """By a module that is loaded with it, at any time, in any of the ways to print."""
    site = tmp_path / "site"
    site.mkdir()
    go = tmp_path / "go"
    (site / "sitecustomize.py").write_text(
        "import os, pathlib, subprocess, sys, threading, time\n"
        "def shout():\n"
        f"    while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
        "    for number in range(20):\n"
        "        time.sleep(0.02)\n"
        "        print('SHOUTED', number)\n"
        "        sys.__stdout__.write('SHOUTED\\n'); sys.__stdout__.flush()\n"
        "        os.write(1, b'SHOUTED\\n')\n"
        "    subprocess.run([sys.executable, '-c', 'print(\"SHOUTED by a child\")'])\n"
        "threading.Thread(target=shout, daemon=True).start()\n"
    )
    with wire(tmp_path / "home", extra={"PYTHONPATH": str(site)}) as server:
        server.start()
        go.touch()
        end = time.monotonic() + PATIENCE
        while "SHOUTED by a child" not in server.stderr() and time.monotonic() < end:
            alive(server)
        assert "SHOUTED by a child" in server.stderr() and "SHOUTED 19" in server.stderr()
        assert b"SHOUTED" not in server.said
