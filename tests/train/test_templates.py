"""The labels against an oracle: the training templates that TRL keeps, of every family it ships."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtune.core.data.unusable import Unusable
from qtune.core.data.values import Conversation, Message
from qtune.train.texts import prompting
from qtune.train.texts.example import IGNORED, Example
from qtune.train.texts.making import Recipe, Writer, examples
from tests.train import templates

quick = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
MODES = (None, True, False)
# Templates that render the answers' tools, without asking for arguments as a string.
WITH_TOOLS = ["qwen2_5", "qwen3", "qwen3_instruct_2507", "qwen3_vl", "qwen3_5_think", "lfm2_v2"]
WITHOUT_TOOLS = ["cohere", "cohere2", "gemma3", "glm4moe", "gptoss", "idefics3", "llama3", "phi3"]
WITHOUT_TOOLS += ["phi3_5", "smolvlm", "qwen2_5_vl", "qwen3_5_nothink", "qwen3_6", "qwen3_8"]
WITHOUT_TOOLS += ["nemotron_3_nano", "lfm2", "muse_glimmer"]
NO_SYSTEM = ["gemma"]
# Where TRL's training template renders as the model's own does, and marks whole tokens.
EXACT = ["cohere", "cohere2", "gemma", "gemma3", "idefics3", "lfm2", "lfm2_v2", "llama3", "qwen2_5"]
EXACT += ["qwen2_5_vl", "qwen3_instruct_2507", "qwen3_vl", "smolvlm"]


def row(family: str, data: st.DataObject) -> Conversation:
    drawn = templates.conversations(
        system=family not in NO_SYSTEM,
        tools=family in WITH_TOOLS,
        thoughts="<think>" in templates.source(family),
    )
    return data.draw(drawn)


def marked(family: str, messages: tuple[Message, ...], mode: bool | None, tools: Any) -> Any:
    """TRL's reading: the tokens, and which of them the assistant wrote."""
    more = {} if mode is None else {"enable_thinking": mode}
    return templates.tokenizer(family).apply_chat_template(
        [message.as_dict() for message in messages],
        tools=[dict(tool) for tool in tools] or None,
        chat_template=templates.source(f"{family}_training"),
        return_dict=True,
        return_assistant_tokens_mask=True,
        **more,
    )


def learnt(example: Example) -> list[int]:
    return [at for at, label in enumerate(example.labels) if label != IGNORED]


@pytest.mark.parametrize("family", EXACT)
@quick
@given(data=st.data())
def test_the_labels_are_the_tokens_that_trl_marks_up_to_the_end_token(
    family: str, data: st.DataObject
) -> None:
    conversation = row(family, data)
    tokenizer = templates.tokenizer(family)
    (example,) = examples(tokenizer, conversation, max_length=10_000)
    theirs = marked(family, conversation.messages, None, conversation.tools)
    assert example.input_ids == theirs["input_ids"]
    mask = [at for at, one in enumerate(theirs["assistant_masks"]) if one]
    ours = set(learnt(example))
    assert ours <= set(mask)
    # What TRL marks beyond: the line's end behind an end token, which is never generated, and for
    # Qwen2.5 the one that the prompt already holds.
    more = [example.input_ids[at] for at in mask if at not in ours]
    assert not tokenizer.decode(more).strip()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("family", [*WITH_TOOLS, *WITHOUT_TOOLS, *NO_SYSTEM])
