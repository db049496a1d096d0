"""Several processes want the same model at once: one fetches it, each ends with the same right files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.core.download.downloading import (
    CHILD,
    FROM_HF,
    ROOT,
    at,
    contents,
    expected,
    get,
    kept,
    repo_folder,
)
from tests.core.download.locking import told
from tests.hub import Fault, Hub, Repo, weights, worlds


def _model() -> Repo:
    base = worlds.qwen3(1000)
    shards = {
        f"shard-{n}.safetensors": weights.of_size((f"w{n}",), 400_000, seed=30 + n)
        for n in range(3)
    }
    return Repo(worlds.QWEN, {**base.files, **shards})


def _begin(hub: Hub, home: Path, repo: Repo, limits: str = "") -> subprocess.Popen[str]:
    """A download whose lock has other limits."""
    environ = {v.setting.key: v.text for v in at(hub, home, **FROM_HF) if v.text}
    return subprocess.Popen(
        [
            *(sys.executable, "-c", f"from qtune.core.download import lock\n{limits}\n{CHILD}"),
            json.dumps({"repo": repo.id, "environ": environ}),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def _ended(process: subprocess.Popen[str]) -> str:
    """What it still says; one that does not end is killed, and that is told."""
    try:
        return process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0] + "KILLED"


def test_of_eight_processes_one_fetches_and_all_find_the_same(tmp_path: Path) -> None:
    repo = _model()
    with Hub([repo]) as hub:
        hub.fault(Fault("slow", "cdn", method="GET", bytes_per_second=200_000))
        processes = [_begin(hub, tmp_path, repo) for _ in range(8)]
        outputs = [_ended(process) for process in processes]
        assert all("DONE" in text for text in outputs), outputs
        found = [json.loads(text.splitlines()[-1].removeprefix("DONE ")) for text in outputs]
        assert len({path for path, _, _ in found}) == 1
        assert sorted(fetched for _, fetched, _ in found) == [0] * 7 + [repo.size]
        large = sum(file.size for file in repo.entries.values() if file.large)
        # Once, and what was on its way in a connection whose piece another took over.
        assert large <= sum(r.body_bytes_sent for r in hub.seen("cdn")) < 1.5 * large
        small = Counter(r.path for r in hub.seen("hf", "/api/resolve-cache/*", "GET"))
        assert set(small.values()) == {1}
        assert contents(Path(found[0][0])) == expected(repo)
    assert not list((repo_folder(tmp_path, repo.id) / ".qtune").glob("writer*"))


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is stopped there")
def test_a_stopped_download_is_gone_on_with_by_the_next_and_ends_when_it_is_continued(
    tmp_path: Path,
) -> None:
    repo = _model()
    with Hub([repo]) as hub:
        slow = hub.fault(Fault("slow", "cdn", method="GET", bytes_per_second=50_000))
        first = _begin(hub, tmp_path, repo, "lock.BEAT_S = 0.1")
        hub.wait_for(lambda seen: sum(r.origin == "cdn" for r in seen) >= 1)
        while kept(tmp_path, repo.id) < 20_000:
            assert first.poll() is None
            time.sleep(0.02)
        first.send_signal(signal.SIGSTOP)
        had = kept(tmp_path, repo.id)
        hub.lift(slow)
        second = _begin(hub, tmp_path, repo, "lock.STALE_S = 1.0")
        assert f"process {first.pid} on" in told(second, "SAY Another process")
        output = _ended(second)
        assert "DONE" in output, output
        fetched = json.loads(output.splitlines()[-1][5:])[1]
        assert fetched <= repo.size - had
        first.send_signal(signal.SIGCONT)
        assert "ERROR DWN012" in _ended(first)
        hub.forget()
        found = get(hub, tmp_path, repo.id, **FROM_HF)
        assert contents(found.path) == expected(repo)
        assert found.bytes_fetched == 0
        blobs = repo_folder(tmp_path, repo.id) / "blobs"
        assert {p.name for p in blobs.iterdir()} == {f.etag for f in repo.entries.values()}


def test_a_lock_folder_removed_under_a_download_ends_it_in_one_error(tmp_path: Path) -> None:
    repo = _model()
    with Hub([repo]) as hub:
        hub.fault(Fault("slow", "cdn", method="GET", bytes_per_second=50_000))
        process = _begin(hub, tmp_path, repo, "lock.BEAT_S = 0.1")
        lock = repo_folder(tmp_path, repo.id) / ".qtune" / "writer.1"
        hub.wait_for(lambda seen: sum(r.origin == "cdn" for r in seen) >= 1)
        lock.unlink()
        output = _ended(process)
        assert "ERROR DWN012 The lock of this download in" in output
        hub.heal()
        assert contents(get(hub, tmp_path, repo.id, **FROM_HF).path) == expected(repo)
