"""MEM951: RAM as /proc and the control groups tell it, laid out in a folder as Linux has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from qtune.core.architecture import Architecture, read
from qtune.doctor.facts import Accelerator, Facts, Gpu, Known, Resources, TorchBuild, Unknown
from qtune.doctor.finding import Severity
from qtune.doctor.probes import resources
from qtune.doctor.rules.mem import mem951
from tests.doctor.build import env_line, healthy, with_setting
from tests.doctor.probes.looking import NOTHING, looking
from tests.doctor.rules.judging import findings, only

GIB = 1 << 30
MEMINFO = "MemTotal:       {} kB\nMemFree:  1 kB\nMemAvailable:   {} kB\nHugePages_Total: 0\n"
CONFIG = {
    "model_type": "qwen3",
    "architectures": ["Qwen3ForCausalLM"],
    "hidden_size": 2560,
    "intermediate_size": 9728,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 151936,
    "tie_word_embeddings": True,
}


def machine(root: Path, total: int, available: int, **files: str) -> Known[Resources] | Unknown:
    """`files` are those of the control groups, `__` for a slash and `_DOT_` for a dot."""
    tree = {"proc/meminfo": MEMINFO.format(total >> 10, available >> 10), **files}
    for name, text in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with looking(root) as context:
        return resources.probe(context, NOTHING, root)


V2 = {"proc/self/cgroup": "0::/kubepods/pod1/c1\n"}
V1 = {"proc/self/cgroup": "5:cpu:/\n4:memory:/docker/abc\n1:name=systemd:/\n0::/\n"}


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({**V2, "sys/fs/cgroup/kubepods/pod1/c1/memory.max": "max\n"}, None),
        ({**V2, "sys/fs/cgroup/kubepods/pod1/c1/memory.max": f"{8 * GIB}\n"}, 8 * GIB),
        (  # the pod's is lower than the container's
            {
                **V2,
                "sys/fs/cgroup/kubepods/pod1/c1/memory.max": f"{8 * GIB}\n",
                "sys/fs/cgroup/kubepods/pod1/memory.max": f"{4 * GIB}\n",
            },
            4 * GIB,
        ),
        # In a container the path is the host's, and the top is its own.
        ({**V2, "sys/fs/cgroup/memory.max": f"{2 * GIB}\n"}, 2 * GIB),
        ({**V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{3 * GIB}\n"}, 3 * GIB),
        ({**V1, "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        ({"proc/self/cgroup": "0::/../../x\nnonsense\n\n"}, None),
        ({**V2, "sys/fs/cgroup/memory.max": "\n"}, None),
    ],
)
def test_the_least_limit_of_the_control_groups(
    tmp_path: Path, files: dict[str, str], limit: int | None
) -> None:
    found = machine(tmp_path, 64 * GIB, 60 * GIB, **files)
    assert isinstance(found, Known)
    assert found.value == Resources(64 * GIB, 60 * GIB, limit)
    assert found.value.ceiling == (limit or 64 * GIB)


@pytest.mark.parametrize("text", ["", "MemTotal: lots\n", "MemTotal:\n", "\xff\x00"])
def test_a_system_that_does_not_say_is_unknown(tmp_path: Path, text: str) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text(text)
    with looking(tmp_path) as context:
        assert isinstance(resources.probe(context, NOTHING, tmp_path), Unknown)


def test_this_machine_has_memory(tmp_path: Path) -> None:
    with looking(tmp_path) as context:
        found = resources.probe(context, NOTHING)
    assert isinstance(found, Known)
    assert 0 < found.value.available <= found.value.memory
    assert found.value.ceiling <= found.value.memory


# --- the judgement ------------------------------------------------------------------------------------


def world(found: Known[Resources] | Unknown, card: Gpu | None = None) -> Facts:
    """Qwen3-4B to be trained, on the CPU unless there is a card."""
    facts = healthy(resources=found)
    sizes = read(CONFIG)
    assert isinstance(sizes, Architecture)
    rows = {
        name: Known(replace(row.value, architecture=sizes))
        for name, row in facts.listing.items()
        if isinstance(row, Known)
    }
    seen = Accelerator((card,), "570.1", True, "", "nvml") if card else Accelerator((), pci=False)
    build = TorchBuild(True, "2.13.0", "12.8" if card else "", "", card is not None)
    return replace(facts, listing=rows, accelerator=Known(seen), torch=Known(build))


@pytest.mark.triggers("MEM951")
def test_the_containers_limit_counts_and_not_the_hosts_memory(tmp_path: Path) -> None:
    limit = {**V2, "sys/fs/cgroup/memory.max": f"{8 * GIB}\n"}
    finding = only(mem951.RULE, world(machine(tmp_path, 256 * GIB, 250 * GIB, **limit)))
    assert finding.severity is Severity.ERROR
    assert "this container may use 8.0 GiB" in finding.message.en
    assert "此容器最多可用 8.0 GiB" in finding.message.zh


@pytest.mark.spares("MEM951")
def test_a_machine_with_enough_is_fine(tmp_path: Path) -> None:
    enough = machine(tmp_path, 256 * GIB, 250 * GIB)
    assert findings(mem951.RULE, world(enough)) == []
    bare = machine(tmp_path / "other", 256 * GIB, 250 * GIB, **V2)
    assert findings(mem951.RULE, world(bare)) == []


@pytest.mark.triggers("MEM951")
def test_memory_that_other_programs_hold_is_a_warning(tmp_path: Path) -> None:
    finding = only(mem951.RULE, world(machine(tmp_path, 256 * GIB, 4 * GIB)))
    assert finding.severity is Severity.WARNING and "4.0 GiB are free" in finding.message.en


@pytest.mark.triggers("MEM951")
@pytest.mark.spares("MEM951")
def test_an_old_gpu_gets_its_weights_by_way_of_ram(tmp_path: Path) -> None:
    small = machine(tmp_path, 8 * GIB, 7 * GIB)
    turing = Gpu(0, "Tesla T4", 80 * GIB, 79 * GIB, "7.5")  # computes in float32 here
    finding = only(mem951.RULE, world(small, turing))
    assert finding.message.en.startswith("Loading Qwen/Qwen3-4B")
    # In the file's own format they are mapped: measured with transformers 5.23.
    assert findings(mem951.RULE, world(small, replace(turing, capability="8.0"))) == []
    float32 = with_setting(
        world(small, replace(turing, capability="8.0")),
        "QTUNE_DTYPE",
        "float32",
        env_line("QTUNE_DTYPE"),
    )
    assert len(findings(mem951.RULE, float32)) == 1


@pytest.mark.spares("MEM951")
def test_where_torch_does_not_see_the_gpu_that_is_the_finding(tmp_path: Path) -> None:
    small = machine(tmp_path, 4 * GIB, 3 * GIB)
    facts = world(small, Gpu(0, "NVIDIA H100", 80 * GIB, 79 * GIB, "9.0"))
    blind = replace(facts, torch=Known(TorchBuild(True, "2.13.0+cpu")))
    assert findings(mem951.RULE, blind) == []
    assert findings(mem951.RULE, replace(facts, resources=Unknown("timeout"))) == []
