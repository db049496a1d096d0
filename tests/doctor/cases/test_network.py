"""Cases 1 to 16: the network and the hub."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qtune.core.envpatch import EnvPatch
from tests.doctor.examining import Machine, at_loopback, blamed, codes, only
from tests.hub import Fault, Kind, worlds

FIRST_MS = "USE_MODELSCOPE=True"


def test_case_05_an_endpoint_of_env_is_there_before_the_library_reads_it(tmp_path: Path) -> None:
    """huggingface_hub reads HF_ENDPOINT once, at its import: what a script sets later is ignored."""
    (tmp_path / ".env").write_text("HF_ENDPOINT=https://hub.example\n")
    code = "import huggingface_hub.constants as c; print(c.ENDPOINT)"
    command = [sys.executable, "-m", "qtune", "exec", "--", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "https://hub.example"


@pytest.mark.triggers("HUB203")
@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ("'\"https://huggingface.co\"'", "https://huggingface.co"),
        ("huggingface.co", "https://huggingface.co"),
        ("https//huggingface.co", None),
        ("“https://huggingface.co”", "https://huggingface.co"),
    ],
)
def test_case_06_quotes_around_an_endpoint_or_no_scheme(
    way: Machine, written: str, mended: str | None
) -> None:
    way.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False", f"HF_ENDPOINT={written}")
    finding = only(way.examine(), "HUB203")
    assert finding.span is not None and finding.span.line == 3
    assert finding.because is None and finding.fix is not None
    if mended is not None:
        assert finding.fix.patch in (
            EnvPatch({"HF_ENDPOINT": mended}),
            EnvPatch({}, frozenset({"HF_ENDPOINT"})),
        )


@pytest.mark.spares("HUB203")
@pytest.mark.parametrize("written", ['"https://huggingface.co"', "https://huggingface.co/ ", ""])
def test_case_06_what_env_and_the_library_strip_is_no_mistake(way: Machine, written: str) -> None:
    way.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False", f"HF_ENDPOINT={written}")
    assert codes(way.examine()) == []


@pytest.mark.triggers("HUB221")
def test_case_07_the_switch_to_modelscope_is_on_and_only_hugging_face_has_the_model(
    way: Machine,
) -> None:
    way.env(FIRST_MS)
    report = way.examine(worlds.REVIEWED, HF_TOKEN=worlds.GOOD)
    finding = only(report, "HUB221")
    assert report.patch == EnvPatch({"USE_MODELSCOPE": "False"})
    assert "ModelScope" in finding.message.en
    assert finding.fix is not None and "Hugging Face" in finding.fix.title.en
    assert {f.because for f in report.findings if f is not finding} <= {"HUB221"}


@pytest.mark.spares("TOK300", "TOK312", "GATE401")
def test_case_11_a_404_of_modelscope_is_about_the_name_and_not_about_a_token(
    way: Machine,
) -> None:
    """Its client says "Authentication token does not exist" of a name that is misspelt."""
    way.env(FIRST_MS, "QTUNE_FALLBACK=False")
    report = way.examine("Qwen/Qwen3-4BB")
    assert codes(report)[0] == "HUB221"
    told = [f.code for f in report.findings if f.severity.value != "info"]
    assert told == ["HUB221"]


@pytest.mark.parametrize("path", ["/data/models/qwen3", "./models/qwen3", "~/models/qwen3"])
def test_case_11_a_path_that_is_not_there_is_told_as_a_path(tmp_path: Path, path: str) -> None:
    command = [sys.executable, "-m", "qtune", "doctor", "--offline", path]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no folder" in done.stderr and "oken" not in done.stderr


@pytest.mark.triggers("NET103")
def test_case_14_a_company_opens_tls_and_it_is_not_called_offline(tmp_path: Path) -> None:
    """CERTIFICATE_VERIFY_FAILED: the CA is to be named, and the check never switched off."""
    with at_loopback(tmp_path, True) as machine:
        machine.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        report = machine.examine()
        assert codes(report) == ["NET103"]
        finding = report.findings[0]
        assert blamed(report)["listing.huggingface"] == "NET103"
        assert any("issued by" in line.en for line in finding.evidence)
        assert finding.fix is not None and "SSL_CERT_FILE" in finding.fix.title.en
        assert codes(machine.examine(SSL_CERT_FILE=str(machine.hub.ca_file))) == []


@pytest.mark.triggers("HUB208")
@pytest.mark.spares("NET102", "HUB200")
def test_case_15_a_limit_of_requests_is_not_called_unreachable(way: Machine) -> None:
    limit = {"RateLimit": '"resolvers";r=0;t=42', "Retry-After": "42"}
    way.hub.fault(Fault(Kind.STATUS, origin="hf", path="*resolve*", status=429, headers=limit))
    report = way.examine()
    assert codes(report) == ["HUB208"]
    finding = report.findings[0]
    assert "42 s" in finding.message.en
    assert finding.fix is not None
    assert "HF_TOKEN" in finding.fix.title.en + "".join(line.en for line in finding.evidence)
