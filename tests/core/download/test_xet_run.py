"""The child that fetches by Xet: exact bytes, no secret, no life of its own, and an end at once."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from qtune.core.download import xet
from qtune.core.download.xet import worth_going_on
from qtune.core.download.xet_hub import XetHub, candidate
from qtune.core.download.xet_run import State, XetRun
from qtune.core.errors import Unreachable
from qtune.core.http import open_client
from qtune.core.hub.interface import RepoFile
from qtune.core.hub.open import open_hub
from qtune.core.hub.xet import XetAccess
from qtune.core.secret import Secret
from qtune.core.settings import Settings
from qtune.core.sources import Source
from qtune.core.text import Text
from tests.core.download.downloading import at
from tests.hub import Fault, Hub, Kind, Proxy, Repo, worlds
from tests.hub.cas import PACK

SIZE = 5 * PACK + 12_345
ROOT = Path(__file__).resolve().parents[3]
FOREVER_S = 30.0  # against a test that hangs; nothing is measured by it


@pytest.fixture(scope="module")
def repo() -> Repo:
    return Repo("o/n", {"model.safetensors": os.urandom(SIZE)})


@pytest.fixture
def hub(repo: Repo) -> Iterator[Hub]:
    with Hub([repo], worlds.USERS, xet=True) as running:
        yield running


def _file(repo: Repo) -> RepoFile:
    file = repo.entries["model.safetensors"]
    return RepoFile(file.path, file.size, file.sha256, None, True, file.xet_hash)


@contextlib.contextmanager
def _running(hub: Hub, repo: Repo, settings: Settings, cas: str = "") -> Iterator[XetRun]:
    access = XetAccess(cas or hub.cas_url, Secret(f"xet_{repo.commit}"), int(time.time()) + 3600)
    run = XetRun(access, settings)
    try:
        assert run.serves(FOREVER_S), run.why
        yield run
    finally:
        run.stop()


def _get(url: str, start: int, end: int) -> bytes:
    """Bytes of one range; short where the connection ends early."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=FOREVER_S)
    with contextlib.closing(connection):
        connection.request("GET", parts.path, headers={"Range": f"bytes={start}-{end - 1}"})
        answer = connection.getresponse()
        assert answer.status == 206
        assert answer.getheader("Content-Range") == f"bytes {start}-{end - 1}/{SIZE}"
        try:
            return answer.read()
        except http.client.IncompleteRead as error:
            return error.partial


