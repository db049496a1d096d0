"""Every form in which data sets write rows is recognised by what stands in a row, without a registry."""

from __future__ import annotations

from typing import Any

import pytest

from qtune.core.data.fitting import fitting
from qtune.core.data.recognise import FORMATS, known, value
from qtune.core.data.unusable import KINDS, Unusable
from qtune.core.data.values import (
    Completion,
    Conversation,
    Judged,
    Message,
    Passage,
    Preference,
    Value,
)
from qtune.core.runwords import FORMATS as WORDS

ASKED, GOOD, POOR = Message("user", "q"), Message("assistant", "good"), Message("assistant", "poor")
TALK = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "good"}]
TURNS = [{"from": "human", "value": "q"}, {"from": "gpt", "value": "good"}]
BETTER = Preference((ASKED,), (GOOD,), (POOR,))
LIKED = Judged((ASKED,), (GOOD,), True)


@pytest.mark.parametrize(
    ("name", "row", "expected"),
    [
        ("messages", {"messages": TALK}, Conversation((ASKED, GOOD))),
        ("messages", {"messages": TALK, "label": 3, "text": None}, Conversation((ASKED, GOOD))),
        ("sharegpt", {"conversations": TURNS}, Conversation((ASKED, GOOD))),
        ("sharegpt", {"conversations": TALK}, Conversation((ASKED, GOOD))),
        (
            "sharegpt",
            {"system": "s", "conversation": TURNS},
            Conversation((Message("system", "s"), ASKED, GOOD)),
        ),
        ("alpaca", {"instruction": "q", "output": "good"}, Conversation((ASKED, GOOD))),
        ("alpaca", {"query": "q", "response": "good"}, Conversation((ASKED, GOOD))),
        ("alpaca", {"question": "q", "answer": "good"}, Conversation((ASKED, GOOD))),
        ("prompt-completion", {"prompt": "q", "completion": "good"}, Completion("q", "good")),
        (
            "prompt-completion",
            {"prompt": TALK[:1], "completion": TALK[1:]},
            Conversation((ASKED, GOOD)),
        ),
        ("text", {"text": "words", "meta": 1}, Passage("words")),
        ("preference", {"prompt": "q", "chosen": "good", "rejected": "poor"}, BETTER),
        ("preference", {"instruction": "q", "chosen": "good", "rejected": "poor"}, BETTER),
        (
            "preference",
            {"prompt": "q", "chosen": TALK, "rejected": [TALK[0], {**TALK[1], "content": "poor"}]},
            BETTER,
        ),
        (
            "preference",
            {"chosen": TALK, "rejected": [TALK[0], {**TALK[1], "content": "poor"}]},
            BETTER,
        ),
        (
            "preference",
            {
                "conversations": TURNS[:1],
                "chosen": {"from": "gpt", "value": "good"},
                "rejected": {"from": "gpt", "value": "poor"},
            },
            BETTER,
        ),
        ("preference", {"messages": TALK, "rejected_response": "poor"}, BETTER),
        (
            "preference",
            {"prompt": "q", "chosen_response": "good", "rejected_response": "poor"},
            BETTER,
        ),
        (
            "preference",
            {"messages": TALK, "rejected_messages": [TALK[0], {**TALK[1], "content": "poor"}]},
            BETTER,
        ),
        ("preference", {"query": "q", "response": "good", "rejected_response": "poor"}, BETTER),
        (
            "preference",
            {
                "chosen": "\n\nHuman: q\n\nAssistant: good",
                "rejected": "\n\nHuman: q\n\nAssistant: poor",
            },
            BETTER,
        ),
        ("kto", {"prompt": "q", "completion": "good", "label": True}, LIKED),
        ("kto", {"prompt": TALK[:1], "completion": TALK[1:], "label": "true"}, LIKED),
        ("kto", {"messages": TALK, "kto_tag": 1}, LIKED),
        ("kto", {"messages": TALK, "label": True}, LIKED),
        ("kto", {"conversations": TURNS, "kto_tag": True}, LIKED),
        ("kto", {"instruction": "q", "output": "good", "kto_tag": "True"}, LIKED),
    ],
)
def test_a_row_gives_its_form_away(name: str, row: dict[str, Any], expected: Value) -> None:
    assert known(row) == (name, expected)
    assert value(row, name) == expected


