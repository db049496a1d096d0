"""Machines with GPUs that are not here: their drivers' and torch's recorded answers, played back by a library and
a package in their place, through the very probes and the whole examination."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from qtune.doctor import checks
from qtune.doctor.examine import Options, examine
from qtune.doctor.facts import GoalKind
from qtune.doctor.outcome import Report
from qtune.doctor.probes import accelerator, torch
from qtune.doctor.schedule import Limits
from tests.doctor.probes.looking import looking

# Reads `key value` lines from the file of $SHIM_NVML; a key that is not there is not supported.
LIBRARY = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <stdint.h>
typedef unsigned long long u64;
typedef struct { u64 total, free, used; } memory_t;
typedef struct { unsigned pid; u64 memory; unsigned gi, ci; } process_t;

static int get(const char *key, char *out, unsigned n) {
  const char *path = getenv("SHIM_NVML");
  FILE *f = path ? fopen(path, "r") : NULL;
  char line[4096];
  size_t k = strlen(key);
  int found = 0;
  if (!f) return 0;
  while (fgets(line, sizeof line, f))
    if (!strncmp(line, key, k) && line[k] == ' ') {
      line[strcspn(line, "\n")] = 0;
      memset(out, 0, n);
      strncpy(out, line + k + 1, n);  /* like a driver that leaves no room for the end */
      found = 1;
    }
  fclose(f);
  return found;
}
static int of(void *h, const char *name, char *out, unsigned n) {
  char key[64];
  uintptr_t v = (uintptr_t)h;
  if (v >= 256) snprintf(key, sizeof key, "%lu.slice%lu.%s", v / 256 - 1, v % 256 - 1, name);
  else snprintf(key, sizeof key, "%lu.%s", v - 1, name);
  return get(key, out, n);
}
static u64 number(const char *text) { return strtoull(text, NULL, 10); }
static int status(const char *key) { char b[32] = {0}; return get(key, b, 31) ? atoi(b) : 0; }

int nvmlInit_v2(void) {
  if (status("hang")) sleep(60);
  if (status("crash")) raise(11);
  return status("init");
}
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) {
  switch (code) {
    case 3: return "Not Supported";
    case 6: return "Not Found";
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
  }
  return "Unknown Error";
}
int nvmlSystemGetDriverVersion(char *out, unsigned n) { return get("driver", out, n) ? 0 : 999; }
int nvmlDeviceGetCount_v2(unsigned *n) {
  char b[32] = {0}; get("count", b, 31); *n = (unsigned)number(b); return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **h) {
  char key[32]; snprintf(key, sizeof key, "%u.status", i);
  *h = (void *)(uintptr_t)(i + 1); return status(key);
}
int nvmlDeviceGetName(void *h, char *out, unsigned n) { return of(h, "name", out, n) ? 0 : 999; }
int nvmlDeviceGetUUID(void *h, char *out, unsigned n) { return of(h, "uuid", out, n) ? 0 : 3; }
int nvmlDeviceGetMemoryInfo(void *h, memory_t *m) {
  char t[64] = {0}, f[64] = {0};
  if (!of(h, "total", t, 63) || !of(h, "free", f, 63)) return 3;
  m->total = number(t) << 20; m->free = number(f) << 20; m->used = m->total - m->free; return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *h, int *a, int *b) {
  char t[32] = {0};
  return of(h, "capability", t, 31) && sscanf(t, "%d.%d", a, b) == 2 ? 0 : 3;
}
int nvmlDeviceGetComputeMode(void *h, int *m) {
  char t[32] = {0}; if (!of(h, "mode", t, 31)) return 3; *m = atoi(t); return 0;
}
int nvmlDeviceGetMigMode(void *h, unsigned *now, unsigned *later) {
  char t[32] = {0}; if (!of(h, "mig", t, 31)) return 3; *now = *later = (unsigned)number(t); return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void *h, unsigned *n) { *n = 7; return 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *h, unsigned i, void **part) {
  char t[256];
  *part = (void *)((uintptr_t)h * 256 + i + 1);
  return of(*part, "uuid", t, 255) ? 0 : 6;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *h, unsigned *n, process_t *rows) {
  char t[1024] = {0}; unsigned found = 0;
  if (!of(h, "processes", t, 1023)) { *n = 0; return 0; }
  for (char *p = strtok(t, ","); p && found < *n; p = strtok(NULL, ",")) {
    u64 pid = number(p), size = strchr(p, ':') ? number(strchr(p, ':') + 1) : 0;
    rows[found].pid = (unsigned)pid; rows[found].memory = size << 20; found++;
  }
  *n = found; return 0;
}
int nvmlDeviceGetTotalEccErrors(void *h, int kind, int counter, u64 *n) {
  char t[32] = {0}; if (!of(h, "ecc", t, 31) || kind != 1 || counter != 0) return 3;
  *n = number(t); return 0;
}
int nvmlDeviceGetRemappedRows(void *h, unsigned *a, unsigned *b, unsigned *pending, unsigned *failed) {
  char t[32] = {0}; if (!of(h, "remap", t, 31)) return 3;
  *a = *b = 0; return sscanf(t, "%u %u", pending, failed) == 2 ? 0 : 999;
}
int nvmlDeviceGetRetiredPagesPendingStatus(void *h, int *pending) { return 3; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *h, u64 *bits) {
  char t[32] = {0}; if (!of(h, "slowed", t, 31)) return 3; *bits = number(t); return 0;
}
"""

