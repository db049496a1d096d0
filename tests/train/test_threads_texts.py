"""What went wrong for users of other trainers with templates, thinking and end tokens, thread by thread."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtune.core.data.values import Conversation, Message
from qtune.core.runconfig import DataSource
from qtune.train import data
from qtune.train.events import Event, Log
from qtune.train.job import Job
from qtune.train.texts import Texts, prompting, tokenized
from qtune.train.texts.example import IGNORED
from qtune.train.texts.making import Recipe, Writer
from tests.train import templates
from tests.train.runs import make_job

pytestmark = pytest.mark.filterwarnings(
    # peft 0.21 asks transformers 5 by an older name.
    "ignore:`is_gradient_checkpointing` is deprecated:FutureWarning",
)
QUESTION = Message("user", "how much is it")
ANSWER = Message("assistant", "a lot")
TURNS = (QUESTION, ANSWER, Message("user", "and then"), Message("assistant", "less"))


def written(family: str, *messages: Message, thinking: bool | None = None) -> list[tuple[str, str]]:
    """Of each learnt stretch what stands before it, and the stretch."""
    found = Writer(templates.tokenizer(family), Recipe(4096, thinking))(Conversation(messages))
    return [
        (text.text[: span.start], text.text[span.start : span.end])
        for text in found
        for span in text.spans
    ]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    from qtune.train.quickstart import model

    made = make_job(tmp_path / "out", tmp_path / "cache")
    model.ensure(made.snapshot)
    return made


def texts_of(job: Job, tokenizer: Any, *rows: tuple[Message, ...]) -> tuple[Texts, list[str]]:
    import json

    path = job.config.output_dir.parent / "rows.jsonl"
    lines = [json.dumps({"messages": [m.as_dict() for m in messages]}) for messages in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    said: list[Event] = []
    texts = tokenized(job, data.read([DataSource(path)]), tokenizer, said.append)
    return texts, [event.text.en for event in said if isinstance(event, Log)]


def test_thread_32_a_model_without_thinking_never_learns_an_empty_thought(job: Job) -> None:
    """LLaMA-Factory#9392, #8832, #8816: `<think></think>` appears after tuning Qwen3-Instruct-2507."""
    family = "qwen3_instruct_2507"
    spoilt = Message("assistant", "<think>\n\n</think>\n\na lot")
    (prompt, learnt), *_ = written(family, QUESTION, spoilt)
    assert (learnt, "think" in prompt) == ("a lot<|im_end|>", False)
    tokenizer = templates.tokenizer(family)
    texts, logs = texts_of(job, tokenizer, (QUESTION, spoilt))
    assert tokenizer.convert_tokens_to_ids("<think>") not in texts[0]["input_ids"]
    assert any("began with an empty thought" in line for line in logs), logs
    # A thought that says something is the user's own wish.
    meant = Message("assistant", "<think>\nhm\n</think>\n\na lot")
    assert written(family, QUESTION, meant)[0][1] == meant.content + "<|im_end|>"


def test_thread_32_a_merged_model_is_asked_as_its_adapter_was_trained(
    job: Job, tmp_path: Path
) -> None:
    """LLaMA-Factory#7978, #9765: the merged model thinks though the adapter did not."""
    from transformers import AutoTokenizer

    from qtune.train.texts import ending

    tokenizer = deepcopy(templates.tokenizer("qwen3"))
    texts, _ = texts_of(job, tokenizer, TURNS)
    assert ending.thinking(None, texts) is False
    assert prompting.remember(tokenizer, False)
    tokenizer.save_pretrained(tmp_path / "saved")
    saved: Any = AutoTokenizer.from_pretrained(tmp_path / "saved", local_files_only=True)
    trained = texts[0]
    prompt = prompting.prompt(saved, [QUESTION])
    assert trained["input_ids"][: len(prompt)] == prompt
    assert trained["labels"][len(prompt)] != IGNORED
    assert set(trained["labels"][: len(prompt)]) == {IGNORED}
    # Who asks for it otherwise still gets it, and nothing is put there twice.
    aloud = prompting.text(templates.tokenizer("qwen3"), [QUESTION], True)
    assert prompting.text(saved, [QUESTION], True) == aloud
    assert not prompting.remember(saved, False)


