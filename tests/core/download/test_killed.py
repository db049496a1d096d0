"""Whatever ends a download, at whatever instant: the next run goes on, and nothing whole is fetched twice."""

from __future__ import annotations

import _thread
import json
import random
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.core.download.downloading import (
    FROM_HF,
    FROM_MS,
    Changes,
    bodies,
    child,
    contents,
    expected,
    finished,
    get,
    kept,
    repo_folder,
)
from tests.hub import Fault, File, Hub, Repo, sdk, weights, worlds


def _model(shards: int = 4, size: int = 400_000) -> Repo:
    base = worlds.qwen3(1000)
    files = {
        f"shard-{n}.safetensors": weights.of_size((f"w{n}",), size, seed=10 + n)
        for n in range(shards)
    }
    return Repo(worlds.QWEN, {**base.files, **files})


def _whole(home: Path, repo: Repo) -> list[File]:
    folder = repo_folder(home, repo.id) / "blobs"
    return [f for f in repo.entries.values() if (folder / f.etag).exists()]


def _sent(hub: Hub, file: File) -> int:
    """Bytes of this file that any origin sent, wherever each hub keeps its files."""
    return sum(
        request.body_bytes_sent
        for request in hub.seen(method="GET")
        if request.path.endswith((f"/{file.sha256}", f"/{file.path}"))
        or request.query.get("FilePath") == file.path
    )


@pytest.mark.slow
@pytest.mark.parametrize("source", [FROM_HF, FROM_MS], ids=["huggingface", "modelscope"])
def test_killed_at_ten_random_moments(tmp_path: Path, source: Changes) -> None:
    """Acceptance: byte-identical, completed files not fetched twice, found by the real library."""
    repo = _model()
    rng = random.Random(20260901)
    with Hub([repo]) as hub:
        for origin in ("cdn", "ms-cdn"):
            hub.fault(Fault("slow", origin, method="GET", bytes_per_second=300_000))
        spared: set[str] = set()
        for _ in range(10):
            already = [(file, _sent(hub, file)) for file in _whole(tmp_path, repo)]
            process = child(hub, tmp_path, repo.id, QTUNE_CONNECTIONS="3", **source)
            assert process.stdout is not None and process.stdout.readline() == "START\n"
            time.sleep(rng.uniform(0.0, 0.8))
            process.send_signal(signal.SIGKILL)
            finished(process)
            for file, sent in already:
                assert sent >= file.size
                assert _sent(hub, file) == sent, f"{file.path} was whole, and fetched again"
                spared.add(file.path)
        assert {"config.json", "shard-0.safetensors"} & spared, "killed too early to prove anything"
        hub.heal()
        output = finished(child(hub, tmp_path, repo.id, **source))
        assert "DONE" in output, output
        found = get(hub, tmp_path, repo.id, **source)
        assert contents(found.path) == expected(repo)
        assert found.bytes_fetched == 0
        large = {f.sha256: f.size for f in repo.entries.values() if f.large}
        sent = sum(r.body_bytes_sent for o in ("cdn", "ms-cdn") for r in hub.seen(o))
        # What was in flight in a socket when the process died is all that is sent again.
        assert sent < sum(large.values()) * 1.5
        outcome = sdk.python(
            "from huggingface_hub import snapshot_download\n"
            f"done(snapshot_download({repo.id!r}, local_files_only=True))",
            sdk.environ(hub, tmp_path, HF_HUB_OFFLINE="1"),
            tmp_path,
        )
    assert outcome.error is None, outcome.output
    assert contents(Path(outcome.value)) == expected(repo)


def test_killed_in_the_middle_of_a_file_it_goes_on_there(tmp_path: Path) -> None:
    repo = _model(shards=1, size=2_000_000)
    (name,) = (f.sha256 for f in repo.entries.values() if f.path == "shard-0.safetensors")
    with Hub([repo]) as hub:
        slow = hub.fault(Fault("slow", "cdn", method="GET", bytes_per_second=1_000_000))
        process = child(hub, tmp_path, repo.id, **FROM_HF)
        _wait_until(lambda: kept(tmp_path, repo.id) > 500_000)
        process.kill()
        finished(process)
        here = kept(tmp_path, repo.id)
        hub.lift(slow)
        hub.forget()
        found = get(hub, tmp_path, repo.id, **FROM_HF)
        assert contents(found.path) == expected(repo)
        assert bodies(hub, f"*{name}") == repo.entries["shard-0.safetensors"].size - here


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process")
@pytest.mark.parametrize("kind", ["slow", "silent"])
def test_interrupted_it_ends_within_a_second_and_keeps_what_it_has(
    tmp_path: Path, kind: str
) -> None:
    repo = _model()
    with Hub([repo]) as hub:
        fault = (
            Fault("slow", "cdn", method="GET", bytes_per_second=50_000)
            if kind == "slow"
            else Fault("stall", "cdn", method="GET", after=1000)
        )
        hub.fault(fault)
        process = child(hub, tmp_path, repo.id, HF_HUB_DOWNLOAD_TIMEOUT="30", **FROM_HF)
        _wait_until(lambda: kept(tmp_path, repo.id) > 0)
        _wait_until(lambda: len(hub.seen("cdn", method="GET")) >= 4)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        output = finished(process)
        took = time.monotonic() - started
        assert "KeyboardInterrupt" in output
        assert process.returncode != 0
        assert took < 1.5, f"{took:.2f} s"  # a second, and the interpreter's own end
        here = kept(tmp_path, repo.id)
        assert here > 0
        hub.heal()
        found = get(hub, tmp_path, repo.id, **FROM_HF)
        assert contents(found.path) == expected(repo)
        assert found.bytes_fetched <= repo.size - here


