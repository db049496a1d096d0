"""Settings for other programs: a child's environment, or lines for a shell.

Both hubs' SDKs read the environment when they are imported, so it must be right before a child starts. They
send the token to whatever host is their endpoint: for one that may not have it, the child gets no token, no
token file, and the order not to look for one.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from typing import Literal

from qtune.core.credentials import Credential, HubName, credential
from qtune.core.errors import ConfigError
from qtune.core.origin import Level, Origin
from qtune.core.secret import Secret
from qtune.core.settings import TRUE, Settings, Value
from qtune.core.table import BY_NAME
from qtune.core.text import Text
from qtune.core.trust import may_send

Shell = Literal["bash", "powershell", "cmd"]

_ENDPOINT: dict[HubName, str] = {"huggingface": "HF_ENDPOINT", "modelscope": "MODELSCOPE_ENDPOINT"}
# Other ways in which huggingface_hub comes by a token; they go before HF_TOKEN.
_OTHER_TOKENS = ("HF_OIDC_RESOURCE", "HF_OIDC_ID_TOKEN")


def child_environment(settings: Settings, base: Mapping[str, str]) -> dict[str, str]:
    """`base` with every key of the table replaced by what qtune resolved, or removed."""
    environment = {name: value for name, value in base.items() if name not in BY_NAME}
    if base.get("CUDA_VISIBLE_DEVICES") == "":
        environment["CUDA_VISIBLE_DEVICES"] = ""  # not "not set": to CUDA it means "no GPU"
    for value in settings:
        row = value.setting
        if not row.exported or row.key in ("HF_TOKEN", "MODELSCOPE_API_TOKEN"):
            continue
        if value.problem is None and settings.is_set(row.key):
            environment[row.key] = _written(value, settings)
            if row.key.endswith("_PROXY"):  # curl and others read the lower-case name only
                environment[row.key.lower()] = environment[row.key]
    environment.update(_huggingface_token(settings))
    if not _goes(_OF_THE_PROCESS, settings):
        for name in _OTHER_TOKENS:
            environment.pop(name, None)
    environment.update(_modelscope_token(settings))
    return environment


def _written(value: Value, settings: Settings) -> str:
    key, kind = value.setting.key, value.setting.kind
    if kind == "bool":
        return "1" if value.text.lower() in TRUE else "0"
    if kind == "path":
        return str(settings.path(key))
    return value.text.rstrip("/") if kind == "url" else value.text


# Logins that qtune does not read itself, but an SDK may: those of `modelscope login` and of OIDC.
_OF_THE_PROCESS = Credential("huggingface", Secret("-"), Origin(Level.ENVIRON, _OTHER_TOKENS[0]))
_STORED: dict[HubName, Credential] = {
    "huggingface": Credential("huggingface", Secret("-"), Origin(Level.USER)),
    "modelscope": Credential("modelscope", Secret("-"), Origin(Level.USER)),
}


def _trusts(hub: HubName, settings: Settings) -> bool:
    return _goes(credential(hub, settings) or _STORED[hub], settings)


def _goes(token: Credential, settings: Settings) -> bool:
    """As core.trust has it, and for SDKs on `requests`, whose CA is that of REQUESTS_CA_BUNDLE."""
    key = "REQUESTS_CA_BUNDLE"
    if settings.text(key) and settings.origin(key).level < token.origin.level:
        return False
    return may_send(token, settings.text(_ENDPOINT[token.hub]), settings)


def _huggingface_token(settings: Settings) -> dict[str, str]:
    if not _trusts("huggingface", settings):
        return {"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1", "HF_TOKEN_PATH": os.devnull}
    token = credential("huggingface", settings)
    if token is None or token.origin.name == "":  # from the token file, where the SDK finds it too
        return {}
    return {"HF_TOKEN": token.secret.reveal()}


def _modelscope_token(settings: Settings) -> dict[str, str]:
    if not _trusts("modelscope", settings):
        return {"MODELSCOPE_API_TOKEN": ""}  # set but empty: its stored login is not used either
    token = credential("modelscope", settings)
    return {"MODELSCOPE_API_TOKEN": token.secret.reveal()} if token else {}


def lines(settings: Settings, shell: Shell) -> str:
    """What to `eval` so that the user's own scripts run with these settings. Secrets stand in clear.

    Raises ConfigError ENV805 for a value that this shell has no way to write.
    """
    environment = child_environment(settings, {})
    gone = {
        name for v in settings if v.setting.exported and v.problem is not None for name in _names(v)
    }
    if not _trusts("huggingface", settings):
        gone |= {*_names(settings["HF_TOKEN"])}
    if not _goes(_OF_THE_PROCESS, settings):
        gone |= {*_OTHER_TOKENS}
    written = [_assignment(name, value, shell) for name, value in sorted(environment.items())]
    written += [_removal(name, shell) for name in sorted(gone - environment.keys())]
    return "".join(line + "\n" for line in written)


def _names(value: Value) -> tuple[str, ...]:
    return (value.setting.key, *value.setting.aliases)


def _assignment(name: str, value: str, shell: Shell) -> str:
    if shell == "bash":
        return f"export {name}={shlex.quote(value)}"
    if shell == "powershell":  # which takes typographic quotes for quotes, too
        return f"$env:{name} = '" + re.sub("(['\u2018-\u201b])", r"\1\1", value) + "'"
    if re.search(r"[\r\n]", value):
        raise ConfigError(
            "ENV805",
            Text(
                f"{name} holds a line break, which cmd cannot set", f"{name} 含换行，cmd 无法设置"
            ),
            Text("Use powershell or bash.", "请使用 powershell 或 bash。"),
        )
    if '"' in value:  # between quotes there would be no way to write one: what follows would be run
        return f"set {name}=" + re.sub(r'([\^&|<>"()!])', r"^\1", value.replace("%", "%%"))
    return f'set "{name}={value.replace("%", "%%")}"'


def _removal(name: str, shell: Shell) -> str:
    if shell == "bash":
        return f"unset {name}"
    if shell == "powershell":
        return f"Remove-Item Env:{name} -ErrorAction SilentlyContinue"
    return f'set "{name}="'
