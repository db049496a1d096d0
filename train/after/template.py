"""A chat template that thinks, or does not, as the training had it, unless somebody asks otherwise."""

from __future__ import annotations

import json
from pathlib import Path


def with_thinking(template: str, enable_thinking: bool | None) -> str:
    """`enable_thinking` becomes what the template takes for granted where nobody says anything.

    Who serves a merged model gives no such argument, and the template's own default may be the other one:
    the model would then be asked to think that never learnt to.
    """
    if enable_thinking is None or "enable_thinking" not in template:
        return template
    default = "true" if enable_thinking else "false"
    return (
        "{%- if enable_thinking is not defined -%}"
        f"{{%- set enable_thinking = {default} -%}}"
        "{%- endif -%}\n" + template
    )


def settle(folder: Path, enable_thinking: bool | None) -> None:
    """The same for the template that a saved tokenizer has, in whichever file it is."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        text = file.read_text(encoding="utf-8")
        file.write_text(with_thinking(text, enable_thinking), encoding="utf-8")
        return
    config = folder / "tokenizer_config.json"
    if not config.is_file():
        return
    values = json.loads(config.read_text(encoding="utf-8"))
    template = values.get("chat_template")
    if isinstance(template, str):
        values["chat_template"] = with_thinking(template, enable_thinking)
        config.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
