"""Suppressions through the real command: what is told, counted, written and sent."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from tests.commands.conftest import Shell
from tests.commands.test_doctor import QUICK, codes, document
from tests.hub import Fault, Hub, worlds

LOCAL = ("--offline", "--for", "download")
SARIF = Path(__file__).parents[1] / "doctor/report/schemas/sarif-2.1.0-rtm.5.json"


def suppressed(report: dict[str, object]) -> list[tuple[object, object, object]]:
    rows = report["suppressed"]
    assert isinstance(rows, list)
    return [(row["code"], row["by"], row["reason"]) for row in rows]


def test_a_comment_in_env_quiets_its_line_and_is_counted_by_name(shell: Shell) -> None:
    shell.env("USE_MODELSCOP=True  # qtune: ignore[ENV804] of another program", "HF_TOKE=")
    done = shell.qtune("doctor", *LOCAL, "--fail-on", "warning", "--format", "json")
    assert codes(done) == ["ENV804"]  # the other line is none of its business
    report = document(done)
    assert suppressed(report) == [("ENV804", "line", "of another program")]
    shown = report["suppressed"][0]
    assert (shown["span"]["line"], shown["finding"]["span"]["line"]) == (1, 1)
    text = shell.qtune("doctor", *LOCAL).stdout
    assert "1 suppressed (ENV804)" in text
    verbose = shell.qtune("doctor", *LOCAL, "-v").stdout
    assert ".env:1:21: of another program" in verbose
    zh = shell.qtune("doctor", *LOCAL, QTUNE_LANG="zh").stdout
    assert "已忽略 1 项（ENV804）" in zh


def test_fix_leaves_alone_what_is_suppressed(shell: Shell) -> None:
    path = shell.env("USE_MODELSCOP=True # qtune: ignore[ENV804]", "HF_TOKE=x")
    shell.qtune("doctor", *LOCAL, "--fix", "--unsafe-fixes")
    assert path.read_text() == "USE_MODELSCOP=True # qtune: ignore[ENV804]\nHF_TOKEN=x\n"


@pytest.mark.triggers("CFG093")
def test_fix_removes_a_suppression_that_silences_nothing(shell: Shell) -> None:
    path = shell.env(
        "USE_MODELSCOPE=True   # qtune: ignore[ENV804] it was misspelt",
        "A=1 # qtune: ignore[ENV804]",
        "B=2 # a comment",
    )
    done = shell.qtune("doctor", *LOCAL, "--fix", "--format", "json")
    assert path.read_text() == "USE_MODELSCOPE=True\nA=1\nB=2 # a comment\n"
    assert codes(done) == []
    assert "gone: CFG093" in done.stderr


@pytest.mark.spares("CFG093")
def test_a_suppression_of_what_could_not_be_looked_at_is_not_called_unused(shell: Shell) -> None:
    shell.env("HF_TOKEN=  # qtune: ignore[TOK303] the token is rotated on Mondays")
    assert codes(shell.qtune("doctor", *LOCAL, "--format", "json")) == []


@pytest.mark.triggers("CFG094")
def test_an_unknown_code_is_told_with_its_place(shell: Shell) -> None:
    shell.env("A=1 # qtune: ignore[ENV9999]")
    done = shell.qtune("doctor", *LOCAL, "--format", "json")
    (finding,) = document(done)["findings"]
    assert (finding["code"], finding["span"]["line"], finding["span"]["column"]) == ("CFG094", 1, 5)


@pytest.mark.spares("CFG094")
def test_a_rules_name_is_as_good_as_its_code(shell: Shell) -> None:
    shell.env("USE_MODELSCOP=True # qtune: ignore[unknown-setting]")
    assert codes(shell.qtune("doctor", *LOCAL, "--format", "json")) == []


def test_a_comment_in_the_run_config_quiets_its_line(shell: Shell) -> None:
    (shell.folder / "run.yaml").write_text(
        f"model: {worlds.SMALL}\n"
        "data: none.jsonl  # qtune: ignore[CFG009] made by the job before\n"
        "# qtune: ignore[CFG005]\n"
        "lorra: 1\n"
        "tuning: magic\n"
    )
    done = shell.qtune("doctor", "run.yaml", "--offline", "--format", "json")
    assert [code for code in codes(done) if code.startswith("CFG")] == ["CFG007"]
    quiet = suppressed(document(done))
    assert ("CFG009", "line", "made by the job before") in quiet
    assert ("CFG005", "line", "") in quiet


def test_pyproject_ignores_skips_and_sets_the_threshold(shell: Shell) -> None:
    shell.env("USE_MODELSCOP=True", "QTUNE_FALLBACK=perhaps")
    pyproject = shell.folder / "pyproject.toml"
    pyproject.write_text('[tool.qtune.doctor]\nignore = ["ENV805"]\nfail-on = "warning"\n')
    done = shell.qtune("doctor", *LOCAL, "--format", "json")
    assert (done.returncode, codes(done)) == (1, ["ENV804"])
    assert suppressed(document(done)) == [("ENV805", "project", "")]
    assert shell.qtune("doctor", *LOCAL, "--fail-on", "error").returncode == 0  # the option counts
    pyproject.write_text('[tool.qtune.doctor]\nskip = ["env"]\nprofile = "quick"\n')
    done = shell.qtune("doctor", "--format", "json")
    assert codes(done) == []
    assert {
        c.get("reason") for c in document(done)["checks"] if c["check"].startswith("reach")
    } == {"--profile quick"}


@pytest.mark.triggers("CFG095")
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[tool.qtune.doctor]\nfail-on = 'always'\n", 2),
        (b"[tool.qtune.doctor\n", 1),
        (b"# qtune \xff\n", 1),
    ],
)
def test_a_pyproject_that_cannot_be_used_is_one_finding_with_its_line(
    shell: Shell, content: bytes, line: int
) -> None:
    path = shell.folder / "pyproject.toml"
    path.write_bytes(content)
    done = shell.qtune("doctor", *LOCAL, "--format", "json")
    (finding,) = document(done)["findings"]
    assert done.returncode == 1
    assert (finding["code"], finding["span"]["line"]) == ("CFG095", line)
    assert finding["span"]["path"] == str(path)


@pytest.mark.spares("CFG095")
@pytest.mark.parametrize("content", [b"[project]\nname = 'x'\n", b"[broken", b"\xff", b""])
def test_a_pyproject_that_is_not_about_qtune_is_none_of_our_business(
    shell: Shell, content: bytes
) -> None:
    (shell.folder / "pyproject.toml").write_bytes(content)
    assert codes(shell.qtune("doctor", *LOCAL, "--format", "json")) == []


def test_a_cloned_projects_comment_hides_a_finding_and_frees_no_token(
    shell: Shell, hub: Hub
) -> None:
    """The user's own token stays at home, whatever the cloned `.env` says about HUB204."""
    shell.env(
        "USE_MODELSCOPE=False",
        f"HF_ENDPOINT={hub.hf_url}  # qtune: ignore[HUB204] trust me",
        "# qtune: ignore-file[HUB204, GATE401, TOK300, TOK303]",
        f"MODELSCOPE_ENDPOINT={hub.ms_url}",
        "QTUNE_TRUSTED_HOSTS=127.0.0.1",
        "QTUNE_FALLBACK=False",
    )
    done = shell.qtune(
        "doctor",
        worlds.LLAMA,
        *QUICK,
        "--format",
        "json",
        HF_TOKEN=worlds.GOOD,
        NO_PROXY="127.0.0.1",
    )
    assert "HUB204" in [row[0] for row in suppressed(document(done))]
    assert hub.requests
    assert not any(worlds.GOOD in str(request.headers) for request in hub.requests)
    text = shell.qtune("doctor", worlds.LLAMA, *QUICK, HF_TOKEN=worlds.GOOD, NO_PROXY="127.0.0.1")
    assert re.search(r"suppressed \([^)]*HUB204", text.stdout), "named, never silent"


