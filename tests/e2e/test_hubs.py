"""A hub that fails is measured, the better one is recommended, written, and from then on the only one asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.road import Road
from tests.hub import Fault, Kind, worlds

pytestmark = pytest.mark.e2e


def recommended(report: dict[str, Any], key: str) -> dict[str, Any]:
    row = report["recommended_env"][key]
    assert isinstance(row, dict)
    return row


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sick", "healthy", "before", "after"),
    [
        ("huggingface", "modelscope", "False", "True"),
        ("modelscope", "huggingface", "True", "False"),
    ],
)
def test_a_silent_hub_is_left_for_the_healthy_one(
    way: Road, sick: str, healthy: str, before: str, after: str
) -> None:
    """Acceptance 3: accepts, never answers; the doctor measures the other, `--fix` writes it, the run obeys."""
    envfile = way.env("# my settings", f"USE_MODELSCOPE={before}  # which hub", "OTHER=kept")
    way.hub.fault(Fault(Kind.SILENT, origin="hf" if sick == "huggingface" else "ms"))
    done = way.doctor("--for", "download")
    row = recommended(done.report, "USE_MODELSCOPE")
    assert (row["value"], row["current"], row["applicability"]) == (after, before, "SAFE")
    assert "MB/s" in row["reason"] or "kB/s" in row["reason"]

    fixed = way.qtune("doctor", "--for", "download", "--fix", "--yes")
    assert fixed.code == 0, fixed.wrote
    assert (
        envfile.read_text("utf-8")
        == f"# my settings\nUSE_MODELSCOPE={after}  # which hub\nOTHER=kept\n"
    )

    way.hub.forget()
    way.config(worlds.QWEN)
    ran = way.qtune("run", "sft.yaml")
    assert ran.code == 0, ran.stderr
    assert way.asked(sick) == 0
    assert way.asked(healthy) > 0

    again = way.qtune("doctor", "--for", "download", "--fix", "--yes")
    assert again.code == 0
    assert envfile.read_text("utf-8").count("\n") == 3


def test_a_value_of_the_environment_is_not_fought_but_explained(way: Road) -> None:
    """`.env` cannot override the process environment: the fix is MANUAL and says which line to type."""
    envfile = way.env("USE_MODELSCOPE=True")
    way.hub.fault(Fault(Kind.STATUS, origin="hf", status=503))
    done = way.doctor("--for", "download", "--no-speed", USE_MODELSCOPE="False")
    row = recommended(done.report, "USE_MODELSCOPE")
    assert row["applicability"] == "MANUAL"
    way.qtune("doctor", "--for", "download", "--no-speed", "--fix", "--yes", USE_MODELSCOPE="False")
    assert envfile.read_text("utf-8") == "USE_MODELSCOPE=True\n"
    shown = way.qtune("doctor", "--for", "download", "--no-speed", USE_MODELSCOPE="False")
    assert "unset USE_MODELSCOPE" in shown.stdout


def test_exactly_one_hub_is_asked_when_fallback_is_off(way: Road) -> None:
    way.env("USE_MODELSCOPE=True", "QTUNE_FALLBACK=False")
    way.hub.fault(Fault(Kind.STATUS, origin="ms", status=503))
    done = way.doctor("--for", "download", "--no-speed")
    assert done.code == 1
    downloaded = way.qtune("download", worlds.QWEN)
    assert downloaded.code == 1
    assert way.asked("huggingface") == 0


def test_the_download_falls_back_and_the_result_is_what_the_other_hub_lists(
    way: Road, tiny: dict[str, bytes]
) -> None:
    way.env("USE_MODELSCOPE=True")
    way.hub.fault(Fault(Kind.STATUS, origin="ms", status=503))
    done = way.qtune("download", worlds.QWEN)
    assert done.code == 0, done.stderr
    snapshot = done.stdout.strip()
    assert "\n" not in snapshot
    assert {path.name: path.read_bytes() for path in Path(snapshot).iterdir()} == tiny
    assert "modelscope" in done.stderr


def test_a_host_of_large_files_that_is_down_is_told_apart_from_the_hub(way: Road) -> None:
    way.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
    way.hub.fault(Fault(Kind.REFUSED, origin="cdn"))
    done = way.doctor("--for", "download")
    assert done.code == 1
    assert done.codes[0] == "HUB201"
    assert "us.aws.cdn.hf.co" in done.report["findings"][0]["message"]