@pytest.mark.parametrize("thoughts", [("hm",), ("hm", "")])
def test_thread_32_where_thinking_was_learnt_the_template_stays_as_it_is(
    job: Job, thoughts: tuple[str, ...]
) -> None:
    from qtune.train.texts import ending

    rows = [(QUESTION, replace(ANSWER, reasoning=thought)) for thought in thoughts]
    texts, _ = texts_of(job, templates.tokenizer("qwen3"), *rows)
    assert ending.thinking(None, texts) is None
    assert not prompting.remember(deepcopy(templates.tokenizer("qwen3")), None)


def test_thread_33_every_thought_is_learnt_though_the_template_drops_those_of_earlier_turns() -> (
    None
):
    """ms-swift#4939, #5793: thinking is lost after tuning on conversations of several turns."""
    thinking = [
        replace(m, reasoning=f"hm {m.content}") if m.role == "assistant" else m for m in TURNS
    ]
    learnt = [text for _, text in written("qwen3", *thinking)]
    assert learnt == [
        f"<think>\n{m.reasoning}\n</think>\n\n{m.content}<|im_end|>"
        for m in thinking
        if m.role == "assistant"
    ]


@pytest.mark.parametrize("family", ["deepseek_r1_distill", "qwen3_5_think", "qwen3_8"])
@pytest.mark.parametrize("thought", ["", "hm"])
def test_thread_33_a_thought_that_the_prompt_opens_is_closed_in_what_is_learnt(
    family: str, thought: str
) -> None:
    """ms-swift#5927: with a model that always thinks, `<think>` stays unclosed."""
    ((prompt, learnt),) = written(
        family, QUESTION, replace(ANSWER, reasoning=thought), thinking=True
    )
    assert prompt.endswith("<think>\n")
    assert learnt.startswith(f"{thought}\n</think>\n\na lot")


def test_thread_33_a_thought_that_the_template_leaves_out_is_told(job: Job) -> None:
    row = (QUESTION, replace(ANSWER, reasoning="hm"))
    _, logs = texts_of(job, templates.tokenizer("qwen2_5"), row)
    assert any("chat template does not write" in line for line in logs), logs


def test_thread_34_off_means_that_the_prompt_holds_an_empty_thought_and_on_that_it_is_learnt() -> (
    None
):
    """transformers#37949: enable_thinking looks reversed, and is meant so."""
    ((asked, learnt),) = written("qwen3", QUESTION, ANSWER, thinking=False)
    assert asked.endswith("<think>\n\n</think>\n\n")
    assert learnt == "a lot<|im_end|>"
    ((asked, learnt),) = written("qwen3", QUESTION, ANSWER, thinking=True)
    assert asked.endswith("<|im_start|>assistant\n")
    assert learnt == "<think>\n\n</think>\n\na lot<|im_end|>"
    for thinking, (asked, _) in (
        (mode, written("qwen3", QUESTION, ANSWER, thinking=mode)[0]) for mode in (True, False)
    ):
        assert prompting.text(templates.tokenizer("qwen3"), [QUESTION], thinking) == asked


def test_thread_34_with_thinking_off_a_rows_thought_is_left_out_and_told(job: Job) -> None:
    off = replace(job, config=replace(job.config, enable_thinking=False))
    row = (QUESTION, Message("assistant", "<think>\nhm\n</think>\n\na lot"))
    texts, logs = texts_of(off, templates.tokenizer("qwen3"), row)
    assert "hm" not in templates.tokenizer("qwen3").decode(texts[0]["input_ids"])
    assert any("had a thought, which was left out" in line for line in logs), logs


