"""A model's own chat template: renders conversations and prompts, and knows what it can be asked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Message, Tools
from qtune.train.texts.example import Tokenizer
from qtune.train.texts.tails import is_fixed

Mode = bool | None


class Template:
    """`enable_thinking` is the config's: None leaves it to the template."""

    def __init__(self, tokenizer: Tokenizer, enable_thinking: Mode) -> None:
        self.tokenizer = tokenizer
        self.enable_thinking = enable_thinking
        source = tokenizer.chat_template
        self.source = (
            "".join(str(part) for part in source.values())
            if isinstance(source, Mapping)
            else str(source or "")
        )
        self.control = control_tokens(tokenizer)
        self._control = re.compile("|".join(map(re.escape, self.control)) or "(?!)")
        self.modes = self._modes()
        self.tails = self._tails()

    def render(
        self,
        messages: Sequence[Message],
        tools: Tools,
        *,
        prompt: bool = False,
        mode: Mode = None,
    ) -> str:
        """Raises Unusable when the template refuses."""
        options: dict[str, object] = {"tokenize": False, "add_generation_prompt": prompt}
        if mode is not None:
            options["enable_thinking"] = mode
        if tools:
            options["tools"] = [dict(tool) for tool in tools]
        try:
            text = self.tokenizer.apply_chat_template(
                [message.as_dict() for message in messages], **options
            )
        except Exception as error:  # a template raises whatever its author wrote
            raise Unusable("template", str(error)[:120]) from error
        return str(text)

    def _modes(self) -> tuple[Mode, ...]:
        """The values of enable_thinking with which this template may ask for an answer."""
        if self.enable_thinking is not None:
            return (self.enable_thinking,)
        if "enable_thinking" not in self.source:
            return (None,)
        question = (Message("user", "1"),)
        try:
            said, on = (self.render(question, (), prompt=True, mode=mode) for mode in (None, True))
        except Unusable:
            return (None, False, True)
        return (None, False) if said == on else (None, False, True)

    def _tails(self) -> dict[Mode, str]:
        """What asks for an answer, by enable_thinking, where it is the same for every conversation."""
        if not is_fixed(self.tokenizer.chat_template):
            return {}
        question = (Message("user", "1"),)
        try:
            plain = self.render(question, ())
            asked = {m: self.render(question, (), prompt=True, mode=m) for m in self.modes}
        except Unusable:
            return {}
        return {mode: text.removeprefix(plain) for mode, text in asked.items()}

    def refuse_control(self, messages: Sequence[Message], tools: Tools) -> None:
        """Raises Unusable where data would speak with the template's voice."""
        for text in strings([[message.as_dict() for message in messages], list(tools)]):
            found = self._control.search(text)
            if found:
                raise Unusable("control-token", found.group())

    def has_control(self, text: str) -> bool:
        return self._control.search(text) is not None


def control_tokens(tokenizer: Tokenizer) -> tuple[str, ...]:
    """Tokens that are no text: those with a name (eos, ...) and all that are marked as special."""
    added = getattr(tokenizer, "added_tokens_decoder", None) or {}
    special = {str(token) for token in added.values() if getattr(token, "special", False)}
    return tuple(sorted({*tokenizer.all_special_tokens, *special} - {""}, key=len, reverse=True))


def strings(value: object) -> Iterator[str]:
    """All text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from strings(key)
            yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)