def test_a_check_behind_a_suppressed_cause_names_it(online: Shell, hub: Hub) -> None:
    hub.fault(Fault("silent", "hf"))
    online.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False", "# qtune: ignore-file[HUB200] known")
    done = online.qtune("doctor", *QUICK, "--format", "json")
    report = document(done)
    assert (done.returncode, codes(done)) == (0, [])
    assert "HUB200" in {check.get("because") for check in report["checks"]}
    assert "left out (HUB200)" in online.qtune("doctor", *QUICK).stdout


def test_sarif_has_the_suppressed_with_their_reason(shell: Shell) -> None:
    shell.env("USE_MODELSCOP=True # qtune: ignore[ENV804] mine", "HF_TOKE=x")
    done = shell.qtune("doctor", *LOCAL, "--format", "sarif")
    log = json.loads(done.stdout)
    jsonschema.validate(log, json.loads(SARIF.read_text("utf-8")))
    told, quiet = log["runs"][0]["results"]
    assert told["suppressions"] == []
    (why,) = quiet["suppressions"]
    assert (why["kind"], why["justification"]) == ("inSource", "mine")
    assert why["location"]["physicalLocation"]["region"]["startLine"] == 1


@pytest.mark.parametrize("form", ["markdown", "junit", "github", "jsonl"])
def test_every_format_says_that_something_was_suppressed(shell: Shell, form: str) -> None:
    shell.env("USE_MODELSCOP=True # qtune: ignore[ENV804] mine")
    done = shell.qtune("doctor", *LOCAL, "--format", form)
    assert done.returncode == 0
    assert "suppressed" in done.stdout
    assert "::warning" not in done.stdout


def test_saved_facts_keep_what_was_suppressed(shell: Shell) -> None:
    shell.env("USE_MODELSCOP=True # qtune: ignore[ENV804] mine")
    shell.qtune("doctor", *LOCAL, "--save", "f.json")
    (shell.folder / ".env").unlink()
    done = shell.qtune("doctor", "--facts", "f.json", "--format", "json")
    assert codes(done) == []
    assert suppressed(document(done)) == [("ENV804", "line", "mine")]