def test_thread_35_pad_is_not_eos_and_every_example_has_an_end_that_is_learnt(job: Job) -> None:
    """trl#1623, llm-course#33: never stops, since padding is eos and masked with it."""
    from transformers import AutoTokenizer

    from qtune.train.loading import load_tokenizer
    from qtune.train.texts.collator import Collator

    plain: Any = AutoTokenizer.from_pretrained(job.snapshot, local_files_only=True)
    plain.pad_token = plain.eos_token
    plain.save_pretrained(job.snapshot)
    tokenizer = load_tokenizer(job)
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert len(tokenizer) == len(plain)
    texts = tokenized(job, data.read(job.config.data), tokenizer, lambda event: None)
    batch = Collator(tokenizer.pad_token_id)([texts[index] for index in range(len(texts))])
    ends = (batch["labels"] == tokenizer.eos_token_id).sum(dim=1)
    assert (ends > 0).all()
    assert ((batch["labels"] != IGNORED) <= (batch["attention_mask"] == 1)).all()


def test_thread_36_rows_of_the_embedding_without_a_token_stay(job: Job, tmp_path: Path) -> None:
    """axolotl#2277, LLaMA-Factory#3125: embed_tokens 151666 or 151936, when it comes to merging."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, Qwen3ForCausalLM

    from qtune.train import adapter, device, tuning
    from qtune.train.loading import load_model, load_tokenizer

    padded = Qwen3ForCausalLM.from_pretrained(job.snapshot, local_files_only=True)
    padded.resize_token_embeddings(2304)
    padded.save_pretrained(job.snapshot)
    tokenizer = load_tokenizer(job)
    assert len(tokenizer) < 2304
    model = load_model(job, device.choose("cpu", "float32"), tokenizer)
    tuned = tuning.put_on(job, model, lambda event: None)
    folder = tmp_path / "adapter"
    folder.mkdir()
    adapter.save(tuned, tokenizer, folder, str(job.snapshot))
    base: Any = AutoModelForCausalLM.from_pretrained(job.snapshot, local_files_only=True)
    merged = PeftModel.from_pretrained(base, folder).merge_and_unload()
    assert merged.get_input_embeddings().weight.shape[0] == 2304
    assert merged.config.vocab_size == 2304


def based(job: Job, *, tied: bool = True) -> None:
    """Make the job's model a base model: eos ends a text, and its template's tokens it never saw."""
    import torch
    from transformers import AutoTokenizer, Qwen3ForCausalLM

    from qtune.train.quickstart.model import END, PAD, START

    tokenizer: Any = AutoTokenizer.from_pretrained(job.snapshot, local_files_only=True)
    tokenizer.eos_token = PAD
    tokenizer.additional_special_tokens = [START, END]
    tokenizer.save_pretrained(job.snapshot)
    model: Any = Qwen3ForCausalLM.from_pretrained(job.snapshot, local_files_only=True)
    never = tokenizer.convert_tokens_to_ids([START, END])
    with torch.no_grad():
        model.get_input_embeddings().weight[never] *= 0.01
        if not tied:
            head = model.get_output_embeddings()
            head.weight = torch.nn.Parameter(head.weight.detach().clone())
            model.config.tie_word_embeddings = False
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(PAD)
    model.save_pretrained(job.snapshot)


@pytest.mark.parametrize("tied", [True, False])
def test_thread_42_a_base_model_tuned_with_lora_on_chats_stops(
    job: Job, tmp_path: Path, tied: bool
) -> None:
    """LLaMA-Factory#7943, #9189, Qwen3#1064: Qwen3-4B-Base with LoRA never stops."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, GenerationConfig

    from qtune.train import adapter, device, tuning
    from qtune.train.loading import load_model, load_tokenizer
    from qtune.train.quickstart.model import END, PAD
    from qtune.train.texts import ending
    from qtune.train.texts.collator import Collator

    based(job, tied=tied)
    job = replace(job, config=replace(job.config, lora={"r": 8, "target_modules": "all-linear"}))
    tokenizer = load_tokenizer(job)
    texts, _ = texts_of(job, tokenizer, (QUESTION, ANSWER), TURNS[2:])
    said: list[Event] = []
    model = load_model(job, device.choose("cpu", "float32"), tokenizer)
    opened = ending.prepare(job, model, tokenizer, texts, said.append)
    stop = tokenizer.convert_tokens_to_ids(END)
    assert all(stop in rows for rows in opened.values())
    assert len(opened) == (1 if tied else 2)
    weight = model.get_output_embeddings().weight
    middle = weight[: len(tokenizer)].mean(dim=0)
    assert weight[stop].allclose(middle, atol=1e-3)  # the eos of this model is untrained itself
    tuned = tuning.put_on(job, model, said.append, "causal", opened)
    logs = [event.text.en for event in said if isinstance(event, Log)]
    assert any("never saw these tokens" in line for line in logs), logs
    assert any(f"generation will stop at {END} too" in line for line in logs), logs

    learning = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=5e-3)
    batch = Collator(tokenizer.pad_token_id)([texts[0], texts[1]])
    for _ in range(20):
        tuned(**batch).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    folder = tmp_path / "adapter"
    folder.mkdir()
    adapter.save(tuned, tokenizer, folder, str(job.snapshot))

    stops = GenerationConfig.from_pretrained(folder)
    assert set(stops.eos_token_id) == {stop, tokenizer.convert_tokens_to_ids(PAD)}
    base: Any = AutoModelForCausalLM.from_pretrained(job.snapshot, local_files_only=True)
    merged = PeftModel.from_pretrained(base, folder).merge_and_unload().eval()
    asked = torch.tensor([prompting.prompt(tokenizer, [QUESTION])])
    wrote = merged.generate(
        asked, attention_mask=torch.ones_like(asked), max_new_tokens=20, generation_config=stops
    )[0, asked.shape[1] :]
    assert tokenizer.decode(wrote) == f"a lot{END}"


