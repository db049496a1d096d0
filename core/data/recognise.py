"""One row of a data file as a value, whatever its format: recognised row by row, without a registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from qtune.core.data import alpaca, completion, judged, messages, passage, preference, sharegpt
from qtune.core.data.unusable import Unusable
from qtune.core.data.values import (
    Completion,
    Conversation,
    Judged,
    Message,
    Passage,
    Preference,
    Value,
)

Row = Mapping[str, object]


def _has(*keys: str) -> Callable[[Row], bool]:
    return lambda row: any(row.get(key) is not None for key in keys)


def _has_both(row: Row) -> bool:
    return row.get("prompt") is not None and row.get("completion") is not None


def _is_alpaca(row: Row) -> bool:
    """`instruction` alone gives it away; the other names are words that a row may have by chance."""
    if row.get("instruction") is not None:
        return True
    return alpaca.question_key(row) is not None and alpaca.answer_key(row) is not None


# A format, how it is told from the others, and its reader; those that say more go first.
FORMATS: dict[str, tuple[Callable[[Row], bool], Callable[[Row], Value]]] = {
    "preference": (preference.is_preference, preference.preference),
    "kto": (judged.is_judged, judged.judged),
    "messages": (_has("messages"), messages.conversation),
    "sharegpt": (_has(*sharegpt.KEYS), sharegpt.conversation),
    "prompt-completion": (_has_both, completion.completion),
    "alpaca": (_is_alpaca, alpaca.conversation),
    "text": (_has("text"), passage.passage),
}

# What must stand in a row for `format:` to be able to read it.
_NEEDED: dict[str, Callable[[Row], bool]] = {
    "preference": preference.is_preference,
    "kto": _has("kto_tag", "label"),
    "messages": _has("messages"),
    "sharegpt": _has(*sharegpt.KEYS),
    "prompt-completion": _has("completion"),
    "alpaca": _has(*alpaca.QUESTIONS),
    "text": _has(*passage.KEYS),
}


def format_of(row: object, wanted: str = "auto") -> str:
    """The format of a row: `wanted`, or what it looks like. Raises Unusable."""
    if not isinstance(row, Mapping):
        raise Unusable("not-json", type(row).__name__)
    if wanted != "auto":
        if _NEEDED[wanted](row):
            return wanted
    else:
        for name, (is_such, _) in FORMATS.items():
            if is_such(row):
                return name
    keys = ", ".join(str(key) for key in list(row)[:6]) or "{}"
    raise Unusable("unknown-format", f"keys {keys}"[:120])


def value(row: object, wanted: str = "auto") -> Value:
    """`wanted` is auto or one of FORMATS. Raises Unusable."""
    return known(row, wanted)[1]


def known(row: object, wanted: str = "auto") -> tuple[str, Value]:
    """The same, with the name of its format."""
    name = format_of(row, wanted)
    assert isinstance(row, Mapping)
    read = FORMATS[name][1](row)
    for text in strings(read):
        _encodable(text)
    return name, read


def strings(read: Value) -> Iterator[str]:
    """All the text of a value, as it is learnt or read."""
    match read:
        case Passage(text):
            yield text
        case Completion(prompt, answer):
            yield prompt
            yield answer
        case Conversation(said, _):
            yield from _spoken(said)
        case Preference(prompt=asked, chosen=chosen, rejected=rejected):
            for part in (asked, chosen, rejected):
                yield from _spoken(part)
        case Judged(prompt=asked, completion=answered):
            yield from _spoken(asked)
            yield from _spoken(answered)


def _spoken(said: tuple[Message, ...]) -> Iterator[str]:
    for message in said:
        yield message.content
        if message.reasoning:
            yield message.reasoning
        if message.tool_calls:
            yield from _inner(message.tool_calls)


def _inner(given: object) -> Iterator[str]:
    if isinstance(given, str):
        yield given
    elif isinstance(given, Mapping):
        for key, inner in given.items():
            yield str(key)
            yield from _inner(inner)
    elif isinstance(given, list | tuple):
        for inner in given:
            yield from _inner(inner)


def _encodable(text: str) -> None:
    """JSON can write half a surrogate pair, which no tokenizer takes."""
    if text.isascii():
        return
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise Unusable("encoding", "half a surrogate pair") from None
