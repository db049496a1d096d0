"""Cases 1 to 4, 13, 16, 22 and 43: mirrors, Xet, SOCKS, a switch left on, a token elsewhere, an old name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

from qtune.core.envpatch import EnvPatch
from tests.doctor.examining import Machine, at_loopback, blamed, codes, only
from tests.doctor.probes.sockets import socks5
from tests.hub import Fault, Kind, worlds

LINES = ("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
HUB = "https://huggingface.co/Qwen/Qwen3-4B/resolve/main/config.json"


@pytest.fixture
def xet(tmp_path: Path) -> Iterator[Machine]:
    """The large files stand in Xet's storage, on a host of its own."""
    with at_loopback(tmp_path, xet=True) as machine:
        machine.env(*LINES)
        yield machine


@pytest.mark.triggers("HUB205")
def test_case_01_a_mirror_redirects_and_loses_the_commit(tmp_path: Path) -> None:
    """The library says "check your connection"; the mirror answers 308 to the hub it should stand in for."""
    with at_loopback(tmp_path, QTUNE_TRUSTED_HOSTS="") as machine:
        endpoint = machine.environ.pop("HF_ENDPOINT")
        machine.env(*LINES, f"HF_ENDPOINT={endpoint}")
        fault = Fault(Kind.REDIRECT, origin="hf", path="*/resolve/*", status=308, location=HUB)
        machine.hub.fault(fault)
        report = machine.examine()
        assert codes(report) == ["HUB205"]
        assert "huggingface.co" in report.findings[0].message.en
        fix = report.findings[0].fix
        assert fix is not None and fix.patch == EnvPatch(unset=frozenset({"HF_ENDPOINT"}))
        assert blamed(report)["storage.huggingface"] == "HUB205"


@pytest.mark.triggers("HUB202")
@pytest.mark.spares("HUB200", "HUB201", "HUB203")
def test_case_02_small_files_come_and_the_host_of_the_large_ones_is_closed(xet: Machine) -> None:
    xet.hub.fault(Fault(Kind.REFUSED, origin="cas"))
    report = xet.examine()
    assert codes(report) == ["HUB202"]
    assert report.patch == EnvPatch({"HF_HUB_DISABLE_XET": "1"})


@pytest.mark.triggers("HUB202")
@pytest.mark.spares("HUB202")
def test_case_03_xet_goes_past_the_endpoint_and_is_switched_off(xet: Machine) -> None:
    """What the endpoint serves comes; what Xet serves does not ask the endpoint at all."""
    xet.hub.fault(Fault(Kind.REFUSED, origin="cas"))
    assert only(xet.examine(), "HUB202").because is None
    assert codes(xet.examine(HF_HUB_DISABLE_XET="1")) == []


@pytest.mark.triggers("NET107")
def test_case_13_a_socks_proxy_and_a_client_without_socksio(local: Machine) -> None:
    """The proxy works: it is httpx that lacks the package with which it would speak to it."""
    with (
        socks5() as port,
        patch(
            "qtune.doctor.probes.packages.version", lambda name: "" if name == "socksio" else "1"
        ),
        patch("qtune.core.http.find_spec", lambda name: None),
    ):
        proxy = f"socks5h://127.0.0.1:{port}"
        report = local.examine(skip=("torch", "accelerator", "imports"), ALL_PROXY=proxy)
    fix = only(report, "NET107").fix
    assert "NET106" not in codes(report)
    assert fix is not None and fix.command == 'pip install "httpx[socks]"'


@pytest.mark.triggers("HUB210")
def test_case_16_offline_was_left_on_and_the_model_is_not_here(local: Machine) -> None:
    """OfflineModeIsEnabled, though the network is fine: the switch and its line are named."""
    from qtune.doctor.examine import Options, examine
    from qtune.doctor.schedule import Limits
    from tests.doctor.probes.looking import looking

    local.env(*LINES, "HF_HUB_OFFLINE=1")
    with looking(local.project, local.environ, kind="download") as context:
        report = examine(context, Options(only=("HUB210",), limits=Limits(30, offline=True)))
    finding = only(report, "HUB210")
    assert finding.span is not None and finding.span.line == 3
    assert local.hub.requests == []


@pytest.mark.triggers("TOK305")
def test_case_22_the_token_stands_in_the_env_of_another_folder(way: Machine) -> None:
    """401 inside the tool alone: its folder is not the one whose `.env` holds the token."""
    above = way.project.parent / ".env"
    above.write_text(f"HF_TOKEN={worlds.GOOD}\n")
    above.chmod(0o600)
    report = way.examine(worlds.LLAMA)
    first, second = report.findings[:2]
    assert (first.code, second.code, second.because) == ("TOK305", "GATE401", "TOK305")
    assert first.span is not None and first.span.path == str(above)


@pytest.mark.triggers("HUB211")
def test_case_43_the_switch_for_fast_transfers_does_nothing_any_more(way: Machine) -> None:
    way.environ["HF_HUB_ENABLE_HF_TRANSFER"] = "1"
    finding = only(way.examine(only=("HUB211",)), "HUB211")
    assert "HF_HUB_ENABLE_HF_TRANSFER" in finding.message.en
    assert "does nothing" in finding.message.en