# What torch_child.py asks of torch, answered from the JSON of $SHIM_TORCH.
TORCH = """
import json, os, signal, sys, time, types, warnings

_SAID = json.loads(os.environ["SHIM_TORCH"])
__version__ = _SAID.get("version", "2.13.0")
version = types.SimpleNamespace(cuda=_SAID.get("cuda"), hip=_SAID.get("hip"))
_gpus = _SAID.get("gpus", [])
float32, bfloat16, float16 = "float32", "bfloat16", "float16"


def _available():
    if _SAID.get("warning"):
        warnings.warn(_SAID["warning"])
    return bool(_gpus)


cuda = types.SimpleNamespace(
    is_available=_available,
    device_count=lambda: len(_gpus),
    get_device_name=lambda i: _gpus[i]["name"],
    get_device_capability=lambda i: tuple(map(int, _gpus[i]["capability"].split("."))),
    get_device_properties=lambda i: types.SimpleNamespace(uuid=_gpus[i].get("uuid", "")),
    get_arch_list=lambda: _SAID.get("archs", []),
)
backends = types.SimpleNamespace(
    mps=types.SimpleNamespace(is_available=lambda: _SAID.get("mps", False))
)
xpu = types.SimpleNamespace(is_available=lambda: _SAID.get("xpu", False))


class _Tensor:
    def __matmul__(self, other):
        return self

    def _self(self):
        return self

    float = square = mean = abs = sum = backward = _self
    grad = property(_self)

    def __float__(self):
        return 1.0


def manual_seed(seed):
    pass


def randn(*size, device, dtype, requires_grad=False):
    how = _SAID.get("compute", "ok")
    if how == "hang":
        time.sleep(60)
    if how == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how != "ok":
        raise RuntimeError(how)
    open(os.environ["SHIM_TRIED"], "a").write(f"{device} {dtype}\\n")
    return _Tensor()


nn = types.SimpleNamespace(functional=types.SimpleNamespace(silu=lambda x: x))
"""


