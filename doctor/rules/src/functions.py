"""Which functions ask a hub for a repository: by their whole names, where the id stands, and which hub it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qtune.doctor.facts.source import Argument, CodeCall, SourceCode

Hub = Literal["huggingface", "modelscope"]
RepoKind = Literal["model", "dataset"]

_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.A)
_HUGGING_FACE = frozenset(
    (
        "transformers", "huggingface_hub", "diffusers", "peft", "datasets", "sentence_transformers",
        "trl", "vllm", "unsloth", "optimum",
    )
)  # fmt: skip
_MODELSCOPE = frozenset(("modelscope", "modelscope_hub"))
# Variables that send a library to ModelScope.
_SWITCHES = {"vllm": "VLLM_USE_MODELSCOPE", "unsloth": "UNSLOTH_USE_MODELSCOPE"}

_MODEL_NAMES = ("pretrained_model_name_or_path", "model_id", "model_name", "model")
_DOWNLOADS = frozenset(
    (
        "snapshot_download", "hf_hub_download", "model_file_download", "dataset_snapshot_download",
        "dataset_file_download",
    )
)  # fmt: skip
_ASKING = frozenset(
    (
        "model_info", "dataset_info", "list_repo_files", "list_repo_tree", "get_paths_info",
        "file_exists", "auth_check",
    )
)  # fmt: skip
_BY_MODEL = frozenset(("SentenceTransformer", "CrossEncoder", "SparseEncoder", "LLM"))


@dataclass(frozen=True)
class RepoCall:
    """`argument` is where the repository is named; its text is an id only where `repo_id` is not empty.

    `hub` "": which one it asks cannot be told.
    """

    call: CodeCall
    hub: Hub | Literal[""]
    kind: RepoKind
    argument: Argument | None

    @property
    def repo_id(self) -> str:
        if self.argument is None or self.argument.value.kind != "text":
            return ""
        text = self.argument.value.text
        return text if _REPO.fullmatch(text) else ""


_last: tuple[SourceCode | None, tuple[RepoCall, ...]] = (None, ())


def repo_calls(source: SourceCode) -> tuple[RepoCall, ...]:
    """In the order of the lines. Several rules ask this about one source, one after another."""
    global _last
    seen, found = _last
    if seen is not source:
        found = tuple(_repo_calls(source))
        _last = (source, found)
    return found


def _repo_calls(source: SourceCode) -> Iterator[RepoCall]:
    patched = any(c.function.endswith((".patch_hub", ".patch_context")) for c in source.calls)
    names = {v.key for v in source.variables}
    for call in source.calls:
        root, _, last = call.function.rpartition(".")
        package = root.partition(".")[0]
        hub = _hub(package, patched, names)
        if hub is None:
            continue
        found = _argument(call, package, last)
        if found is not None:
            kind, argument = found
            yield RepoCall(call, hub, kind, argument)


def _hub(package: str, patched: bool, names: set[str]) -> Hub | Literal[""] | None:
    if package in _MODELSCOPE:
        return "modelscope"
    if package not in _HUGGING_FACE:
        return None
    if patched or _SWITCHES.get(package) in names or "HF_ENDPOINT" in names:
        return ""
    return "huggingface"


def _argument(call: CodeCall, package: str, last: str) -> tuple[RepoKind, Argument | None] | None:
    if last == "from_pretrained":
        owner = call.function.split(".")[-2]
        # PeftModel.from_pretrained(model, "o/n"): the base comes first. AutoPeftModel has none.
        base = package == "peft" and owner.startswith("Peft") and owner != "PeftConfig"
        return "model", call.argument(1 if base else 0, *_MODEL_NAMES)
    if last in _DOWNLOADS or last in _ASKING:
        kind = call.keyword("repo_type")
        dataset = last.startswith("dataset_") or (kind is not None and kind.value.text == "dataset")
        if kind is not None and kind.value.text not in ("model", "dataset"):
            return None
        return "dataset" if dataset else "model", call.argument(
            0, "repo_id", "model_id", "dataset_id"
        )
    if last == "pipeline":
        return "model", call.argument(1, "model")
    if last in _BY_MODEL:
        return "model", call.argument(0, "model_name_or_path", "model")
    if package == "trl" and last.endswith("Trainer"):
        return "model", call.argument(0, "model")
    if last in ("load_dataset", "load_dataset_builder") and package == "datasets":
        return "dataset", call.argument(0, "path")
    if last == "load" and call.function.split(".")[-2] == "MsDataset":
        return "dataset", call.argument(0, "dataset_name")
    return None
