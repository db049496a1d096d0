"""A CI runner in small: the steps of a composite action and the script of a GitLab job, run as theirs would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.installed import ROOT

BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")  # GitHub's `shell: bash`
SITE = next(path for path in sys.path if path.endswith("site-packages"))

# No runner has these: pip builds with the tests' own setuptools and leaves the dependencies to them, because
# no test asks the network.
OFFLINE = {
    "PYTHONPATH": SITE,
    "PIP_NO_BUILD_ISOLATION": "0",
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
}


@dataclass
class Done:
    code: int
    log: str
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""


@dataclass
class Runner:
    """`action` is the action's own checkout, `workspace` the user's repository."""

    action: Path
    workspace: Path
    temp: Path

    def environment(self) -> dict[str, str]:
        """Nothing of the test process but where programs are."""
        python = str(Path(sys.executable).parent)
        home = self.temp / "home"
        home.mkdir(parents=True, exist_ok=True)
        paths = os.pathsep.join([python, "/usr/local/bin", "/usr/bin", "/bin"])
        return {"PATH": paths, "HOME": str(home), "LANG": "C.UTF-8", **OFFLINE}

    def steps(self, inputs: Mapping[str, str], names: tuple[str, ...], **job: str) -> Done:
        """The steps called `names`, in order, until one fails."""
        document = yaml.safe_load((self.action / "action.yml").read_text("utf-8"))
        given = {name: str(row.get("default", "")) for name, row in document["inputs"].items()}
        assert set(inputs) <= set(given)
        done = Done(0, "")
        for step in document["runs"]["steps"]:
            if step["name"] in names and done.code == 0:
                done = self._step(step, {**given, **inputs}, job, done)
        return done

    def _step(
        self,
        step: Mapping[str, Any],
        inputs: Mapping[str, str],
        job: Mapping[str, str],
        so_far: Done,
    ) -> Done:
        def fill(text: str) -> str:
            return re.sub(r"\$\{\{\s*([\w.-]+)\s*\}\}", lambda m: self._value(m[1], inputs), text)

        assert step["shell"] == "bash"
        assert "${{" not in step["run"], "an input must never become code"
        files = {
            name: self.temp / name
            for name in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        for path in files.values():
            path.touch()
        environ = {
            **self.environment(),
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            **{name: str(path) for name, path in files.items()},
            **job,
            **{name: fill(value) for name, value in step.get("env", {}).items()},
        }
        script = self.temp / "step.sh"
        script.write_text(step["run"], "utf-8")
        folder = self.workspace / fill(step.get("working-directory", "."))
        run = subprocess.run(
            [*BASH, str(script)],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
        )
        lines = files["GITHUB_OUTPUT"].read_text("utf-8").splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        summary = files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
        return Done(run.returncode, so_far.log + run.stdout + run.stderr, outputs, summary)

    def _value(self, name: str, inputs: Mapping[str, str]) -> str:
        area, _, key = name.partition(".")
        if area == "inputs":
            return inputs[key]
        return {"github.action_path": str(self.action), "runner.temp": str(self.temp)}[name]

    def gitlab(self, variables: Mapping[str, str], **job: str) -> Done:
        """The script of `.qtune-doctor`, its lines one after another until one fails."""
        document = yaml.safe_load((self.action / "ci/gitlab.yml").read_text("utf-8"))
        template = document[".qtune-doctor"]
        self.temp.mkdir(parents=True, exist_ok=True)
        script = self.temp / "job.sh"
        script.write_text("set -eo pipefail\n" + "\n".join(template["script"]) + "\n", "utf-8")
        environ = {
            **self.environment(),
            "GITLAB_CI": "true",
            "CI": "true",
            "CI_PROJECT_DIR": str(self.workspace),
            **template["variables"],
            **variables,
            **job,
        }
        run = subprocess.run(
            ["bash", str(script)],
            cwd=self.workspace, env=environ, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return Done(run.returncode, run.stdout + run.stderr)


__all__ = ["ROOT", "Done", "Runner"]
