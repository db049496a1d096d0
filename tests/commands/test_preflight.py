"""The look before a run: the first hub alone while it serves, the others when it does not."""

from __future__ import annotations

import socket
from pathlib import Path

from qtune.commands.preflight import preflight
from qtune.core.settings import resolve
from qtune.doctor.facts import Goal
from qtune.doctor.outcome import Report, exit_code
from tests.hub import Hub, worlds


def look(root: Path, **environ: str) -> Report:
    settings = resolve(environ={"USE_MODELSCOPE": "False", **environ})
    return preflight(settings, Goal("download", worlds.QWEN), root, "", lambda check, end: None)


def test_while_the_first_hub_serves_no_other_is_contacted(hub: Hub, tmp_path: Path) -> None:
    report = look(tmp_path, HF_ENDPOINT=hub.hf_url, MODELSCOPE_ENDPOINT=hub.ms_url)
    assert exit_code(report) == 0
    assert not hub.seen("ms")


def test_a_dead_proxy_before_the_first_hub_is_made_up_for_by_a_hub_that_needs_none(
    hub: Hub, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        report = look(
            tmp_path,
            HF_ENDPOINT="http://hub.example",
            MODELSCOPE_ENDPOINT=hub.ms_url,
            HTTP_PROXY=f"http://127.0.0.1:{closed.getsockname()[1]}",
            NO_PROXY="127.0.0.1,localhost",
        )
    assert [finding.code for finding in report.findings] == ["NET106"]
    assert exit_code(report) == 0, "ModelScope serves"
