"""Five layers, each value with its origin; what cannot be used is told and never used."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtune.core.envfile import EnvDocument, parse
from qtune.core.errors import ConfigError
from qtune.core.origin import Level
from qtune.core.secret import redact
from qtune.core.settings import resolve
from qtune.core.table import BY_KEY, TABLE

PROJECT, USER = Path("/project/.env"), Path("/me/config.env")


def env(text: str) -> EnvDocument:
    return parse(text, PROJECT)


LAYERS = {
    Level.FLAG: ({"DEFAULT_MODEL": "by/flag"}, "--default-model", None, None),
    Level.ENVIRON: ({"DEFAULT_MODEL": "by/environ"}, "DEFAULT_MODEL", None, None),
    Level.USER: ("DEFAULT_MODEL=by/user", "DEFAULT_MODEL", USER, 1),
    Level.PROJECT: ("\nDEFAULT_MODEL=by/project", "DEFAULT_MODEL", PROJECT, 2),
}


@pytest.mark.parametrize("strongest", range(len(LAYERS) + 1))
def test_a_stronger_layer_wins_and_the_others_are_remembered(strongest: int) -> None:
    present = list(LAYERS)[strongest:]

    def layer(level: Level) -> object:
        return LAYERS[level][0] if level in present else None

    flags, environ = layer(Level.FLAG), layer(Level.ENVIRON)
    user, project = layer(Level.USER), layer(Level.PROJECT)
    settings = resolve(
        flags if isinstance(flags, dict) else None,
        environ if isinstance(environ, dict) else None,
        parse(user, USER) if isinstance(user, str) else None,
        parse(project, PROJECT) if isinstance(project, str) else None,
    )
    value = settings["DEFAULT_MODEL"]
    if not present:
        assert (value.text, value.origin.level) == ("Qwen/Qwen3-4B", Level.DEFAULT)
        assert not settings.is_set("DEFAULT_MODEL")
        return
    _, name, path, line = LAYERS[present[0]]
    assert value.text == f"by/{present[0].name.lower()}"
    origin = value.origin
    assert (origin.level, origin.name, origin.path, origin.line) == (present[0], name, path, line)
    assert [hidden.text for hidden in settings.shadowed] == [
        f"by/{level.name.lower()}" for level in present[1:]
    ]


@pytest.mark.parametrize("empty", ["", "  ", "\t"])
def test_an_empty_value_counts_as_not_set(empty: str) -> None:
    settings = resolve({"HF_TOKEN": ""}, {"HF_TOKEN": empty}, None, env("HF_TOKEN=from-file\n"))
    assert settings.text("HF_TOKEN") == "from-file"
    assert settings.origin("HF_TOKEN").line == 1
    assert resolve(project=env(f"HF_TOKEN='{empty}'")).secret("HF_TOKEN") is None
    assert not settings.shadowed


def test_the_last_line_counts_even_when_it_says_nothing() -> None:
    assert resolve(project=env("HF_TOKEN=one\nHF_TOKEN=two")).text("HF_TOKEN") == "two"
    assert resolve(project=env("HF_TOKEN=one\nHF_TOKEN=")).text("HF_TOKEN") == ""


@pytest.mark.parametrize(
    ("text", "token", "line"),
    [
        ("HUGGING_FACE_HUB_TOKEN=old", "old", 1),
        ("HF_TOKEN=new\nHUGGING_FACE_HUB_TOKEN=old", "new", 1),
        ("HUGGING_FACE_HUB_TOKEN=old\nHF_TOKEN=new", "new", 2),
    ],
)
def test_an_older_spelling_counts_where_the_own_name_is_missing(
    text: str, token: str, line: int
) -> None:
    settings = resolve(project=env(text))
    assert (settings.text("HF_TOKEN"), settings.origin("HF_TOKEN").line) == (token, line)


def test_older_spellings_in_the_environment() -> None:
    both = {"HF_TOKEN": "new", "HUGGING_FACE_HUB_TOKEN": "old"}
    assert resolve(environ=both).text("HF_TOKEN") == "new"
    old = resolve(environ={"HUGGING_FACE_HUB_TOKEN": "old"})
    assert (old.text("HF_TOKEN"), old.origin("HF_TOKEN").name) == ("old", "HUGGING_FACE_HUB_TOKEN")
    offline = resolve(environ={"TRANSFORMERS_OFFLINE": "1"})
    assert offline.flag("HF_HUB_OFFLINE")


def test_the_lower_case_proxy_goes_first_as_in_every_client() -> None:
    both = resolve(environ={"HTTPS_PROXY": "http://upper:1", "https_proxy": "http://lower:1"})
    assert both.text("HTTPS_PROXY") == "http://lower:1"
    assert both.origin("HTTPS_PROXY").name == "https_proxy"


@pytest.mark.parametrize(
    ("key", "bad", "default"),
    [
        ("USE_MODELSCOPE", "maybe", True),
        ("USE_MODELSCOPE", "ture", True),
        ("QTUNE_FALLBACK", "2", True),
        ("HF_HUB_ETAG_TIMEOUT", "soon", 10),
        ("HF_HUB_ETAG_TIMEOUT", "0", 10),
        ("HF_HUB_ETAG_TIMEOUT", "-1", 10),
        ("HF_HUB_ETAG_TIMEOUT", "1.5", 10),
        ("HF_HUB_ETAG_TIMEOUT", "٣", 10),
        ("HF_HUB_ETAG_TIMEOUT", "9" * 5000, 10),
        ("HF_HUB_DOWNLOAD_TIMEOUT", "999999999999", 10),
        ("QTUNE_DEVICE", "CUDA", "auto"),
        ("QTUNE_IP_FAMILY", "5", "auto"),
        ("QTUNE_CONNECTIONS", "0", "auto"),
        ("QTUNE_CONNECTIONS", "257", "auto"),
        ("QTUNE_CONNECTIONS", "9" * 5000, "auto"),
        ("HF_ENDPOINT", "huggingface.co", "https://huggingface.co"),
        ("HF_ENDPOINT", "ftp://huggingface.co", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://a b", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://h:99999", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://h:0", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://[::1", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://huggingface.co\\@elsewhere.example", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://hugging\nface.co", "https://huggingface.co"),
        ("HF_ENDPOINT", "https://hugging\u200bface.co", "https://huggingface.co"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_and_the_default_counts(
    key: str, bad: str, default: bool | int | str
) -> None:
    settings = resolve(environ={key: bad})
    problem = settings[key].problem
    assert problem is not None and len(problem.en) < 300
    assert settings[key].text == bad
    match default:
        case bool():
            assert settings.flag(key) is default
        case int():
            assert settings.number(key) == default
        case str():
            assert settings.text(key) == default
    with pytest.raises(ConfigError) as raised:
        settings.require_valid()
    assert (raised.value.code, raised.value.exit_code) == ("ENV805", 2)
    assert f"{key} (the environment variable {key})" in raised.value.message.en


def test_every_bad_value_is_listed_at_once_with_its_place() -> None:
    text = "USE_MODELSCOPE=perhaps\nA=1\nHF_ENDPOINT=hf\n"
    settings = resolve(environ={"QTUNE_DTYPE": "int3"}, project=env(text))
    with pytest.raises(ConfigError) as raised:
        settings.require_valid()
    message = raised.value.message
    for part in ("USE_MODELSCOPE (.env line 1)", "HF_ENDPOINT (.env line 3)", "QTUNE_DTYPE"):
        assert part in message.en
    assert message.zh.count("\n") == message.en.count("\n") == 2
    resolve().require_valid()


@pytest.mark.parametrize("word", ["True", "true", "1", "YES", "on", "y", "T"])
def test_words_for_true(word: str) -> None:
    assert resolve(environ={"QTUNE_FALLBACK": word}).flag("QTUNE_FALLBACK")


@pytest.mark.parametrize("word", ["False", "false", "0", "NO", "off", "n", "F"])
def test_words_for_false(word: str) -> None:
    assert not resolve(environ={"QTUNE_FALLBACK": word}).flag("QTUNE_FALLBACK")


def test_every_default_can_be_used() -> None:
    settings = resolve()
    for row in TABLE:
        if row.default:
            again = resolve({row.key: row.default})[row.key]
            assert again.problem is None and again.text == row.default
        assert settings[row.key].problem is None


@pytest.mark.parametrize("name", ["MODELSCOPE_ENDPOINT", "MODELSCOPE_DOMAIN"])
def test_modelscopes_address_may_lack_its_scheme_as_its_client_allows(name: str) -> None:
    settings = resolve(environ={name: "www.modelscope.ai"})
    assert settings["MODELSCOPE_ENDPOINT"].problem is None
    assert settings.text("MODELSCOPE_ENDPOINT") == "https://www.modelscope.ai"
    http = resolve(environ={name: "http://127.0.0.1:8000"})
    assert http.text("MODELSCOPE_ENDPOINT") == "http://127.0.0.1:8000"


def test_lists_lose_their_spaces_and_empty_parts() -> None:
    settings = resolve(environ={"NO_PROXY": " a.example ,, .b.example,"})
    assert settings.items("NO_PROXY") == ("a.example", ".b.example")


def test_paths_fill_in_the_home_folder_and_no_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "S" * 34)

    def path(text: str) -> Path | None:
        return resolve(environ={"HF_HOME": text}).path("HF_HOME")

    assert path("~/models") == home / "models"
    assert path("$HOME/models") == home / "models"
    assert path("${HOME}/models") == home / "models"
    assert path("/x/$HF_TOKEN") == Path("/x/$HF_TOKEN")
    assert path("~no-such-user-qtune/x") == Path("~no-such-user-qtune/x")
    assert resolve().path("HF_HUB_CACHE") is None


TOKEN = "a-token-without-a-known-shape"


@pytest.mark.parametrize(
    ("flags", "environ", "user", "project"),
    [
        ({"HF_TOKEN": TOKEN}, {}, "", ""),
        ({}, {"HF_TOKEN": f" {TOKEN}\n"}, "", ""),
        ({}, {"HF_TOKEN": "winner", "HUGGING_FACE_HUB_TOKEN": TOKEN}, "", ""),
        ({}, {"HF_TOKEN": "winner"}, f"HF_TOKEN={TOKEN}", ""),
        ({}, {"HF_TOKEN": "winner"}, "", f"HF_TOKEN={TOKEN}"),
        ({}, {}, "", f"HF_TOKEN={TOKEN}\nHF_TOKEN=winner"),
        ({}, {}, "", f"MODELSCOPE_API_TOKEN={TOKEN}"),
        ({}, {}, "", f"OPENAI_API_KEY={TOKEN}"),
        ({}, {}, f"SOMEBODYS_PASSWORD='{TOKEN}'", ""),
    ],
)
def test_every_secret_in_every_layer_is_known_from_then_on(
    flags: dict[str, str], environ: dict[str, str], user: str, project: str
) -> None:
    settings = resolve(flags, environ, parse(user, USER), env(project))
    assert TOKEN not in redact(f"it said {TOKEN}!")
    for value in (*settings, *settings.shadowed):
        assert TOKEN not in value.shown


GLUED = (
    "DEFAULT_MODEL=Qwen/Qwen3-4BOPENAI_API_KEY=",
    "DEFAULT_MODEL='Qwen/Qwen3-4BWANDB_KEY=",
    "HF_ENDPOINT=https://xAWS_SECRET_ACCESS_KEY=",
    "HF_ENDPOINT=https://hf.example/MY_PASSWORD_2=",
    "QTUNE_FALLBACK=TrueGH_TOKEN=",
    "QTUNE_MIRRORS=https://a.example,https://bDB_PASSWORD=",
    "HTTPS_PROXY=http://proxy.corp:7890DB_SECRET=",
    "SOMEBODYS=valueDB_SECRET=",
)


@pytest.mark.parametrize("number", range(len(GLUED)))
@pytest.mark.parametrize("place", ["file", "environment"])
def test_another_lines_secret_that_lost_its_newline_is_known_from_then_on(
    number: int, place: str
) -> None:
    key, _, before = GLUED[number].partition("=")
    parts = (f"sk-Zq{place}{number}", f"Foreign{place}{number}Value", f"Xy{place}{number}mnop")
    secret = (
        f"{parts[0]}/{parts[1]}:{parts[2]}"  # each part may end up in another part of an address
    )
    if place == "file":
        settings = resolve(project=env(GLUED[number] + secret + ("'" if "'" in before else "")))
    else:
        settings = resolve(environ={key: before.strip("'") + secret})
    if key in BY_KEY:
        shown = settings[key].shown
        problem = settings[key].problem
        assert before.strip("'") in shown and parts[1] not in shown
        assert problem is None or parts[1] not in problem.en + problem.zh
    elif place == "environment":
        return  # nobody reads it
    for said in (secret, *parts, parts[1].lower()):
        assert said not in redact(f"it said {said}!")


def test_an_address_with_an_equals_sign_in_its_host_is_none() -> None:
    settings = resolve(environ={"HF_ENDPOINT": "https://xAWS_SECRET_ACCESS_KEY=abcdefgh"})
    assert settings["HF_ENDPOINT"].problem is not None
    assert settings.text("HF_ENDPOINT") == BY_KEY["HF_ENDPOINT"].default


@pytest.mark.parametrize(
    "value",
    [
        "https://hf.example/a=1/b",
        "Qwen/Qwen3-4BQTUNE_MAX_TOKENS=5123456",
        "a/bHF_HOME=/data/huggingface",
    ],
)
def test_a_swallowed_line_without_a_secret_stays_as_it_is(value: str) -> None:
    resolve(environ={"DEFAULT_MODEL": value})
    assert redact(value) == value


@pytest.mark.parametrize("secret", ["p@ss w0rd", "x:1234567", "https://u:pw@host", "with@sign"])
def test_a_token_is_a_secret_whatever_it_looks_like(secret: str) -> None:
    resolve(project=env(f"HF_TOKEN='{secret}xyz'\nMY_PASSWORD='{secret}abc'"))
    assert f"{secret}xyz" not in redact(f"<{secret}xyz>")
    assert f"{secret}abc" not in redact(f"<{secret}abc>")


@pytest.mark.parametrize(
    ("address", "shown", "hidden"),
    [
        ("http://me:hunter2@proxy.corp:8080", "http://…@proxy.corp:8080", "hunter2"),
        ("me:hunter2@proxy.corp:8080", "…@proxy.corp:8080", "hunter2"),
        ("http://u:p@proxy.corp:8080", "http://…@proxy.corp:8080", "u:p"),
        ("http://me:hun@ter2@proxy.corp", "http://…@proxy.corp", "hun@ter2"),
        ("http://me:hun/ter2@proxy.corp:1", "http://…@proxy.corp:1", "hun/ter2"),
        ("http://proxy.corp:8080", "http://proxy.corp:8080", None),
        ("127.0.0.1:7890", "127.0.0.1:7890", None),
    ],
)
def test_of_a_proxy_the_password_is_hidden_and_the_host_is_shown(
    address: str, shown: str, hidden: str | None
) -> None:
    settings = resolve(environ={"HTTPS_PROXY": address})
    assert settings["HTTPS_PROXY"].shown == shown
    assert redact("proxy.corp:8080 and 127.0.0.1:7890") == "proxy.corp:8080 and 127.0.0.1:7890"
    if hidden and len(hidden) > 5:
        assert hidden not in redact(f"({hidden})")


def test_a_problem_shows_no_secret_and_no_novel() -> None:
    token = "hf_" + "N" * 34
    settings = resolve(environ={"HF_ENDPOINT": f"x {token} " + "y" * 10_000})
    problem = settings["HF_ENDPOINT"].problem
    assert problem is not None
    assert token not in problem.en and token not in problem.zh and len(problem.en) < 300
