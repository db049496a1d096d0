"""Whatever a driver, its tools or torch answer: no crash, no hang, no secret shown, one judgement in both languages."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtune.doctor.codec import dump, load
from qtune.doctor.examine import Options, rejudge
from qtune.doctor.facts import Accelerator, Facts, Known, Surroundings, TorchBuild
from qtune.doctor.probes import accelerator, nvml, surroundings, torch
from qtune.doctor.probes.program import Outcome, run
from tests.doctor.build import healthy
from tests.doctor.gpus import card, library
from tests.doctor.probes.looking import NOTHING, looking
from tests.hub import worlds

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the recorded machines run Linux")

SEED = 20_261_123
SECRET = worlds.GOOD
SMI = (
    "0, NVIDIA GeForce RTX 4090, 24564, 23028, 8.9, 550.54.15, GPU-11111111-2222-3333-4444-555555555555, "
    "Default, [N/A], [N/A]\n"
    "1, NVIDIA A100-SXM4-80GB, 81920, 81000, 8.0, 550.54.15, GPU-99999999-2222-3333-4444-555555555555, "
    "Exclusive_Process, Enabled, 3\n"
)
ODD = (
    "", "\n", ",,,,,,,,,\n", "[N/A]", "[Unknown Error]", "9" * 5000, "-1", "１２", "0x10", "1e309", "NaN",
    "\x00", "\x1b[2J\x1b]0;x\x07", "\ufeff", '"', '"0, a', "\u202e", "\ud83d", f"token {SECRET}", "显卡", "a" * 40_000,
    "Failed to initialize NVML: Driver/library version mismatch", "No devices were found",
)  # fmt: skip


def scrambled(dice: random.Random, text: str) -> bytes:
    """`text` cut, repeated, with odd pieces in it, in some encoding."""
    for _ in range(dice.randint(1, 4)):
        cells = text.split(", ")
        way = dice.randrange(6)
        odd = dice.choice(ODD)
        if SECRET in text and SECRET in odd:  # one within the other is no token any more
            continue
        if way == 0:
            text = text[: dice.randint(0, len(text))]
        elif way == 1:
            cells[dice.randrange(len(cells))] = odd
            text = ", ".join(cells)
        elif way == 2:
            place = dice.randint(0, len(text))
            text = text[:place] + odd + text[place:]
        elif way == 3:
            text *= dice.choice((2, 3, 300))
        elif way == 4:
            dice.shuffle(cells)
            text = ", ".join(cells)
        else:
            text = text.replace(dice.choice('0,.\n{}[]:" '), dice.choice(ODD[:14]))
        text = text[:100_000]
    raw = text.encode(dice.choice(("utf-8", "utf-8", "utf-16", "gbk", "latin-1")), "ignore")
    if dice.random() < 0.2:
        raw = bytes(dice.randrange(256) for _ in range(dice.choice((1, 7, 4096)))) + raw
    return raw


def judged(seen: Accelerator, build: TorchBuild) -> None:
    """The facts can be saved and judged, and show nothing that they should not."""
    facts = healthy(accelerator=Known(seen), torch=Known(build))
    text = dump(facts)
    assert SECRET not in text
    assert load(text) == facts
    assert len(text) < 1_000_000
    report = rejudge(facts, Options(("gpu", "mem")))
    for finding in report.findings:
        for words in (finding.message, *finding.evidence):
            assert words.en and words.zh
            assert "\x1b" not in words.en and "\x00" not in words.en and "\n" not in words.en


def test_200_outputs_of_nvidia_smi(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    project, tools = tmp_path / "project", tmp_path / "tools"
    project.mkdir()
    tools.mkdir()
    output, code = tmp_path / "output", tmp_path / "code"
    program = tools / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n/bin/cat {output}\nread code < {code}\nexit $code\n")
    program.chmod(0o755)
    environ = {"PATH": str(tools)}
    built = healthy().torch
    assert isinstance(built, Known)
    for _ in range(200):
        output.write_bytes(scrambled(dice, SMI))
        code.write_text(f"{dice.choice((0, 0, 0, 6, 9, 18))}\n")
        started = time.monotonic()
        told = accelerator.smi(environ, project, tmp_path)
        assert time.monotonic() - started < 3
        assert told is not None
        gpus, driver, error = told
        judged(Accelerator(gpus, driver, True, error, "nvidia-smi"), built.value)


def test_nvidia_smi_that_never_ends_or_never_stops_talking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accelerator, "_SMI_SECONDS", 0.5)
    project, tools = tmp_path / "project", tmp_path / "tools"
    project.mkdir()
    tools.mkdir()
    program = tools / "nvidia-smi"
    for script in (
        "exec /bin/sleep 60",
        f"/bin/cat {tmp_path}/half; exec /bin/sleep 60",
        "trap '' TERM; /bin/sleep 60 & wait",
    ):
        (tmp_path / "half").write_text(SMI[:70])
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        started = time.monotonic()
        told = accelerator.smi({"PATH": str(tools)}, project, tmp_path)
        assert time.monotonic() - started < 2
        assert told is not None and "no answer within" in told[2]


def of_nvml(told: nvml.Answer) -> Accelerator:
    return Accelerator(
        told.gpus, told.driver, True, told.error, "nvml", told.status, told.library, told.lost
    )


def nvml_said() -> str:
    said = {
        "library": "550.107.02", "driver": "580.95.05", "lost": ["GPU 1: GPU is lost"], "gpus": [
            {**card(), "index": 0, "memory_total": 24 << 30, "memory_free": 23 << 30, "mode": "exclusive",
             "mig": True, "wear": {"uncorrected": 3, "pending": True, "failed": False}, "slowed": ["hw_thermal"],
             "holders": [{"pid": 7, "memory": 1 << 30}],
             "slices": [{"uuid": "MIG-1", "name": "1g.10gb", "memory_total": 1 << 33, "memory_free": 1 << 33}]},
        ],
    }  # fmt: skip
    return json.dumps(said)


def mutated(dice: random.Random, value: object) -> object:
    """The same shape with a value here and there that does not belong there."""
    if dice.random() < 0.06:
        return dice.choice((None, True, -1, 10**40, 1.5, float("nan"), [], {}, [[]], *ODD))
    if isinstance(value, dict):
        return {key: mutated(dice, row) for key, row in value.items() if dice.random() > 0.03}
    if isinstance(value, list):
        rows = [mutated(dice, row) for row in value]
        return rows * 500 if dice.random() < 0.05 else rows
    return value


def test_200_answers_of_nvml() -> None:
    dice = random.Random(SEED)
    build = TorchBuild(True, "2.13.0", "13.0")
    understood = 0
    for number in range(200):
        if number % 2:
            out = json.dumps(mutated(dice, json.loads(nvml_said())))
        else:
            out = scrambled(dice, nvml_said()).decode("utf-8", "replace")
        told = nvml.answer(out)
        if told is None:
            continue
        understood += 1
        judged(of_nvml(told), build)
    assert understood > 80  # the dice are not so wild that nothing is left to judge


def test_a_driver_that_answers_nonsense_through_its_own_library(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    path = library()
    answers = tmp_path / "nvml.txt"
    environ = {**os.environ, "SHIM_NVML": str(answers)}
    build = TorchBuild(True, "2.13.0", "13.0")
    for _ in range(25):
        said: dict[str, object] = {
            "driver": dice.choice(("580.95.05", "x" * 3000, "\udcff" * 90, f"{SECRET}", "")),
            "count": dice.choice((0, 1, 2, 4_294_967_295)),
            "init": dice.choice((0, 0, 0, 0, 18, 999, -3)),
        }
        for index in range(2):
            for key, value in card(
                mig=dice.choice((0, 1, 7)), ecc=dice.choice((0, 10**30))
            ).items():
                odd = dice.choice(ODD).replace("\n", " ") or "-"
                said[f"{index}.{key}"] = odd[:3000] if dice.random() < 0.3 else value
        lines = "".join(f"{key} {value}\n" for key, value in said.items())
        answers.write_bytes(lines.encode("utf-8", "surrogatepass"))
        started = time.monotonic()
        told = nvml.ask((path,), environ, 3.0)
        assert time.monotonic() - started < 4
        judged(of_nvml(told), build)


TORCH_SAID = json.dumps(
    {
        "version": "2.13.0", "cuda": "13.0", "hip": "", "available": True, "devices": ["NVIDIA H100"],
        "capabilities": ["9.0"], "uuids": ["11111111-2222-3333-4444-555555555555"], "archs": ["sm_90"],
        "bf16": True, "mps": False, "xpu": False, "warning": "", "tried": "cuda bfloat16",
    }
)  # fmt: skip


def torch_outputs(dice: random.Random) -> Iterator[Outcome]:
    for number in range(200):
        if number % 2:
            first = json.dumps(mutated(dice, json.loads(TORCH_SAID)))
            second = json.dumps(mutated(dice, {"kernel": "failed", "error": dice.choice(ODD)}))
            out = dice.choice((f"{first}\n{second}\n", f"hello\n{first}\n", f"{second}\n"))
        else:
            out = scrambled(dice, TORCH_SAID + '\n{"kernel": "ok"}\n').decode("utf-8", "replace")
        err = scrambled(dice, "Timeout (0:00:10)!\nThread 0x1 (most recent call first):\n")
        yield Outcome(dice.choice((0, 0, 1, -11, -9, 134)), out, err.decode("utf-8", "replace"))


def test_200_answers_of_torch() -> None:
    dice = random.Random(SEED)
    whole = healthy().accelerator
    assert isinstance(whole, Known)
    told = 0
    for done in torch_outputs(dice):
        build = torch._build(done)
        assert build.installed
        told += bool(build.version and not build.error)
        judged(whole.value, build)
    assert told > 50


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.stdout.buffer.write(b'\\xff' * 3_000_000)",
        "print('[' * 100_000)",
        "print('{\"version\": ' + '1' * 5_000 + '}')",
        "while True: print('x' * 1000)",
        "import os; os.close(1); os.close(2)",
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(2)'])",
    ],
    ids=["bytes", "deep", "number", "endless", "closed", "grandchild"],
)
def test_a_torch_that_babbles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(torch, "installed", lambda: True)
    child = tmp_path / "child.py"
    child.write_text(code)
    started = time.monotonic()
    with looking(tmp_path) as context:
        fact = torch.probe(context, NOTHING, child=child, seconds=1.0)
    assert time.monotonic() - started < 4
    whole = healthy().accelerator
    assert isinstance(whole, Known)
    if isinstance(fact, Known):
        judged(whole.value, fact.value)


def test_200_systems_of_odd_files(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    paths = (
        "proc/version", "proc/1/cgroup", "proc/driver/nvidia/version", "dev/kmsg", "dev/nvidia0", "dev/kfd",
        "sys/class/kfd/kfd/topology/nodes/0/properties", "sys/bus/pci/devices/0000:01:00.0/vendor",
        "usr/lib/x86_64-linux-gnu/libcuda.so.550.1", "usr/lib/wsl/lib/libcuda.so.1",
    )  # fmt: skip
    texts = (
        "Linux version 5 microsoft WSL2\n", "NVRM: Xid (PCI:0000:01:00): 79, pid=1, lost\n", "simd_count 9\n",
        "0x10de\n", "0::/kubepods/x\n", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  x\n",
    )  # fmt: skip
    build = TorchBuild(True, "2.13.0", "13.0")
    for number in range(200):
        root = tmp_path / str(number)
        for path in dice.sample(paths, dice.randint(0, 6)):
            place = root / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if dice.random() < 0.15:
                place.mkdir()
            else:
                place.write_bytes(scrambled(dice, dice.choice(texts)))
        around = surroundings.look(
            {"NVIDIA_VISIBLE_DEVICES": dice.choice(("", "void", "\x1b[2J"))}, root
        )
        assert isinstance(around, Surroundings)
        pci, driver = accelerator.on_the_bus(root), accelerator.kernel_driver(root)
        judged(Accelerator((), driver, pci, around=around), build)


def test_run_reads_whatever_a_program_writes(tmp_path: Path) -> None:
    done = run(["/bin/sh", "-c", "printf '\\377\\376\\000'; exit 3"], {}, 5)
    assert done.status == 3 and done.out.startswith("\ufffd")


def test_facts_of_an_older_version_can_still_be_read() -> None:
    document = json.loads(dump(healthy()))
    for gpu in document["facts"]["accelerator"]["known"]["gpus"]:
        for key in ("uuid", "mode", "mig", "slices", "holders", "wear", "slowed"):
            del gpu[key]
    for key in ("around", "visible", "lost", "library", "status"):
        del document["facts"]["accelerator"]["known"][key]
    assert isinstance(load(json.dumps(document)), Facts)
