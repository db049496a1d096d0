"""Loads tokenizer and model from a snapshot, offline."""

from __future__ import annotations

from typing import Any

from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    set_seed,
)

from qtune.core.rundefaults import QUICKSTART
from qtune.core.text import Text, plain
from qtune.train import tuning
from qtune.train.causes import failure
from qtune.train.device import Placement
from qtune.train.events import Log, Say
from qtune.train.job import Job
from qtune.train.mishaps import named
from qtune.train.texts import ending
from qtune.train.texts.template import control_tokens


def prepare_quickstart(job: Job, say: Say) -> None:
    if job.config.model != QUICKSTART or job.snapshot.is_dir():
        return
    from qtune.train.quickstart import model

    model.ensure(job.snapshot)
    say(Log(Text(f"built a tiny Qwen3 in {job.snapshot}", f"已在 {job.snapshot} 搭建迷你 Qwen3")))


def load_tokenizer(job: Job) -> Any:
    with named("TRN010", "tokenizer"):
        tokenizer: Any = AutoTokenizer.from_pretrained(
            job.snapshot,
            local_files_only=True,
            trust_remote_code=job.config.trust_remote_code,
        )
    if not tokenizer.chat_template and job.config.method not in ("sft", "pt"):
        # Of plain text alone a template has no part; train.texts looks at the rows.
        raise failure("TRN006", plain(job.base))
    if tokenizer.eos_token_id is None:
        raise failure("TRN013", Text("no eos token", "没有 eos 词元"))
    if tokenizer.pad_token_id in (None, tokenizer.eos_token_id):
        # With pad and eos the same, tools that mask padding also mask the end: a model that never
        # stops. Any other special token will do; the vocabulary is never changed.
        template = str(tokenizer.chat_template)
        ends = {tokenizer.eos_token_id, *ending.learnt(tokenizer)[0]}

        def unfit(token: str) -> tuple[bool, bool, bool, str]:
            ends_turns = tokenizer.convert_tokens_to_ids(token) in ends
            return ends_turns, token in template, "pad" not in token, token

        others = [token for token in control_tokens(tokenizer) if token != tokenizer.eos_token]
        if others:
            tokenizer.pad_token = min(others, key=unfit)
    tokenizer.padding_side = "right"
    return tokenizer


def load_model(job: Job, placement: Placement, tokenizer: Any, head: str = "causal") -> Any:
    """`head` is causal for a model that writes, score for one that gives a text one number."""
    options = tuning.loading(job, placement)
    kind: Any = AutoModelForCausalLM
    if head == "score":
        kind = AutoModelForSequenceClassification
        options["num_labels"] = 1
        set_seed(int(str(job.config.training["seed"])))  # its head is new
    with named("TRN010", "model"):
        model: Any = kind.from_pretrained(
            job.snapshot,
            local_files_only=True,
            use_safetensors=True,  # a pickle could run code
            trust_remote_code=job.config.trust_remote_code,
            **options,
        )
    embeddings = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > embeddings:
        raise failure(
            "TRN013",
            Text(
                f"{len(tokenizer)} tokens, {embeddings} embeddings",
                f"{len(tokenizer)} 个词元，{embeddings} 个词嵌入",
            ),
        )
    model.config.use_cache = False
    if head == "score":  # it looks for the last token that is not padding
        model.config.pad_token_id = tokenizer.pad_token_id
    return model