@cache
def library(version: str = "550.107.02") -> str:
    """The shim, compiled, under the name that such a library has."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = Path(mkdtemp(prefix="nvml-"))
    source, built = folder / "nvml.c", folder / f"libnvidia-ml.so.{version}"
    source.write_text("#include <signal.h>\n" + LIBRARY)
    subprocess.run([compiler, "-shared", "-fPIC", "-w", "-o", str(built), str(source)], check=True)
    return str(built)


def card(title: str = "NVIDIA GeForce RTX 4090", /, **changes: Any) -> dict[str, object]:
    """What NVML says of one card, memory in MiB."""
    said: dict[str, object] = {
        "name": title, "total": 24564, "free": 24100, "capability": "8.9", "mode": 0, "slowed": 1,
        "uuid": "GPU-11111111-2222-3333-4444-555555555555",
    }  # fmt: skip
    return {**said, **changes}


def device(name: str = "NVIDIA GeForce RTX 4090", capability: str = "8.9", **more: str) -> object:
    """What torch says of one."""
    return {"name": name, "capability": capability, **more}


@dataclass
class Machine:
    """`nvml` None: there is no such library. `torch` is what torch says; None: it has CUDA and all is well."""

    folder: Path
    nvml: Mapping[str, object] | None = None
    cards: tuple[Mapping[str, object], ...] = ()
    torch: Mapping[str, object] = field(default_factory=dict)
    environ: Mapping[str, str] = field(default_factory=dict)
    env: str = ""
    only: tuple[str, ...] = ("gpu",)
    goal: GoalKind = "train"
    seconds: float = 27

    def file(self, path: str, text: str = "") -> Machine:
        """A file of the system, below a folder that stands for its root."""
        place = self.folder / "root" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return self

    def on_the_bus(self, driver: str = "") -> Machine:
        self.file("sys/bus/pci/devices/0000:01:00.0/vendor", "0x10de\n")
        self.file("sys/bus/pci/devices/0000:01:00.0/class", "0x030000\n")
        if driver:
            said = f"NVRM version: NVIDIA UNIX x86_64 Kernel Module  {driver}  Fri May 31 2024\n"
            self.file("proc/driver/nvidia/version", said)
        return self

    @property
    def tried(self) -> str:
        """What was computed on the GPU."""
        path = self.folder / "tried"
        return path.read_text() if path.exists() else ""

    def examine(self, monkeypatch: pytest.MonkeyPatch) -> Report:
        root, project = self.folder / "root", self.folder / "project"
        package = self.folder / "packages/torch"
        for folder in (root, project, package):
            folder.mkdir(parents=True, exist_ok=True)
        (package / "__init__.py").write_text(TORCH)
        (project / ".env").write_text(self.env)
        answers = self.folder / "nvml.txt"
        answers.write_text(self._answers())
        environ = {
            "PATH": str(self.folder / "tools"),
            "PYTHONPATH": str(package.parent),
            "SHIM_NVML": str(answers),
            "SHIM_TORCH": json.dumps(self.torch),
            "SHIM_TRIED": str(self.folder / "tried"),
            **self.environ,
        }
        names = () if self.nvml is None and not self.cards else (library(),)
        monkeypatch.setattr(torch, "installed", lambda: True)
        for variable in ("CUDA_VISIBLE_DEVICES", "KUBERNETES_SERVICE_HOST"):
            monkeypatch.delenv(variable, raising=False)
        looks: dict[str, Any] = {
            "accelerator": partial(accelerator.probe, names=names, root=root),
            "torch": partial(torch.probe, seconds=self.seconds),
        }
        for name, look in looks.items():
            family = replace(checks.FAMILIES[name], look=look)
            monkeypatch.setitem(checks.FAMILIES, name, family)
        with looking(project, environ, kind=self.goal) as context:
            return examine(context, Options(self.only, (), Limits(40, offline=True)))

    def _answers(self) -> str:
        said: dict[str, object] = {"driver": "580.95.05", "count": len(self.cards)}
        for index, one in enumerate(self.cards):
            said.update({f"{index}.{key}": value for key, value in one.items()})
        said.update(self.nvml or {})
        return "".join(f"{key} {value}\n" for key, value in said.items())
