"""ci/gitlab.yml: its script in a clean environment, and the reports that it names as artifacts."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
import yaml

from tests.ci.runner import Runner
from tests.hub import worlds


@pytest.mark.slow
def test_the_job_fails_on_findings_and_leaves_both_reports(
    runner: Runner, job: dict[str, str]
) -> None:
    (runner.workspace / "sft.yaml").write_text(
        f"model: {worlds.LLAMA}\ndata: data.jsonl\nlorra: 1\n"
    )
    variables = {"DOCTOR_PACKAGE": str(runner.action), "DOCTOR_TARGET": "sft.yaml"}
    done = runner.gitlab(variables, **job, HF_TOKEN=worlds.UNKNOWN)
    assert done.code == 1, done.log
    assert "CFG005" in done.log and "sft.yaml:3:1" in done.log
    template = yaml.safe_load((runner.action / "ci/gitlab.yml").read_text())[".qtune-doctor"]
    reports = template["artifacts"]["reports"]
    rows = json.loads((runner.workspace / reports["codequality"]).read_text())
    assert ("sft.yaml", 3) in {
        (r["location"]["path"], r["location"]["lines"]["begin"]) for r in rows
    }
    cases = ElementTree.parse(runner.workspace / reports["junit"]).iter("failure")
    assert {"CFG005", "TOK303"} <= {case.get("type") for case in cases}
    assert worlds.UNKNOWN not in done.log