def test_what_it_serves_are_exactly_the_bytes_asked_for(
    hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    data = repo.files["model.safetensors"]
    with _running(hub, repo, at(hub, tmp_path)) as run:
        url = run.url_of(_file(repo))
        assert url is not None
        asked = [(0, SIZE), (PACK - 1, PACK + 1), (SIZE - 1, SIZE), (7, 3 * PACK)]
        threads = []
        got: dict[tuple[int, int], bytes] = {}
        for span in asked:
            threads.append(threading.Thread(target=lambda s=span: got.update({s: _get(url, *s)})))
            threads[-1].start()
        for thread in threads:
            thread.join(FOREVER_S)
        assert {span: got[span] == data[slice(*span)] for span in asked} == dict.fromkeys(
            asked, True
        )
    assert run.bytes_done == sum(end - start for start, end in asked)
    assert run.poll() is State.STOPPED
    assert run.url_of(_file(repo)) is None
    assert {r.authorization for r in hub.seen("cas", "/v2/*")} == {f"Bearer xet_{repo.commit}"}
    assert not hub.seen("cas", method="POST")  # its report of how it went


def test_without_a_range_it_answers_with_the_whole(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    with _running(hub, repo, at(hub, tmp_path)) as run:
        parts = urlsplit(run.url_of(_file(repo)) or "")
        connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=FOREVER_S)
        with contextlib.closing(connection):
            for _ in range(2):  # over one connection
                connection.request("GET", parts.path)
                answer = connection.getresponse()
                assert (answer.status, answer.getheader("Content-Range")) == (200, None)
                assert answer.read() == repo.files["model.safetensors"]


def test_whoever_has_not_the_key_is_given_nothing(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    with _running(hub, repo, at(hub, tmp_path)) as run:
        parts = urlsplit(run.url_of(_file(repo)) or "")
        _, _, name, size = parts.path.split("/")
        for path in (f"/{'0' * 32}/{name}/{size}", f"//{name}/{size}", f"{parts.path}/..", "/"):
            connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=FOREVER_S)
            with contextlib.closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                assert (answer.status, answer.read()) == (404, b"")
    assert not hub.seen("cas", "/v2/*")


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.REFUSED, "cas"),
        Fault(Kind.STATUS, "cas", "/v2/*", status=401),
        Fault(Kind.STATUS, "cas", "/xorbs/*", status=403),
        Fault(Kind.TRUNCATED, "cas", "/xorbs/*"),
        Fault(Kind.CORRUPT, "cas", "/xorbs/*", after=1),
        Fault(Kind.HTML, "cas"),
    ],
    ids=lambda fault: fault.kind,
)
def test_at_the_first_fault_it_has_failed_and_says_why(
    fault: Fault, hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    with _running(hub, repo, at(hub, tmp_path)) as run:
        url = run.url_of(_file(repo))
        assert url is not None
        hub.fault(fault)
        got = _get(url, 0, SIZE)
        assert got == repo.files["model.safetensors"][: len(got)] and len(got) < SIZE
        _until(lambda: run.poll() is State.FAILED)
        assert run.why is not None and run.why.en
        assert "Signature" not in run.why.en and repo.commit not in run.why.en


def test_a_store_that_falls_silent_in_the_middle_is_given_up_and_the_child_ends_at_once(
    hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    hub.fault(Fault(Kind.STALL, "cas", "/xorbs/*", skip=2, after=1000))
    with _running(hub, repo, at(hub, tmp_path, HF_HUB_DOWNLOAD_TIMEOUT="60")) as run:
        url = run.url_of(_file(repo))
        assert url is not None
        run.begins_now()
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(_get(url, 0, SIZE)))
        reader.start()
        _until(lambda: run.bytes_done > 0)
        elapsed, came = run.lately(time.monotonic())
        assert worth_going_on(elapsed, came, 0.0)
        later = run.lately(time.monotonic() + xet.DEAD_S + 1)  # if no more comes until then
        assert later == (xet.DEAD_S, 0) and not worth_going_on(*later, 0.0)
        run.stop(Text("too slow", "太慢"))
        reader.join(FOREVER_S)
        assert got and 0 < len(got[0]) < SIZE
        assert got[0] == repo.files["model.safetensors"][: len(got[0])]
        assert run.why == Text("too slow", "太慢")


def test_the_child_has_no_token_of_the_users_and_no_secret_in_its_command_line(
    hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", worlds.GOOD)
    with _running(hub, repo, at(hub, tmp_path, HF_TOKEN=worlds.GOOD)) as run:
        proc = Path(f"/proc/{run._process.pid}")
        if not proc.exists():
            pytest.skip("no /proc")
        seen = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
        assert b"HF_XET_CLIENT_RETRY_MAX_ATTEMPTS=2" in seen
        for secret in (worlds.GOOD, f"xet_{repo.commit}", run._key):
            assert secret.encode() not in seen


def test_the_users_own_values_go_before_ours(
    hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_XET_CLIENT_RETRY_MAX_ATTEMPTS", "9")
    cache = tmp_path / "chunks"
    settings = at(hub, tmp_path, HF_XET_HIGH_PERFORMANCE="1", HF_XET_CACHE=str(cache))
    with _running(hub, repo, settings) as run:
        environ = Path(f"/proc/{run._process.pid}/environ")
        if not environ.exists():
            pytest.skip("no /proc")
        seen = environ.read_text().split("\0")
        assert "HF_XET_CLIENT_RETRY_MAX_ATTEMPTS=9" in seen and "HF_XET_HIGH_PERFORMANCE=1" in seen
        assert f"HF_XET_CACHE={cache}" in seen
        assert not [line for line in seen if line.startswith("HF_XET_RECONSTRUCTION_")]
        _get(run.url_of(_file(repo)) or "", 0, 10)
    assert cache.exists() and not (tmp_path / "hf" / "xet").exists()


ORPHAN = """
import sys, time
from tests.core.download.test_xet_run import XetRun, XetAccess, Secret
from qtune.core.settings import resolve
run = XetRun(XetAccess(sys.argv[1], Secret("xet_token"), int(time.time()) + 3600), resolve(environ={}))
assert run.serves(30)
print(run._process.pid, run._port, flush=True)
time.sleep(60)
"""


def test_it_ends_when_its_parent_is_killed(hub: Hub) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, hub.cas_url],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline().split()[1])
        parent.kill()
    _until(lambda: not _listens(port))


def _listens(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=FOREVER_S)
    with contextlib.closing(connection):
        try:
            connection.connect()
        except OSError:
            return False
        return True


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing there")
def test_the_terminals_interrupt_is_the_parents_to_answer(
    hub: Hub, repo: Repo, tmp_path: Path
) -> None:
    with _running(hub, repo, at(hub, tmp_path)) as run:
        os.kill(run._process.pid, signal.SIGINT)
        assert len(_get(run.url_of(_file(repo)) or "", 0, SIZE)) == SIZE


def test_a_version_of_hf_xet_that_has_no_streams_is_told_as_such(
    hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hf_xet.py").write_text("def download_files(): ...")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    access = XetAccess(hub.cas_url, Secret("xet_token"), int(time.time()) + 3600)
    run = XetRun(access, at(hub, tmp_path))
    assert not run.serves(FOREVER_S)
    run.stop()
    assert run.why is not None and "version of hf_xet" in run.why.en


SHORT = """
class XetFileInfo:
    def __init__(self, name, size): ...
class XetSession:
    def new_download_stream_group(self, **given): return self
    def download_stream(self, info, start, end): return [b"x" * (end - start - 1)]
"""


def test_a_stream_that_ends_early_in_silence_is_a_fault(
    hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As hf_xet 1.8 does now and then where the store refuses connections: no error, and no bytes."""
    (tmp_path / "hf_xet.py").write_text(SHORT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with _running(hub, repo, at(hub, tmp_path)) as run:
        assert _get(run.url_of(_file(repo)) or "", 0, SIZE) == b""
        _until(lambda: run.poll() is State.FAILED)
        assert run.why is not None and "1 bytes early" in run.why.en


def test_a_child_that_dies_has_failed(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    with _running(hub, repo, at(hub, tmp_path)) as run:
        run._process.kill()
        _until(lambda: run.poll() is State.FAILED)
        assert run.url_of(_file(repo)) is None and run.why is not None


def test_it_goes_through_the_users_proxy(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    port = urlsplit(hub.cas_url).port
    with Proxy(routes={"cas.invalid": f"127.0.0.1:{port}"}) as proxy:
        settings = at(hub, tmp_path, HTTP_PROXY=proxy.url, NO_PROXY="localhost")
        with _running(hub, repo, settings, "http://cas.invalid") as run:
            assert len(_get(run.url_of(_file(repo)) or "", 0, SIZE)) == SIZE
        assert proxy.requests


def test_it_trusts_the_users_authority_and_nobody_without_one(repo: Repo, tmp_path: Path) -> None:
    with Hub([repo], xet=True, tls=True) as hub:
        settings = at(hub, tmp_path, SSL_CERT_FILE=str(hub.ca_file))
        with _running(hub, repo, settings) as run:
            assert len(_get(run.url_of(_file(repo)) or "", 0, SIZE)) == SIZE
        with _running(hub, repo, at(hub, tmp_path)) as run:
            assert _get(run.url_of(_file(repo)) or "", 0, SIZE) == b""
            _until(lambda: run.poll() is State.FAILED)


def test_a_token_near_its_end_is_not_used(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    access = XetAccess(hub.cas_url, Secret("xet_token"), int(time.time()) + 30)
    run = XetRun(access, at(hub, tmp_path))
    try:
        assert run.serves(FOREVER_S) and run.url_of(_file(repo)) is None
    finally:
        run.stop()


def test_a_newer_token_is_used_from_then_on(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    run = XetRun(XetAccess(hub.cas_url, Secret("xet_old"), int(time.time())), at(hub, tmp_path))
    try:
        assert run.serves(FOREVER_S) and run.url_of(_file(repo)) is None
        newer = XetAccess(hub.cas_url, Secret(f"xet_{repo.commit}"), int(time.time()) + 3600)
        run.renew(newer)
        _until(lambda: run.url_of(_file(repo)) is not None)
        assert len(_get(run.url_of(_file(repo)) or "", 0, SIZE)) == SIZE
        assert {r.status for r in hub.seen("cas", "/v2/*")} == {200}
    finally:
        run.stop()


@contextlib.contextmanager
def _source(
    hub: Hub, repo: Repo, settings: Settings
) -> Iterator[tuple[XetHub | None, Text | None]]:
    """Begun if it may be, and why it could not."""
    with open_client(settings) as client:
        opened = open_hub(Source("huggingface", hub.hf_url), settings, client)
        found = candidate(opened, opened.manifest(repo.id), settings)
        try:
            yield found, found.begin(settings) if found is not None else None
        finally:
            if found is not None:
                found.end()


def test_as_a_source_it_has_a_name_of_its_own_and_addresses_until_it_ends(
    hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xet, "LEAST", 1 << 20)
    with _source(hub, repo, at(hub, tmp_path, HF_TOKEN=worlds.GOOD)) as (found, why):
        assert found is not None and why is None
        assert found.source.name != "huggingface" and "Xet" in found.source.title
        place = found.address(repo.id, repo.commit, "model.safetensors")
        assert place.headers == {} and _get(place.url, 5, 9) == repo.files["model.safetensors"][5:9]
        with pytest.raises(Unreachable):
            found.address(repo.id, repo.commit, "config.json")
        found.end(Text("too slow", "太慢"))
        with pytest.raises(Unreachable, match="too slow"):
            found.address(repo.id, repo.commit, "model.safetensors")
    assert hub.carrying(worlds.GOOD) == {"hf"}


def test_a_store_that_is_closed_begins_no_process(
    hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xet, "LEAST", 1 << 20)
    hub.fault(Fault(Kind.REFUSED, "cas"))
    with _source(hub, repo, at(hub, tmp_path)) as (found, why):
        assert found is not None and found.run is None and why is not None
        with pytest.raises(Unreachable):
            found.address(repo.id, repo.commit, "model.safetensors")


def test_ended_before_it_has_begun_it_leaves_no_process(
    hub: Hub, repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xet, "LEAST", 1 << 20)
    settings = at(hub, tmp_path)
    with _source(hub, repo, settings) as (found, _):
        assert found is not None
        found.end()
        found.begin(settings)
        assert found.run is not None and found.run.poll() is State.STOPPED


@pytest.mark.parametrize(
    "changes",
    [{"QTUNE_TRUSTED_HOSTS": ""}, {"HF_HUB_DISABLE_XET": "1"}],
    ids=lambda c: next(iter(c)),
)
def test_where_something_forbids_it_nothing_is_asked_for(
    changes: dict[str, str],
    hub: Hub,
    repo: Repo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xet, "LEAST", 1 << 20)
    with _source(hub, repo, at(hub, tmp_path, **changes)) as (found, _):
        assert found is None
    assert not hub.seen("cas") and not hub.seen(path="*xet-read-token*")


def test_of_small_files_nothing_is_begun(hub: Hub, repo: Repo, tmp_path: Path) -> None:
    assert SIZE < xet.LEAST
    with _source(hub, repo, at(hub, tmp_path)) as (found, _):
        assert found is None
    assert not hub.seen("cas") and not hub.seen(path="*xet-read-token*")


def _until(ready: object) -> None:
    assert callable(ready)
    ends = time.monotonic() + FOREVER_S
    while not ready():
        assert time.monotonic() < ends
        time.sleep(0.01)