def test_the_run_config_knows_the_same_forms() -> None:
    assert {"auto", *FORMATS} == set(WORDS)


def test_a_form_can_be_forced_on_a_row_that_looks_like_another() -> None:
    row = {"messages": TALK, "label": True, "text": "words", "content": "more"}
    assert value(row, "messages") == Conversation((ASKED, GOOD))
    assert value(row, "text") == Passage("words")
    assert value({"content": "more"}, "text") == Passage("more")
    with pytest.raises(Unusable) as caught:
        value(row, "preference")
    assert caught.value.kind == "unknown-format"


# --- tools and thinking ---------------------------------------------------------------------------

CALL = {"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
SCHEMA = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}


@pytest.mark.parametrize(
    "call",
    [
        {"type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
        {"function": {"name": "add", "arguments": {"a": 1, "b": None}}},
        {"name": "add", "arguments": '{"a": 1}'},
        '{"name": "add", "parameters": {"a": 1}}',
    ],
)
def test_the_arguments_of_a_call_are_a_table_however_they_were_written(call: object) -> None:
    row = {
        "tools": [SCHEMA],
        "messages": [
            TALK[0],
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "name": "add", "tool_call_id": "1", "content": "1"},
            TALK[1],
        ],
    }
    read = value(row)
    assert isinstance(read, Conversation)
    assert read.tools == (SCHEMA,)
    assert read.messages[1] == Message("assistant", "", tool_calls=(CALL,))
    assert read.messages[2] == Message("tool", "1", name="add", tool_call_id="1")


@pytest.mark.parametrize(
    "row",
    [
        {
            "tools": '[{"name": "add", "parameters": {"type": "object"}}]',
            "conversations": [
                TURNS[0],
                {"from": "function_call", "value": '{"name": "add", "arguments": {"a": 1}}'},
                {"from": "observation", "value": "1"},
                TURNS[1],
            ],
        },
        {
            "functions": [{"name": "add", "parameters": {"type": "object"}}],
            "messages": [
                TALK[0],
                {"role": "tool_call", "content": '{"name": "add", "arguments": {"a": 1}}'},
                {"role": "tool_response", "content": "1"},
                TALK[1],
            ],
        },
        {
            "tools": [SCHEMA],
            "messages": [
                TALK[0],
                {"role": "assistant", "function_call": {"name": "add", "arguments": '{"a": 1}'}},
                {"role": "function", "content": "1"},
                TALK[1],
            ],
        },
    ],
)
def test_tools_of_llama_factory_swift_and_openais_older_form_are_the_same(row: object) -> None:
    read = value(row)
    assert isinstance(read, Conversation)
    assert read.tools == (SCHEMA,)
    assert [m.role for m in read.messages] == ["user", "assistant", "tool", "assistant"]
    assert read.messages[1].tool_calls == (CALL,)


def test_calls_one_behind_the_other_are_made_at_once() -> None:
    call = {"from": "function_call", "value": '{"name": "add", "arguments": {"a": 1}}'}
    read = value({"conversations": [TURNS[0], call, call, TURNS[1]]})
    assert isinstance(read, Conversation)
    assert [len(m.tool_calls) for m in read.messages] == [0, 2, 0]


def test_thoughts_stay_where_they_were_written() -> None:
    apart = {**TALK[1], "reasoning_content": "hm"}
    within = {**TALK[1], "content": "<think>hm</think>good"}
    read = value({"messages": [TALK[0], apart, TALK[0], within]})
    assert isinstance(read, Conversation)
    assert (read.messages[1].reasoning, read.messages[1].content) == ("hm", "good")
    assert (read.messages[3].reasoning, read.messages[3].content) == ("", within["content"])


