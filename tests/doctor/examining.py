"""An examination from real settings over real sockets: huggingface.co and modelscope.cn led to the local hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from qtune.doctor.examine import Options, examine
from qtune.doctor.facts import GoalKind
from qtune.doctor.finding import Finding
from qtune.doctor.outcome import Report
from qtune.doctor.schedule import Limits
from tests.doctor.probes.looking import looking
from tests.hub import Hub, Proxy, official, worlds
from tests.hub.tls import Flaw

# The machine itself is looked at by tests of its own; here it would only cost time.
MACHINE = ("torch", "accelerator", "packages")


@dataclass
class Machine:
    """`environ` is what every examination on it has, `project` the folder of its `.env`."""

    hub: Hub
    project: Path
    environ: dict[str, str] = field(default_factory=dict)
    proxy: Proxy | None = None

    def env(self, *lines: str, mode: int = 0o600) -> Path:
        path = self.project / ".env"
        path.write_text("".join(line + "\n" for line in lines), "utf-8")
        path.chmod(mode)
        return path

    def examine(
        self,
        model: str = worlds.QWEN,
        *,
        kind: GoalKind = "download",
        revision: str | None = None,
        only: tuple[str, ...] = (),
        skip: tuple[str, ...] = MACHINE,
        speed: bool = False,
        **environ: str,
    ) -> Report:
        options = Options(only, () if only else skip, Limits(30, no_speed=not speed))
        with looking(
            self.project,
            {**self.environ, **environ},
            model=model,
            kind=kind,
            revision=revision,
            output_dir=str(self.project / "runs"),
        ) as context:
            report = examine(context, options)
        assert not [check for check in report.checks if check.state == "crashed"]
        return report


@contextmanager
def connected() -> Iterator[None]:
    """A machine with a way out, which the one that runs the tests need not have."""
    with patch("qtune.doctor.probes.network.routed", lambda family, address: True):
        yield


@contextmanager
def at_home(project: Path, login: tuple[str, str] | None = None) -> Iterator[Machine]:
    """The hubs at their own names, behind a proxy that knows where these are."""
    world = worlds.demo()
    with (
        connected(),
        Hub(world.repos, world.users, tls=True, public_urls=official.URLS) as hub,
        Proxy(login, routes=official.routes(hub)) as proxy,
    ):
        ca = str(hub.ca_file)  # told to every client, as whoever runs such a network does
        environ = {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": ca, "REQUESTS_CA_BUNDLE": ca}
        yield Machine(hub, project, environ, proxy)


@contextmanager
def at_loopback(
    project: Path, tls: bool | Flaw = False, *, xet: bool = False, **changes: str
) -> Iterator[Machine]:
    """The hubs at addresses of this machine, to which tokens may go."""
    world = worlds.demo()
    with connected(), Hub(world.repos, world.users, tls=tls, xet=xet) as hub:
        environ = {
            "HF_ENDPOINT": hub.hf_url,
            "MODELSCOPE_ENDPOINT": hub.ms_url,
            "QTUNE_TRUSTED_HOSTS": "127.0.0.1",
        }
        yield Machine(hub, project, {**environ, **changes})


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


def only(report: Report, code: str) -> Finding:
    (finding,) = (finding for finding in report.findings if finding.code == code)
    return finding


def blamed(report: Report) -> Mapping[str, str | None]:
    """Each check that was not made, with the code that is to blame."""
    return {check.check: check.because for check in report.checks if check.state != "ok"}