def test_thread_42_an_end_begins_as_the_end_that_the_model_knows(job: Job) -> None:
    import torch

    from qtune.train import device
    from qtune.train.loading import load_model, load_tokenizer
    from qtune.train.texts import ending

    based(job)
    job = replace(job, config=replace(job.config, lora={}))
    tokenizer = load_tokenizer(job)
    model = load_model(job, device.choose("cpu", "float32"), tokenizer)
    weight = model.get_input_embeddings().weight
    with torch.no_grad():
        weight[tokenizer.eos_token_id] = torch.randn(weight.shape[1]) * 0.02
    ends, seen = ending.learnt(tokenizer)
    opened = ending.rows_to_open(job.config, model, tokenizer, seen, ends)
    assert opened == {"embed_tokens": seen}
    assert weight[ends[0]].equal(weight[tokenizer.eos_token_id])


def test_thread_42_a_model_that_knows_its_template_is_left_as_it_is(job: Job) -> None:
    from qtune.train import device
    from qtune.train.loading import load_model, load_tokenizer
    from qtune.train.texts import ending

    tokenizer = load_tokenizer(job)
    texts, _ = texts_of(job, tokenizer, TURNS)
    model = load_model(job, device.choose("cpu", "float32"), tokenizer)
    said: list[Event] = []
    assert ending.prepare(job, model, tokenizer, texts, said.append) == {}
    assert said == []
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id


def test_thread_42_the_end_of_a_turn_is_known_from_the_template_alone() -> None:
    """For methods whose texts are not counted, and before there are any."""
    from qtune.train.texts import ending

    for family in ("qwen3", "llama3", "gemma", "qwen2_5"):
        tokenizer = templates.tokenizer(family)
        (end,) = ending.learnt(tokenizer)[0]
        assert tokenizer.decode([end]) in ("<|im_end|>", "<|eot_id|>", "<end_of_turn>")


def test_thread_42_rows_that_look_like_those_without_a_token_were_never_trained() -> None:
    """Padding of the vocabulary keeps the length it began with, longer or shorter than the rest."""
    import torch

    from qtune.train.texts.ending import untrained

    torch.manual_seed(0)
    weight = torch.randn(400, 16)
    weight[360:] = torch.nn.functional.normalize(weight[360:], dim=1) * 9  # rows without a token
    weight[[7, 8]] = torch.nn.functional.normalize(weight[[7, 8]], dim=1) * 9
    weight[9] *= 0.01
    assert untrained(weight, [5, 7, 8, 9], known=360) == [7, 8, 9]
    assert untrained(torch.randn(400, 16), [5, 7, 8, 9], known=360) == []