# --- rows that cannot be used ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"messages": [TALK[0], {**TALK[1], "weight": 0}]}, "unlearnt"),
        ({"messages": [TALK[0], {**TALK[1], "loss": False}]}, "unlearnt"),
        ({"messages": TALK, "tools": [1]}, "tools"),
        ({"messages": [TALK[0], {**TALK[1], "tool_calls": [{"name": ""}]}]}, "tools"),
        (
            {"messages": [TALK[0], {**TALK[1], "tool_calls": [{"name": "f", "arguments": "x"}]}]},
            "tools",
        ),
        ({"conversations": [{"from": "narrator", "value": "q"}]}, "bad-role"),
        ({"conversations": []}, "bad-message"),
        ({"conversations": [TURNS[1], {"from": "system", "value": "s"}]}, "bad-role"),
        ({"messages": "[{"}, "bad-message"),
        ({"messages": TALK, "images": ["a.png"]}, "media"),
        ({"text": " \n"}, "empty-text"),
        ({"prompt": "q", "completion": " "}, "empty-answer"),
        ({"prompt": TALK, "completion": "a"}, "bad-message"),
        ({"prompt": "q", "chosen": "a", "rejected": "a"}, "same-answers"),
        ({"prompt": "q", "chosen": "a", "rejected": " "}, "empty-answer"),
        ({"prompt": "q", "chosen": 1, "rejected": "b"}, "bad-pair"),
        ({"chosen": "a", "rejected": "b"}, "bad-pair"),
        ({"chosen": TALK, "rejected": TALK[:1]}, "bad-pair"),
        ({"prompt": "q", "chosen": TALK[1:], "rejected": "b"}, "bad-pair"),
        ({"messages": TALK, "kto_tag": "maybe"}, "bad-label"),
        ({"prompt": "q", "completion": "a", "label": 2}, "bad-label"),
        ({"prompt": "q\ud800", "completion": "a"}, "encoding"),
        ({"prompt": "q", "chosen": "a\udfff", "rejected": "b"}, "encoding"),
        (
            {
                "messages": [
                    TALK[0],
                    {**TALK[1], "tool_calls": [{"name": "f", "arguments": {"\ud800": 1}}]},
                ]
            },
            "encoding",
        ),
    ],
)
def test_a_row_that_cannot_be_used_has_a_kind(row: dict[str, Any], kind: str) -> None:
    with pytest.raises(Unusable) as caught:
        value(row)
    assert caught.value.kind == kind
    assert kind in KINDS


def test_what_both_answers_begin_with_is_compared_unless_it_asks() -> None:
    """The answers of a preference begin behind the last thing that both were asked."""
    shared = [*TALK, {"role": "user", "content": "more"}]
    row = {
        "chosen": [*shared, {"role": "assistant", "content": "x"}],
        "rejected": [*shared, {"role": "assistant", "content": "y"}],
    }
    read = value(row)
    assert isinstance(read, Preference)
    assert [m.content for m in read.prompt] == ["q", "good", "more"]
    assert [m.content for m in read.chosen] == ["x"]


# --- methods --------------------------------------------------------------------------------------

ANSWERED = Conversation((ASKED, GOOD))


@pytest.mark.parametrize(
    ("method", "given", "expected"),
    [
        ("sft", ANSWERED, (ANSWERED,)),
        ("sft", Completion("q", "a"), (Completion("q", "a"),)),
        ("pt", Passage("t"), (Passage("t"),)),
        ("pt", ANSWERED, (ANSWERED,)),
        ("pt", Conversation((GOOD,)), (Passage("good"),)),
        ("dpo", BETTER, (BETTER,)),
        ("reward", BETTER, (BETTER,)),
        ("kto", LIKED, (LIKED,)),
        ("kto", BETTER, (LIKED, Judged((ASKED,), (POOR,), False))),
    ],
)
def test_what_a_method_learns_of_a_row(
    method: str, given: Value, expected: tuple[Value, ...]
) -> None:
    assert fitting(given, method) == expected


@pytest.mark.parametrize(
    ("method", "given", "named"),
    [
        ("sft", Passage("t"), "method: pt"),
        ("sft", BETTER, "method: dpo"),
        ("sft", LIKED, "method: kto"),
        ("dpo", ANSWERED, "method: sft"),
        ("kto", Completion("q", "a"), "method: sft"),
        ("pt", BETTER, "method: dpo"),
    ],
)
def test_a_row_of_another_method_says_which(method: str, given: Value, named: str) -> None:
    with pytest.raises(Unusable) as caught:
        fitting(given, method)
    assert named in caught.value.text().en and named in caught.value.text().zh
