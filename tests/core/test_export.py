"""Children and shells get exactly the resolved settings, and no token that their endpoint may not have."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from qtune.core.envfile import parse
from qtune.core.errors import ConfigError
from qtune.core.export import child_environment, lines
from qtune.core.settings import Settings, resolve
from qtune.core.table import TABLE
from tests.hub import Hub, sdk, worlds

CANARY = worlds.GOOD
STRANGER = "HF_ENDPOINT=http://127.0.0.1:9\n"


def project(text: str) -> Settings:
    return resolve(environ={}, project=parse(text, Path("/project/.env")))


def test_the_table_replaces_whatever_the_parent_had() -> None:
    base = {
        "PATH": "/bin",
        "MY_OWN": "kept",
        "HF_HOME": "/stale",
        "HUGGINGFACE_HUB_CACHE": "/stale",
        "http_proxy": "http://stale:1",
        "CURL_CA_BUNDLE": "/stale",
        "QTUNE_DEVICE": "cpu",
    }
    child = child_environment(project("HF_HOME=/models\nHTTP_PROXY=http://p:1\n"), base)
    assert (child["PATH"], child["MY_OWN"], child["HF_HOME"]) == ("/bin", "kept", "/models")
    assert child["HTTP_PROXY"] == child["http_proxy"] == "http://p:1"
    assert "stale" not in " ".join(child.values())
    assert "QTUNE_DEVICE" not in child, "only what a library reads is exported"


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("HF_HUB_OFFLINE=yes", "HF_HUB_OFFLINE", "1"),
        ("HF_HUB_OFFLINE=False", "HF_HUB_OFFLINE", "0"),
        ("TRANSFORMERS_OFFLINE=on", "HF_HUB_OFFLINE", "1"),
        ("HF_ENDPOINT=https://huggingface.co/", "HF_ENDPOINT", "https://huggingface.co"),
        ("MODELSCOPE_DOMAIN=www.modelscope.ai", "MODELSCOPE_ENDPOINT", "https://www.modelscope.ai"),
        ("HF_HOME=$HOME/x", "HF_HOME", None),
        ("CUDA_VISIBLE_DEVICES=0,1", "CUDA_VISIBLE_DEVICES", "0,1"),
    ],
)
def test_values_are_written_as_the_libraries_read_them(
    line: str, key: str, value: str | None, home: Path
) -> None:
    assert child_environment(project(line), {})[key] == (value or str(home / "x"))


def test_a_value_that_cannot_be_used_reaches_nobody() -> None:
    """huggingface_hub dies on import of a timeout that is no number."""
    base = {"HF_HUB_DOWNLOAD_TIMEOUT": "soon"}
    settings = resolve(environ=base)
    assert "HF_HUB_DOWNLOAD_TIMEOUT" not in child_environment(settings, base)
    assert "unset HF_HUB_DOWNLOAD_TIMEOUT\n" in lines(settings, "bash")


def test_defaults_are_left_to_the_libraries() -> None:
    child = child_environment(resolve(), {"PATH": "/bin"})
    assert child == {"PATH": "/bin"}


# --- tokens ---------------------------------------------------------------------------------------

PLACES = {
    "HF_TOKEN": CANARY,
    "HUGGING_FACE_HUB_TOKEN": worlds.WRITE,
    "HF_OIDC_RESOURCE": "models/acme/x",
    "HF_OIDC_ID_TOKEN": "eyJ.oidc.canary",
}
TOKENS = (CANARY, worlds.WRITE, "oidc.canary")

NOT_TRUSTED = {
    "a foreign host": STRANGER,
    "a foreign host that the project itself trusts": STRANGER + "QTUNE_TRUSTED_HOSTS=127.0.0.1:9\n",
    "the project's own token beside it": STRANGER
    + f"QTUNE_TRUSTED_HOSTS=127.0.0.1:9\nHF_TOKEN={worlds.UNKNOWN}\n",
    "the project's own CA": "SSL_CERT_FILE=/evil.pem\nHTTPS_PROXY=http://evil:1\n",
    "the project's own CA for requests": "REQUESTS_CA_BUNDLE=/evil.pem\n",
    "plain http": "HF_ENDPOINT=http://huggingface.co\n",
}


@pytest.mark.parametrize("why", NOT_TRUSTED)
@pytest.mark.parametrize("places", [*([name] for name in PLACES), list(PLACES)])
def test_what_the_projects_file_says_moves_no_token_of_the_environment(
    why: str, places: list[str]
) -> None:
    environ = {name: PLACES[name] for name in places}
    settings = resolve(environ=environ, project=parse(NOT_TRUSTED[why], Path("/project/.env")))
    child = child_environment(settings, {**environ, "PATH": "/bin"})
    for token in TOKENS:
        assert token not in json.dumps(child)
    script = lines(settings, "bash")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE", "HF_OIDC_ID_TOKEN"):
        assert (
            f"unset {name}\n" in script
            or f"export {name}={worlds.UNKNOWN}" in script
            or (worlds.UNKNOWN in script and name == "HUGGING_FACE_HUB_TOKEN")
        )
    for token in TOKENS:
        assert token not in script


@pytest.mark.parametrize(
    "text",
    [
        "MODELSCOPE_ENDPOINT=http://127.0.0.1:9\n",
        "MODELSCOPE_ENDPOINT=http://modelscope.cn\n",
        "MODELSCOPE_ENDPOINT=https://evil.example\nQTUNE_TRUSTED_HOSTS=evil.example\n",
        "REQUESTS_CA_BUNDLE=/evil.pem\n",
        "SSL_CERT_FILE=/evil.pem\n",
    ],
)
@pytest.mark.parametrize("token", [worlds.MODELSCOPE, ""])
def test_modelscopes_token_and_its_stored_login_stay_at_home(text: str, token: str) -> None:
    environ = {"MODELSCOPE_API_TOKEN": token} if token else {}
    settings = resolve(environ=environ, project=parse(text, Path("/project/.env")))
    child = child_environment(settings, environ)
    assert child["MODELSCOPE_API_TOKEN"] == "", (
        "set but empty: the stored login does not count either"
    )
    assert "export MODELSCOPE_API_TOKEN=''\n" in lines(settings, "bash")


def test_a_token_goes_along_to_its_own_hub() -> None:
    environ = {
        "HF_TOKEN": CANARY,
        "MODELSCOPE_API_TOKEN": worlds.MODELSCOPE,
        "HF_OIDC_RESOURCE": "x",
    }
    child = child_environment(resolve(environ=environ), environ)
    assert child == environ
    old = {"HUGGING_FACE_HUB_TOKEN": CANARY}
    assert child_environment(resolve(environ=old), old) == {"HF_TOKEN": CANARY}


def test_a_token_of_the_projects_own_goes_where_the_project_says() -> None:
    text = f"HF_TOKEN={CANARY}\nHF_ENDPOINT=https://hub.corp\nQTUNE_TRUSTED_HOSTS=hub.corp\n"
    assert child_environment(project(text), {})["HF_TOKEN"] == CANARY


# --- what the real clients make of it --------------------------------------------------------------

SHOW = """
import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.utils import build_hf_headers
done({"token": huggingface_hub.get_token(), "endpoint": constants.ENDPOINT,
      "headers": build_hf_headers().get("authorization")})
