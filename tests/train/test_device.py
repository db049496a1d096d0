"""The trainer computes with as many threads as it may have CPUs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from qtune.train.device import limit_threads


@pytest.fixture(autouse=True)
def threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def test_the_quota_of_a_container_with_version_1_of_the_control_groups_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(8), raising=False)
    torch.set_num_threads(6)
    folder = tmp_path / "sys/fs/cgroup/cpu"
    folder.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("5:cpu,cpuacct:/docker/abc\n")
    (folder / "cpu.cfs_quota_us").write_text("350000\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")
    assert limit_threads(tmp_path) == torch.get_num_threads() == 3


def test_without_a_quota_the_cpus_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(4), raising=False)
    torch.set_num_threads(6)
    assert limit_threads(tmp_path) == torch.get_num_threads() == 4


def test_two_hyper_threads_of_a_core_count_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: range(8), raising=False)
    torch.set_num_threads(8)
    for cpu in range(8):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "core_cpus_list").write_text(f"{cpu % 4},{cpu % 4 + 4}\n")
    assert limit_threads(tmp_path) == torch.get_num_threads() == 4


def test_of_a_core_with_one_allowed_thread_that_thread_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 4}, raising=False)
    torch.set_num_threads(8)
    for cpu in range(8):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/topology"
        folder.mkdir(parents=True)
        (folder / "core_cpus_list").write_text(f"{cpu % 4},{cpu % 4 + 4}\n")
    assert limit_threads(tmp_path) == 2
