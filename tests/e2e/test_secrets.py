"""No secret leaves: not to a foreign host, not into any output of any format, log or file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qtune.doctor.report.formats import FORMATS
from tests.e2e.road import Road
from tests.hub import Hub, Repo, worlds
from tests.hub.world import World

pytestmark = pytest.mark.e2e


@pytest.fixture
def foreign(tiny: dict[str, bytes]) -> World:
    return World.of((Repo(worlds.QWEN, tiny), Repo(worlds.LLAMA, tiny, gated="auto")), worlds.USERS)


@pytest.mark.slow
def test_a_foreign_endpoint_gets_no_token_from_doctor_download_or_run(
    way: Road, foreign: World
) -> None:
    """Acceptance 4: HUB204, and not one request to that host carries the token."""
    with Hub(foreign.repos, foreign.users) as mirror:
        way.env("USE_MODELSCOPE=False", f"HF_ENDPOINT={mirror.hf_url}", f"HF_TOKEN={worlds.GOOD}")
        done = way.doctor("--for", "download")
        assert done.code == 1
        assert "HUB204" in done.codes
        way.qtune("download", worlds.QWEN)
        way.config(worlds.QWEN)
        way.qtune("run", "sft.yaml", "--no-preflight")
        seen = way.qtune("exec", "--", str(way.python), "-c", "import os; print(dict(os.environ))")
        assert worlds.GOOD not in seen.stdout
        assert len(mirror.requests) > 3
        assert mirror.carrying(worlds.GOOD) == set()
        assert way.hub.carrying(worlds.GOOD) == set()


@pytest.mark.parametrize("where", ["environment", "token file"])
def test_a_cloned_project_cannot_send_the_users_token_anywhere(
    way: Road, home: Path, foreign: World, where: str
) -> None:
    """Its `.env` names a host, vouches for it, and would have the token's file read from elsewhere."""
    environ: dict[str, str] = {}
    if where == "environment":
        environ["HF_TOKEN"] = worlds.GOOD
    else:
        token = home / ".cache/huggingface/token"
        token.parent.mkdir(parents=True)
        token.write_text(worlds.GOOD + "\n", "utf-8")
    with Hub(foreign.repos, foreign.users) as evil:
        host = evil.hf_url.removeprefix("http://")
        way.env(
            "USE_MODELSCOPE=False",
            f"HF_ENDPOINT={evil.hf_url}",
            f"QTUNE_TRUSTED_HOSTS={host}",
            f"HF_TOKEN_PATH={home}/.cache/huggingface/token",
        )
        way.doctor("--for", "download", **environ)
        way.qtune("download", worlds.QWEN, **environ)
        way.qtune("download", worlds.LLAMA, **environ)
        code = "import huggingface_hub; print(huggingface_hub.get_token())"
        seen = way.qtune("exec", "--", str(way.python), "-c", code, **environ)
        assert seen.stdout.strip() == "None"
        assert len(evil.requests) > 3
        assert evil.carrying(worlds.GOOD) == set()


def test_a_host_named_by_the_user_gets_the_token(way: Road, foreign: World) -> None:
    with Hub(foreign.repos, foreign.users) as company:
        host = company.hf_url.removeprefix("http://")
        way.env("USE_MODELSCOPE=False", "QTUNE_FALLBACK=False")
        environ = {
            "HF_ENDPOINT": company.hf_url,
            "QTUNE_TRUSTED_HOSTS": host,
            "HF_TOKEN": worlds.GOOD,
            "NO_PROXY": "127.0.0.1,localhost",
        }
        done = way.qtune("download", worlds.LLAMA, **environ)
        assert done.code == 0, done.stderr
        assert company.carrying(worlds.GOOD) == {"hf"}


CANARIES = {
    "environ": "hf_" + "Q7environcanary" * 2 + "zz01",
    "envfile": "hf_" + "Q7envfilecanary" * 2 + "zz02",
    "token_file": "hf_" + "Q7tokenfilecana" * 2 + "zz03",
    "proxy": "Q7-proxy-password-zz04",
    "modelscope": "11112222-3333-4444-5555-6666777788zz",
    "unknown": "Q7-some-other-programs-secret-zz06",
    "typo": "hf_" + "Q7typotypocanary" * 2 + "zz07",
}


@pytest.mark.slow
@pytest.mark.parametrize("place", ["environ", "envfile"])
def test_planted_secrets_appear_nowhere(way: Road, home: Path, place: str) -> None:
    """Acceptance 5: every input holds one; no output, no log, no saved file does."""
    token = home / ".cache/huggingface/token"
    token.parent.mkdir(parents=True)
    token.write_text(CANARIES["token_file"], "utf-8")
    way.env(
        "USE_MODELSCOPE=False",
        f"HF_TOKEN={CANARIES['envfile']}",
        f"HF_TOKKEN={CANARIES['typo']}",
        f"MODELSCOPE_API_TOKEN={CANARIES['modelscope']}",
        f"OTHER_SERVICE_SECRET={CANARIES['unknown']}",
        f"HTTP_PROXY=http://someone:{CANARIES['proxy']}@127.0.0.1:9",
        f'BROKEN="{CANARIES["unknown"]}',
    )
    environ = {"HF_TOKEN": CANARIES["environ"]} if place == "environ" else {}
    runs = [
        way.qtune("doctor", "-vv", **environ),
        way.doctor("--for", "download", "--save", "facts.json", **environ),
        way.qtune("doctor", "--diff", "--only", "env", **environ),
        way.qtune("doctor", "--facts", "facts.json", "-vv", **environ),
        *(
            way.qtune("doctor", "--facts", "facts.json", "--format", name, **environ)
            for name in FORMATS
        ),
        way.qtune("doctor", "--only", "env", "--format", "markdown", **environ),
        way.qtune("env", "-v", **environ),
        way.qtune("download", worlds.LLAMA, **environ),
        way.qtune("run", str(way.config(worlds.LLAMA).name), "-v", **environ),
        way.qtune("run", "sft.yaml", "--no-preflight", **environ),
        way.qtune("run", "sft.yaml", "--dry-run", **environ),
        way.qtune("explain", "TOK303", **environ),
    ]
    everything = "".join(run.wrote for run in runs)
    signed = [r.raw_path for r in way.hub.requests if "signature" in r.raw_path.lower()]
    for name, canary in CANARIES.items():
        assert canary not in everything, name
        assert canary[5:-5] not in everything, name
    for signature in (raw.rpartition("=")[2] for raw in signed):
        assert signature not in everything
    kept = [home, way.project]
    for folder in kept:
        for path in folder.rglob("*"):
            if path.is_file() and path.name not in (".env", "token"):
                content = path.read_bytes()
                assert not [n for n, canary in CANARIES.items() if canary.encode() in content], path
    facts = json.loads((way.project / "facts.json").read_text("utf-8"))
    assert facts["schema"] == 1
    assert (way.project / "facts.json").stat().st_mode & 0o077 == 0
