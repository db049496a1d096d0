"""SRC007 and SRC008: certificates that nobody checks, and tokens that everybody can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.secret import redact
from qtune.doctor.finding import Severity
from tests.doctor.documents.coding import MS_TOKEN, TOKEN, codes, marked, only, python

HEAD = "import os, ssl, requests, httpx, aiohttp\n"


@pytest.mark.triggers("SRC007")
@pytest.mark.parametrize(
    ("code", "place"),
    [
        ('requests.get("https://huggingface.co", verify=False)', "verify=False"),
        ("s = requests.Session()\ns.post(url, verify=False)", "verify=False"),
        ("s = requests.Session()\ns.verify = False", "s.verify"),
        ("with requests.Session() as s:\n    s.verify = False", "s.verify"),
        ("httpx.Client(verify=False)", "verify=False"),
        ("client = httpx.AsyncClient(\n    verify=False)", "verify=False"),
        ("aiohttp.TCPConnector(ssl=False)", "ssl=False"),
        (
            "ssl._create_default_https_context = ssl._create_unverified_context",
            "ssl._create_default_https_context",
        ),
        ('os.environ["PYTHONHTTPSVERIFY"] = "0"', 'os.environ["PYTHONHTTPSVERIFY"]'),
    ],
)
def test_certificates_that_are_not_checked_are_told(tmp_path: Path, code: str, place: str) -> None:
    finding = only(python(tmp_path, HEAD + code + "\n"), "SRC007")
    assert finding.severity is Severity.WARNING
    assert marked(tmp_path, finding) == place
    assert finding.fix is not None and "REQUESTS_CA_BUNDLE" in finding.fix.title.en


@pytest.mark.triggers("SRC007")
def test_the_old_trick_that_does_nothing_today_is_a_remark(tmp_path: Path) -> None:
    finding = only(python(tmp_path, HEAD + 'os.environ["CURL_CA_BUNDLE"] = ""\n'), "SRC007")
    assert finding.severity is Severity.INFO


def test_requests_takes_an_empty_bundle_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle: why that one is no more than a remark."""
    import requests

    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    with requests.Session() as session:
        settings = session.merge_environment_settings("https://localhost", {}, False, None, None)
    assert settings["verify"] is not False and settings["verify"] != ""


@pytest.mark.spares("SRC007")
@pytest.mark.parametrize(
    "code",
    [
        'requests.get("https://huggingface.co")',
        "requests.get(url, verify=True)",
        'requests.get(url, verify="/etc/ssl/company.pem")',
        'requests.get("https://localhost:8443/health", verify=False)',
        'requests.get("https://127.0.0.1:8443/health", verify=False)',
        "httpx.AsyncClient(trust_env=False, verify=False)",  # a server of one's own, beside it
        "check(url, verify=False)",
        "tokenizer.apply(verify=False)",
        "self.verify = False",
        'os.environ["REQUESTS_CA_BUNDLE"] = "/etc/ssl/company.pem"',
        "context = ssl._create_unverified_context()",
    ],
)
def test_certificates_that_are_checked_and_things_that_are_called_alike_are_fine(
    tmp_path: Path, code: str
) -> None:
    assert codes(python(tmp_path, HEAD + code + "\n")) == []


# --- SRC008 ---------------------------------------------------------------------------------------


@pytest.mark.triggers("SRC008")
@pytest.mark.parametrize(
    "code",
    [
        'from huggingface_hub import login\nlogin("{}")\n',
        'HF_TOKEN = "{}"\n',
        "# mine: {}\n",
        'import os\nos.environ["HF_TOKEN"] = "{}"\n',
        'headers = {{"Authorization": "Bearer {}"}}\n',
        'print("half-typed, {}\n',
    ],
)
@pytest.mark.parametrize("token", [TOKEN, MS_TOKEN])
def test_a_token_is_told_and_not_shown(tmp_path: Path, code: str, token: str) -> None:
    checked = python(tmp_path, code.format(token))
    finding = only(checked, "SRC008")
    assert marked(tmp_path, finding) == token
    assert token not in repr(checked)
    key = "HF_TOKEN" if token == TOKEN else "MODELSCOPE_API_TOKEN"
    assert finding.fix is not None and key in finding.fix.title.en


@pytest.mark.spares("SRC008")
@pytest.mark.parametrize(
    "text",
    [
        "hf_" + "x" * 34,
        "hf_your_token_here",
        "hf_abcdefghijklmnopqrstuvwxyzabcdefgh",
        "hf_" + "aB3" * 12,
        "hf_short",
        "ms-your-token",
        "hf_hub_download_of_a_function_with_a_long_name",
        "my_hf_" + "QmRtYpLkJhGfDsAzXcVbNwEiOuZeBnMvCq",
    ],
)
def test_an_example_is_no_token(tmp_path: Path, text: str) -> None:
    assert codes(python(tmp_path, f'login("{text}")\n')) == []


def test_a_half_typed_token_is_no_secret_of_the_whole_process(tmp_path: Path) -> None:
    for length in range(8, len(TOKEN) + 1):
        python(tmp_path, f'from huggingface_hub import login\nlogin("{TOKEN[:length]}")\n')
    half = TOKEN[:12]
    assert redact(half) == half
