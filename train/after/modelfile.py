"""A Modelfile for Ollama: its TEMPLATE is read off the chat template, by asking it.

Ollama's templates are Go's and know no Jinja. A template that writes every turn alike, whatever stands
around it, is known from a few conversations; one that does not is left out, and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Render = Callable[[Sequence[dict[str, str]], bool], str]
_SYSTEM, _FIRST, _ANSWER, _SECOND = "qtune-sys", "qtune-one", "qtune-ans", "qtune-two"


@dataclass(frozen=True)
class Turns:
    """What stands before and after each kind of message, and before the answer that is to be written.

    `usual` is written where no system message is given.
    """

    system: tuple[str, str]
    user: tuple[str, str]
    assistant: tuple[str, str]
    asks: str
    usual: str = ""

    def render(self, messages: Sequence[dict[str, str]]) -> str:
        """As Ollama would, with an answer asked for."""
        text = "" if messages and messages[0]["role"] == "system" else self.usual
        for message in messages:
            before, after = getattr(self, message["role"])
            text += before + message["content"] + after
        return text + self.asks


def turns_of(render: Render, bos: str = "") -> Turns | None:
    """None for a template that does not write every turn alike, or takes no system message."""
    try:
        return _turns(lambda messages, asks: render(messages, asks).removeprefix(bos))
    except Exception:  # a template raises whatever its author wrote
        return None


def _turns(render: Render) -> Turns | None:
    system, first = _said("system", _SYSTEM), _said("user", _FIRST)
    answer, second = _said("assistant", _ANSWER), _said("user", _SECOND)
    alone = render([first], False)
    after_user = alone.partition(_FIRST)[2]
    asks = render([first], True).removeprefix(alone)
    whole = render([system, first, answer, second], False)
    before_system, _, rest = whole.partition(_SYSTEM)
    to_first, _, rest = rest.partition(_FIRST)
    to_answer, _, rest = rest.partition(_ANSWER)
    to_second, _, end = rest.partition(_SECOND)
    after_answer = render([system, first, answer], False).partition(_ANSWER)[2]
    if end != after_user or not to_answer.startswith(after_user):
        return None
    if not to_second.startswith(after_answer):
        return None
    before_user = to_second[len(after_answer) :]
    if not to_first.endswith(before_user):
        return None
    usual = alone.partition(_FIRST)[0]
    if not usual.endswith(before_user):
        return None
    found = Turns(
        (before_system, to_first[: len(to_first) - len(before_user)]),
        (before_user, after_user),
        (to_answer[len(after_user) :], after_answer),
        asks,
        usual[: len(usual) - len(before_user)],
    )
    trials = ([first], [first, answer, second], [system, first, answer, second])
    alike = all(found.render(messages) == render(messages, True) for messages in trials)
    return found if alike else None


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def modelfile(turns: Turns | None, stops: Sequence[str]) -> str:
    lines = ["# ollama create NAME -f Modelfile", "FROM ."]
    if turns is not None:
        lines += ["", f'TEMPLATE """{_go(turns)}"""']
    lines += ["", *(f'PARAMETER stop "{stop}"' for stop in stops), ""]
    return "\n".join(lines)


def _go(turns: Turns) -> str:
    """Go's text/template keeps every space and line break between its actions."""
    parts = [
        f'{_if(index)} eq .Role "{role}" }}}}{_quoted(before)}{{{{ .Content }}}}{_quoted(after)}'
        for index, (role, (before, after)) in enumerate(
            (("system", turns.system), ("user", turns.user), ("assistant", turns.assistant))
        )
    ]
    usual = f"{{{{ if not .System }}}}{_quoted(turns.usual)}{{{{ end }}}}" if turns.usual else ""
    loop = "{{ range .Messages }}" + "".join(parts) + "{{ end }}{{ end }}"
    return usual + loop + _quoted(turns.asks)


def _if(index: int) -> str:
    return "{{ if" if index == 0 else "{{ else if"


def _quoted(text: str) -> str:
    """Braces of the model's own would be taken for Go's."""
    return text.replace("{{", '{{ "{{" }}')
