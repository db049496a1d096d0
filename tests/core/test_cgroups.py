"""How many CPUs a container may use, from control groups laid out in a folder as Linux has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.cgroups import cpu_limit

V2 = {"proc/self/cgroup": "0::/kubepods/pod1/c1\n"}
V1 = {"proc/self/cgroup": "5:cpu,cpuacct:/docker/abc\n4:memory:/docker/abc\n1:name=systemd:/\n"}
OF_V1 = "sys/fs/cgroup/cpu"


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({**V2, "sys/fs/cgroup/kubepods/pod1/c1/cpu.max": "max 100000\n"}, None),
        ({**V2, "sys/fs/cgroup/kubepods/pod1/c1/cpu.max": "400000 100000\n"}, 4),
        (  # the pod's is lower than the container's
            {
                **V2,
                "sys/fs/cgroup/kubepods/pod1/c1/cpu.max": "400000 100000\n",
                "sys/fs/cgroup/kubepods/pod1/cpu.max": "200000 100000\n",
            },
            2,
        ),
        # In a container the path is the host's, and the top is its own.
        ({**V2, "sys/fs/cgroup/cpu.max": "350000 100000\n"}, 3),
        ({**V2, "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1),
        ({**V2, "sys/fs/cgroup/cpu.max": "100000\n"}, None),
        ({**V2, "sys/fs/cgroup/cpu.max": "100000 0\n"}, None),
        (
            {
                **V1,
                f"{OF_V1}/cpu.cfs_quota_us": "250000\n",
                f"{OF_V1}/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        (
            {**V1, f"{OF_V1}/cpu.cfs_quota_us": "-1\n", f"{OF_V1}/cpu.cfs_period_us": "100000\n"},
            None,
        ),
        (
            {
                **V1,
                f"{OF_V1}/docker/abc/cpu.cfs_quota_us": "80000\n",
                f"{OF_V1}/docker/abc/cpu.cfs_period_us": "40000\n",
                f"{OF_V1}/cpu.cfs_quota_us": "-1\n",
                f"{OF_V1}/cpu.cfs_period_us": "100000\n",
            },
            2,
        ),
        ({**V1, f"{OF_V1}/cpu.cfs_quota_us": "250000\n"}, None),
    ],
)
def test_the_least_cpu_limit_of_the_control_groups(
    tmp_path: Path, files: dict[str, str], limit: int | None
) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert cpu_limit(tmp_path) == limit