def test_used_as_a_library_an_interrupt_leaves_no_thread_behind(hub: Hub, tmp_path: Path) -> None:
    hub.fault(Fault("stall", "cdn", method="GET", after=1000))

    def interrupt() -> None:
        hub.wait_for(lambda seen: sum(r.body_bytes_sent >= 1000 for r in seen) >= 2)
        _thread.interrupt_main()

    before = set(threading.enumerate())  # other tests of this process may have left theirs
    helper = threading.Thread(target=interrupt)
    helper.start()
    with pytest.raises(KeyboardInterrupt):
        get(hub, tmp_path, worlds.QWEN, HF_HUB_DOWNLOAD_TIMEOUT="30", **FROM_HF)
    helper.join()
    ours = ("download ", "verify ")
    _wait_until(
        lambda: not any(t.name.startswith(ours) for t in set(threading.enumerate()) - before)
    )


def test_two_processes_share_one_download(tmp_path: Path) -> None:
    repo = _model()
    with Hub([repo]) as hub:
        slow = Fault("slow", "cdn", method="GET", bytes_per_second=80_000)
        hub.fault(slow)
        first = child(hub, tmp_path, repo.id, **FROM_HF)
        _wait_until(lambda: bool(hub.seen("cdn", method="GET")))
        second = child(hub, tmp_path, repo.id, **FROM_HF)
        outputs = [finished(first), finished(second)]
        assert all("DONE" in output for output in outputs), outputs
        assert "waiting for it" in outputs[1]
        large = sum(f.size for f in repo.entries.values() if f.large)
        # Where one connection takes the rest of another, that one has been sent a little more.
        assert large <= sum(r.body_bytes_sent for r in hub.seen("cdn")) < large * 1.05
        found = get(hub, tmp_path, repo.id, **FROM_HF)
        assert contents(found.path) == expected(repo)


def test_who_waited_keeps_what_the_other_process_knows_of_the_files(tmp_path: Path) -> None:
    repo = _model()
    with Hub([repo]) as hub:
        fault = hub.fault(Fault("latency", "cdn", method="GET", seconds=1.0))
        first = child(hub, tmp_path, repo.id, **FROM_HF)
        _wait_until(lambda: bool(hub.seen("cdn", method="GET")))
        second = child(hub, tmp_path, repo.id, **FROM_HF)
        assert second.stdout is not None
        while "waiting for it" not in second.stdout.readline():
            assert second.poll() is None
        hub.lift(fault)
        outputs = [finished(first), finished(second)]
        assert all("DONE" in output for output in outputs), outputs
        ledger = repo_folder(tmp_path, repo.id) / ".qtune" / "provenance.json"
        sources = {e["source"] for e in json.loads(ledger.read_text())["files"].values()}
        assert sources == {"huggingface"}


def test_the_next_process_takes_over_from_one_that_was_killed(tmp_path: Path) -> None:
    repo = _model()
    with Hub([repo]) as hub:
        slow = hub.fault(Fault("slow", "cdn", method="GET", bytes_per_second=100_000))
        first = child(hub, tmp_path, repo.id, **FROM_HF)
        _wait_until(lambda: bool(hub.seen("cdn", method="GET")))
        second = child(hub, tmp_path, repo.id, **FROM_HF)
        assert second.stdout is not None
        while "waiting for it" not in second.stdout.readline():
            assert second.poll() is None
        hub.lift(slow)
        first.kill()
        finished(first)
        assert "DONE" in finished(second)
        assert contents(get(hub, tmp_path, repo.id, **FROM_HF).path) == expected(repo)


def test_what_a_kill_left_of_a_small_file_goes_with_the_next_run(hub: Hub, tmp_path: Path) -> None:
    """Under a name that this listing does not know: another hub's hash of the same content."""
    partial = repo_folder(tmp_path, worlds.QWEN) / ".qtune" / "partial"
    partial.mkdir(parents=True)
    (partial / f"{'a' * 64}.part").write_bytes(b"{}")
    large = partial / f"{'b' * 64}.part"
    large.write_bytes(bytes(100_000))
    get(hub, tmp_path, worlds.QWEN, **FROM_HF)
    assert list(partial.iterdir()) == [large]


def _wait_until(true: object, timeout: float = 20.0) -> None:
    assert callable(true)
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)