"""
ASK = """
from huggingface_hub import HfApi
try:
    HfApi().model_info("Qwen/Qwen3-4B")
    done("ok")
except Exception as error:
    done(type(error).__name__)
"""
ASK_MODELSCOPE = """
from modelscope.hub.api import HubApi
api = HubApi()
files = api.get_model_files("Qwen/Qwen3-4B", recursive=True)
done(len(files))
"""


def run_with(settings: Settings, base: dict[str, str], code: str, tmp_path: Path) -> object:
    outcome = sdk.python(code, child_environment(settings, base), tmp_path)
    assert outcome.error is None, outcome.output
    return outcome.value


def base_of(tmp_path: Path, **values: str) -> dict[str, str]:
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "SYSTEMROOT") if key in os.environ}
    return {
        **kept,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "MODELSCOPE_CACHE": str(tmp_path / "ms"),
        **values,
    }


@pytest.mark.parametrize("place", ["environ", "file", "project's file names the token file"])
@pytest.mark.parametrize("trusted_by", ["nobody", "project", "environ"])
def test_huggingface_hub_finds_a_token_only_for_a_trusted_endpoint(
    hub: Hub, tmp_path: Path, home: Path, place: str, trusted_by: str
) -> None:
    host = hub.hf_url.removeprefix("http://")
    base, text = base_of(tmp_path), f"HF_ENDPOINT={hub.hf_url}\n"
    if place == "environ":
        base["HF_TOKEN"] = CANARY
    elif place == "file":
        (home / ".cache/huggingface").mkdir(parents=True)
        (home / ".cache/huggingface/token").write_text(CANARY)
        base["XDG_CACHE_HOME"] = str(home / ".cache")
    else:
        (tmp_path / "token").write_text(CANARY)
        text += f"HF_TOKEN_PATH={tmp_path / 'token'}\n"
    if trusted_by == "project":
        text += f"QTUNE_TRUSTED_HOSTS={host}\n"
    elif trusted_by == "environ":
        base["QTUNE_TRUSTED_HOSTS"] = host
    settings = resolve(environ=base, project=parse(text, Path("/project/.env")))
    found = run_with(settings, base, SHOW, tmp_path)
    assert isinstance(found, dict)
    trusted = trusted_by == "environ"
    assert found["endpoint"] == hub.hf_url
    assert found["token"] == (CANARY if trusted else None)
    assert bool(found["headers"]) is trusted
    assert run_with(settings, base, ASK, tmp_path) == "ok"
    assert hub.seen("hf", "/api/models/*")
    assert hub.carrying(CANARY) == ({"hf"} if trusted else set())


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("place", ["environ", "login"])
def test_modelscopes_client_sends_its_token_only_to_a_trusted_endpoint(
    hub: Hub, tmp_path: Path, home: Path, place: str, trusted: bool
) -> None:
    host = hub.ms_url.removeprefix("http://")
    base = base_of(tmp_path)
    if place == "environ":
        base["MODELSCOPE_API_TOKEN"] = worlds.MODELSCOPE
    else:
        log_in = (
            f"from modelscope.hub.api import HubApi\nHubApi().login({worlds.MODELSCOPE!r})\ndone(1)"
        )
        sdk.python(log_in, {**base, "MODELSCOPE_ENDPOINT": hub.ms_url}, tmp_path)
        hub.forget()
    if trusted:
        base["QTUNE_TRUSTED_HOSTS"] = host
    text = f"MODELSCOPE_ENDPOINT={hub.ms_url}\n"
    settings = resolve(environ=base, project=parse(text, Path("/project/.env")))
    assert run_with(settings, base, ASK_MODELSCOPE, tmp_path)
    assert hub.seen("ms", "/api/v1/models/*")
    carried = hub.carrying(worlds.MODELSCOPE)
    assert carried == ({"ms"} if trusted else set())


# --- shells ---------------------------------------------------------------------------------------

AWKWARD = "a b'c\"d$HOME `id` \\ $(id) ! # ; & | <x> %PATH% ^ 中😀"


def in_bash(script: str, names: list[str], environ: dict[str, str]) -> dict[str, str]:
    ask = "".join(f'printf "%s\\0" "${{{name}-<unset>}}"; ' for name in names)
    run = subprocess.run(
        ["bash", "-c", f'eval "$SCRIPT"; {ask}'],
        env={"PATH": os.environ["PATH"], "SCRIPT": script, **environ},
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert not run.stderr
    return dict(zip(names, run.stdout.decode().split("\0"), strict=False))


@given(
    value=st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30
    )
)
@hypothesis_settings(max_examples=25, deadline=None)
def test_a_real_bash_gets_every_value_back_exactly(value: str) -> None:
    settings = resolve({"CUDA_VISIBLE_DEVICES": value, "PYTORCH_ALLOC_CONF": AWKWARD})
    found = in_bash(lines(settings, "bash"), ["CUDA_VISIBLE_DEVICES", "PYTORCH_ALLOC_CONF"], {})
    assert found["PYTORCH_ALLOC_CONF"] == AWKWARD
    if value.strip():
        assert found["CUDA_VISIBLE_DEVICES"] == value.strip()


def test_in_bash_tokens_are_gone_for_a_stranger_and_there_for_the_hub() -> None:
    names = [*PLACES, "HF_HUB_DISABLE_IMPLICIT_TOKEN", "HF_TOKEN_PATH"]
    environ = {"HF_TOKEN": CANARY, "HUGGING_FACE_HUB_TOKEN": CANARY, "HF_OIDC_ID_TOKEN": "x"}
    strange = resolve(environ=environ, project=parse(STRANGER, Path("/project/.env")))
    found = in_bash(lines(strange, "bash"), names, environ)
    assert list(found.values()) == [*["<unset>"] * 4, "1", os.devnull]
    at_home = in_bash(lines(resolve(environ=environ), "bash"), names, {})
    assert at_home["HF_TOKEN"] == CANARY and at_home["HF_TOKEN_PATH"] == "<unset>"


def powershell(line: str) -> tuple[str, str]:
    """The name and value of one assignment as PowerShell's tokenizer reads it: any two single quotes,
    straight or typographic, stand for the first of them; one alone ends the string."""
    match = re.fullmatch(r"\$env:(\w+) = '(.*)'", line, re.S)
    assert match, line
    quotes = "'\u2018\u2019\u201a\u201b"
    body, value, at = match[2], "", 0
    while at < len(body):
        if body[at] in quotes:
            assert at + 1 < len(body) and body[at + 1] in quotes, (
                "the string ends here: the rest is run"
            )
            at += 1
        value += body[at]
        at += 1
    return match[1], value


@pytest.mark.parametrize("value", [AWKWARD, "it’s; calc #", "‘’‚‛'", "two\nlines", "plain"])
def test_powershell_gets_one_string_and_nothing_to_run(value: str) -> None:
    settings = resolve({"CUDA_VISIBLE_DEVICES": value})
    assert powershell(lines(settings, "powershell").removesuffix("\n")) == (
        "CUDA_VISIBLE_DEVICES",
        value,
    )


def cmd(line: str) -> tuple[str, str]:
    """The name and value of one `set` as cmd reads it in a batch file: quotes switch the meaning of
    special characters off and on, a caret outside of them takes it from the next one."""
    assert line.startswith("set ")
    rest, read, at, inside = line[4:].replace("%%", "\0"), "", 0, False
    assert "%" not in rest, "a variable would be filled in"
    while at < len(rest):
        character = rest[at]
        if character == '"':
            inside = not inside
        elif character == "^" and not inside:
            at += 1
            character = rest[at]
        else:
            assert inside or character not in "&|<>", "the rest would be run"
        read += character
        at += 1
    if read.startswith('"'):
        read = read[1 : read.rindex('"')]
    name, _, value = read.partition("=")
    return name, value.replace("\0", "%")


@pytest.mark.parametrize(
    "value", [AWKWARD, '" & calc & rem "', "a&b|c", "100%PATH%", "C:\\x y\\", "^"]
)
def test_cmd_gets_one_string_and_nothing_to_run(value: str) -> None:
    settings = resolve({"CUDA_VISIBLE_DEVICES": value})
    assert cmd(lines(settings, "cmd").removesuffix("\n")) == ("CUDA_VISIBLE_DEVICES", value)


def test_what_cmd_cannot_set_is_refused_instead_of_run() -> None:
    with pytest.raises(ConfigError, match="CUDA_VISIBLE_DEVICES holds a line break"):
        lines(resolve({"CUDA_VISIBLE_DEVICES": "0\ncalc.exe"}), "cmd")


@pytest.mark.parametrize("shell", ["bash", "powershell", "cmd"])
def test_only_keys_of_the_table_are_written(shell: str) -> None:
    text = "EVIL=1\nLD_PRELOAD=/evil.so\nPATH=/evil\nHF_HOME=/models\nBASH_ENV=/evil\n"
    script = lines(project(text), shell)  # type: ignore[arg-type]
    assert "evil" not in script and script.count("\n") == 1
    assert {row.key for row in TABLE if row.key in script} == {"HF_HOME"}


def test_no_gpu_by_an_empty_list_of_them_stays_so() -> None:
    def seen(environ: dict[str, str], text: str = "") -> str | None:
        settings = resolve(environ=environ, project=parse(text, Path("/project/.env")))
        return child_environment(settings, environ).get("CUDA_VISIBLE_DEVICES")

    assert seen({"CUDA_VISIBLE_DEVICES": ""}) == ""
    assert seen({"CUDA_VISIBLE_DEVICES": ""}, "CUDA_VISIBLE_DEVICES=1\n") == "1"
    assert seen({}, "CUDA_VISIBLE_DEVICES=\n") is None
