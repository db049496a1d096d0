"""A bug in qtune, put there on purpose: it is told, the rest of the report stands, and the exit code is 3."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.commands.conftest import QWEN, Shell
from tests.commands.test_doctor import QUICK, codes, document

ROOT = Path(__file__).parents[2]
SECRET = "hf_" + "Qz7" * 11 + "q"


def bugged(folder: Path, module: str, line: str) -> dict[str, str]:
    """An environment in which Python starts with `module` changed by `line`."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        f"import {module} as module\n\n\ndef bug(*arguments, **named):\n    {line}\n\n\n"
        "module.probe = bug\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}


BUGS = [
    f'raise KeyError("{SECRET}")',
    "return None",
    "raise SystemExit(5)",
    "raise KeyboardInterrupt",
    "return bug()",
]


@pytest.mark.parametrize("line", BUGS, ids=["error", "nonsense", "exit", "interrupt", "recursion"])
def test_a_probe_that_crashes_is_told_and_the_rest_stands(
    online: Shell, tmp_path: Path, line: str
) -> None:
    online.env("USE_MODELSCOP=True", f"HF_TOKEN={SECRET}")
    environ = bugged(tmp_path / "bug", "qtune.doctor.probes.disk", line)
    done = online.qtune("doctor", *QUICK, "--format", "json", **environ)
    assert done.returncode == 3
    report = document(done)
    states = {check["check"]: check for check in report["checks"]}
    assert states["disk"]["state"] == "crashed"
    assert "sitecustomize.py:5" in states["disk"]["reason"] or line == "return None"
    assert states["gate.modelscope"]["state"] == "ok"
    assert "ENV804" in codes(done)
    assert SECRET not in done.stdout + done.stderr
    assert report["facts"]["disk"]["unknown"] == "crashed"


def test_a_person_is_asked_to_report_it_and_told_how(online: Shell, tmp_path: Path) -> None:
    environ = bugged(tmp_path / "bug", "qtune.doctor.probes.gate", "raise KeyError('x')")
    done = online.qtune("doctor", *QUICK, **environ)
    assert done.returncode == 3
    assert "gate.modelscope: a bug in qtune, please report it: KeyError: 'x'" in done.stdout
    assert "2 checks crashed" in done.stdout
    assert done.stdout.rstrip().endswith("Next: qtune doctor --for download --format markdown")
    chinese = online.qtune("doctor", *QUICK, **environ, QTUNE_LANG="zh")
    assert "qtune 自身出错，请反馈：KeyError" in chinese.stdout
    again = online.qtune(
        "doctor", "--for", "download", "--no-speed", "--format", "markdown", **environ
    )
    assert again.returncode == 3
    assert QWEN in again.stdout and "crashed" in again.stdout


def test_a_rule_that_crashes_is_told_and_the_others_judge(shell: Shell, tmp_path: Path) -> None:
    shell.env("USE_MODELSCOP=True")
    folder = tmp_path / "bug"
    environ = bugged(folder, "qtune.doctor.probes.disk", "raise KeyError('never called')")
    (folder / "sitecustomize.py").write_text(
        "from dataclasses import replace\n"
        "import qtune.doctor.rules.env.env805 as module\n\n\n"
        "def bug(facts):\n    return 1 // 0\n\n\n"
        "module.RULE = replace(module.RULE, judge=bug)\n"
    )
    done = shell.qtune("doctor", "--offline", "--only", "env", "--format", "json", **environ)
    assert done.returncode == 3
    assert codes(done) == ["ENV804"]
    (crashed,) = [c for c in document(done)["checks"] if c["state"] == "crashed"]
    assert crashed["check"] == "rule.ENV805"
    assert "ZeroDivisionError" in crashed["reason"]
