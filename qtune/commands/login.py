"""`qtune login`: a token is asked for unseen, shown to its hub, and only then written to `.env`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qtune.speech import say

if TYPE_CHECKING:
    from qtune.commands.project import Project
    from qtune.core.credentials import HubName
    from qtune.core.hub.interface import Identity

KEYS: dict[HubName, str] = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}
PAGES: dict[HubName, str] = {
    "huggingface": "https://huggingface.co/settings/tokens",
    "modelscope": "https://modelscope.cn/my/myaccesstoken",
}


@click.command(
    "login",
    help=say(
        "Check a token with its hub, then keep it in .env (mode 0600). It is asked for unseen, or read "
        "from a pipe; it never appears in a command line or its history.",
        "先向平台验证 Token，再保存到 .env（权限 0600）。输入时不显示，也可从管道读取；"
        "它不会出现在命令行或历史记录中。",
    ),
)
@click.argument("hub", type=click.Choice(["hf", "modelscope"]), default="hf")
@click.option(
    "--offline", is_flag=True, help=say("Keep it without checking.", "不验证，直接保存。")
)
@click.option(
    "--env-file", type=click.Path(path_type=Path), help=say("Another .env.", "使用其他 .env。")
)
def command(hub: str, offline: bool, env_file: Path | None) -> int:
    from qtune.commands.project import open_project

    name: HubName = "modelscope" if hub == "modelscope" else "huggingface"
    project = open_project(env_file)
    token = _asked(name)
    project = _holding(project, KEYS[name], token)
    _check_shape(token, name, project)
    if project.settings.flag("HF_HUB_OFFLINE") or offline:
        who = say("not checked", "未验证")
    else:
        who = _described(_identity(name, project))
    path = (env_file or Path(".env")).absolute()
    _keep(path, KEYS[name], token)
    click.echo(say(f"{KEYS[name]} is in {path} · {who}", f"{KEYS[name]} 已写入 {path} · {who}"))
    _warn_of_stronger(KEYS[name], token)
    return 0


def _holding(project: Project, key: str, token: str) -> Project:
    """With the token in force. What the user types is trusted like what the user's shell says, no more:
    a host that the environment vouches for may check it, one that a project's `.env` names may not."""
    from dataclasses import replace

    from qtune.core.origin import Level, Origin
    from qtune.core.secret import Secret
    from qtune.core.settings import Value
    from qtune.core.table import BY_KEY

    Secret(token)  # from now on masked wherever it turns up
    settings = project.settings
    value = Value(BY_KEY[key], token, Origin(Level.ENVIRON, key))
    return replace(project, settings=replace(settings, values={**settings.values, key: value}))


def _asked(hub: HubName) -> str:
    if sys.stdin.isatty():
        click.echo(say(f"Make one at {PAGES[hub]}", f"在此创建：{PAGES[hub]}"), err=True)
        text = click.prompt(say("Token (unseen)", "Token（不显示）"), hide_input=True, err=True)
    else:
        text = sys.stdin.readline(4096)
    return str(text).strip().strip("\"'")


def _check_shape(token: str, hub: HubName, project: Project) -> None:
    """Raises UsageError TOK301 or TOK302 for what can be no token, before it is shown to anybody."""
    from qtune.core.errors import UsageError
    from qtune.core.text import Text
    from qtune.core.trust import is_official
    from qtune.doctor.probes.tokens import shape_of

    shape = (
        shape_of(token, hub, is_official(hub, _endpoint(hub, project))) if token else "malformed"
    )
    if shape == "ok":
        return
    raise UsageError(
        "TOK302" if shape in ("quotes", "whitespace", "invisible", "bearer_prefix") else "TOK301",
        Text("that cannot be a token of this hub", "这不可能是该平台的 Token"),
        Text(f"Copy it whole from {PAGES[hub]}.", f"请从 {PAGES[hub]} 完整复制。"),
    )


def _endpoint(hub: HubName, project: Project) -> str:
    return project.settings.text("HF_ENDPOINT" if hub == "huggingface" else "MODELSCOPE_ENDPOINT")


def _identity(hub: HubName, project: Project) -> Identity:
    """Raises Refused TOK303 or TOK312 for a token that the hub does not know; nothing is written then."""
    from qtune.core.errors import ConfigError, Refused
    from qtune.core.http import open_client
    from qtune.core.hub.open import open_hub
    from qtune.core.sources import Source
    from qtune.core.text import Text

    settings = project.settings
    with open_client(settings) as client:
        identity = open_hub(
            Source(hub, _endpoint(hub, project).rstrip("/")), settings, client
        ).identity()
    if identity is None:
        key = "HF_ENDPOINT" if hub == "huggingface" else "MODELSCOPE_ENDPOINT"
        where = settings.origin(key).describe()
        raise ConfigError(
            "HUB204",
            Text(
                f"the token was not sent: {key} ({where.en}) is {settings.text(key)}, not the hub's own host",
                f"Token 未发送：{key}（{where.zh}）为 {settings.text(key)}，不是平台的官方主机",
            ),
            Text(
                "If it is your own hub, name it in QTUNE_TRUSTED_HOSTS in your environment.",
                "如果是你自己的 hub，请在环境变量 QTUNE_TRUSTED_HOSTS 中列出它。",
            ),
        )
    if not identity.valid:
        raise Refused(
            "TOK303" if hub == "huggingface" else "TOK312",
            Text(
                f"the hub does not accept this token: {identity.message}",
                f"平台不接受该 Token：{identity.message}",
            ),
            Text(f"Make a new one at {PAGES[hub]}.", f"请在 {PAGES[hub]} 重新创建。"),
            source=hub,
        )
    return identity


def _described(identity: Identity) -> str:
    role = f" ({identity.role})" if identity.role else ""
    return say(f"it belongs to {identity.name}{role}", f"属于 {identity.name}{role}")


def _keep(path: Path, key: str, token: str) -> None:
    """Raises ConfigError ENV812 where the file cannot be written; it is the user's alone afterwards."""
    from qtune.commands.gitignore import keep_out
    from qtune.core import envfile, envwrite
    from qtune.core.envpatch import EnvPatch

    document = envfile.read(path, os.environ)
    text = envwrite.apply(document, EnvPatch({key: token}))
    if text != document.text:
        envwrite.write(document, text)
    path.chmod(0o600)
    if keep_out(path):
        click.echo(
            say(f"added {path.name} to .gitignore", f"已将 {path.name} 加入 .gitignore"), err=True
        )


def _warn_of_stronger(key: str, token: str) -> None:
    """A variable of the environment beats `.env`: the new token would not count."""
    from qtune.core.table import BY_KEY

    for name in (key, *BY_KEY[key].aliases):
        if os.environ.get(name, "").strip() not in ("", token):
            click.echo(
                say(
                    f"the environment variable {name} holds another token, and beats .env: unset {name}",
                    f"环境变量 {name} 中是另一个 Token，且优先于 .env：请执行 unset {name}",
                ),
                err=True,
            )