@quick
@given(data=st.data())
def test_each_answer_is_learnt_behind_the_prompt_that_asks_for_it(
    family: str, mode: bool | None, data: st.DataObject
) -> None:
    """The answer is what TRL's training template marks, the prompt what the model's own gives."""
    conversation = row(family, data)
    tokenizer = templates.tokenizer(family)
    try:
        written = Writer(tokenizer, Recipe(10_000, mode))(conversation)
    except Unusable as reason:
        # Nemotron asks with `<think>` and a line's end, and shows an answer without a thought
        # otherwise: with thinking on such a row cannot be learnt.
        assert (family, mode, reason.kind) == ("nemotron_3_nano", True, "template")
        return
    messages = conversation.messages
    if mode is False:
        messages = tuple(replace(message, reasoning="") for message in messages)
    asked = [i for i, message in enumerate(messages) if message.role == "assistant"]
    spans = [
        (text, span, modes)
        for text in written
        for span, modes in zip(text.spans, text.modes, strict=True)
    ]
    assert len(spans) == len(asked)
    for index, (text, span, modes) in zip(asked, spans, strict=True):
        prompts = []
        for thinking in modes:
            more = {} if thinking is None else {"enable_thinking": thinking}
            prompts.append(
                tokenizer.apply_chat_template(
                    [message.as_dict() for message in messages[:index]],
                    tools=[dict(tool) for tool in conversation.tools] or None,
                    add_generation_prompt=True,
                    tokenize=False,
                    **more,
                )
            )
        assert text.text[: span.start] in prompts
        theirs = marked(family, messages[: index + 1], mode, conversation.tools)
        ids, mask = theirs["input_ids"], theirs["assistant_masks"]
        before = max((at for at in _others(ids, mask)), default=-1)
        answer = tokenizer.decode(ids[before + 1 :]).rstrip().removesuffix("<|user|>").rstrip()
        ours = text.text[span.start : span.end].rstrip()
        assert answer.endswith(ours)
        assert text.text[: span.start].endswith(answer[: len(answer) - len(ours)])


def _others(ids: list[int], mask: list[int]) -> list[int]:
    """Tokens that are nobody's answer, but for what stands behind the last."""
    last = max(at for at, one in enumerate(mask) if one)
    return [at for at, one in enumerate(mask) if not one and at < last]


def like_llama3(tokenizer: Any) -> None:
    """Its places of tokens leave the spaces out."""
    from tokenizers import processors

    tokenizer.backend_tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)


def like_qwen(tokenizer: Any) -> None:
    """It composes accents, and keeps line ends and the spaces before them together."""
    from tokenizers import Regex, normalizers, pre_tokenizers

    pattern = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    tokenizer.backend_tokenizer.normalizer = normalizers.NFC()
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def with_truncation(tokenizer: Any) -> None:
    """Some repositories ship it switched on."""
    tokenizer.backend_tokenizer.enable_truncation(8)


@cache
def like(kind: Callable[[Any], None]) -> Any:
    tokenizer = deepcopy(templates.tokenizer("qwen2_5"))
    kind(tokenizer)
    return tokenizer


edged = st.text(
    st.sampled_from([" ", "\n", "\t", "a", "é", "令", "1", ".", "龘", "\u0301"]), min_size=1
)


@pytest.mark.parametrize("kind", [like_llama3, like_qwen, with_truncation])
@settings(max_examples=50, deadline=None, derandomize=True)
@given(question=edged, answer=edged.filter(str.strip), more=edged.filter(str.strip))
def test_the_tokens_of_a_prompt_are_those_the_model_is_asked_with(
    kind: Callable[[Any], None], question: str, answer: str, more: str
) -> None:
    """Whatever stands at the edge of an answer: white space, half an accent, a character of many bytes."""
    tokenizer = like(kind)
    turns = (Message("user", question), Message("assistant", answer))
    conversation = Conversation((*turns, Message("user", "q"), Message("assistant", more)))
    (example,) = examples(tokenizer, conversation, max_length=10_000)
    prompt = prompting.prompt(tokenizer, turns[:1])
    assert example.input_ids[: len(prompt)] == prompt
    assert set(example.labels[: len(prompt)]) == {IGNORED}
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    stretches = "".join("_" if label == IGNORED else "x" for label in example.labels).split("_")
    assert len([stretch for stretch in stretches if stretch]) == 2
    first = learnt(example)[0]
    assert first == len(prompt)
    written = example.input_ids[first : example.input_ids.index(end, first) + 1]
    normal = unicodedata.normalize("NFC", answer) if kind is like_qwen else answer
    assert tokenizer.decode(written) == normal + "<|im_end|>"
