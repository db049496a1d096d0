"""Estimated against counted memory of training steps: `python -m bench.memory [--write]` (some minutes).

Without --write the table goes to stdout; with it, into docs/memory.md and docs/memory.zh.md.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.accounting import count
from bench.architectures import CONFIGS, architecture
from qtune.core.memory import Dtype, Estimate, estimate
from qtune.core.workload import Workload

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- made by bench/memory.py: begin -->", "<!-- made by bench/memory.py: end -->"
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


@dataclass(frozen=True)
class Case:
    model: str
    run: Workload
    dtype: Dtype = "bfloat16"


def cases() -> Iterator[Case]:
    """From what fits anywhere to what fits nowhere; every tuning that can be counted without a GPU."""
    long, short = Workload(max_length=2048), Workload(batch=4, max_length=512)
    for size in ("0.6B", "1.7B", "4B", "8B"):
        model = f"Qwen/Qwen3-{size}"
        yield Case(model, long)
        yield Case(model, Workload(checkpointing=False, max_length=1024))
    for model in ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-8B"):
        yield Case(model, short)
        yield Case(model, Workload(tuning="full", accumulation=1))
    yield Case("Qwen/Qwen3-0.6B", Workload(tuning="full", accumulation=1, coarse=True))
    yield Case("Qwen/Qwen3-0.6B", long, "float32")
    yield Case("Qwen/Qwen3-0.6B", Workload(batch=2, checkpointing=False, max_length=512), "float32")
    yield Case("Qwen/Qwen3-0.6B", Workload(tuning="full", checkpointing=False, max_length=512))
    yield Case("Qwen/Qwen3-1.7B", Workload(tuning="dora"))
    yield Case("Qwen/Qwen3-1.7B", Workload(tuning="dora", checkpointing=False, max_length=512))
    yield Case(
        "Qwen/Qwen3-4B", Workload(rank=64, targets=("q_proj", "v_proj"), checkpointing=False)
    )
    yield Case("Qwen/Qwen3-4B", Workload(saved=("lm_head", "embed_tokens")))
    yield Case("Qwen/Qwen3-30B-A3B", Workload(targets=ATTENTION))
    yield Case("Qwen/Qwen2.5-7B", long)
    yield Case("meta-llama/Llama-2-7b-hf", long)
    yield Case("meta-llama/Llama-2-7b-hf", Workload(batch=4, max_length=512, checkpointing=False))
    yield Case("meta-llama/Llama-2-7b-hf", Workload(batch=8, max_length=512))
    yield Case("meta-llama/Llama-3.1-8B", long)
    yield Case("mistralai/Mistral-7B-v0.1", long)


HEAD = (
    "| model | tuning | number format | batch × length | checkpointing | weights | adapters + optimizer "
    "| counted peak | estimated / counted | without weights |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def row(case: Case) -> str:
    run = case.run
    needed = estimate(architecture(case.model), run, case.dtype)
    assert isinstance(needed, Estimate), needed
    seen = count(CONFIGS[case.model], run, case.dtype)
    static = needed.weights + needed.adapters + needed.optimizer
    static_seen = seen.weights + seen.adapters + seen.optimizer
    trained = (needed.adapters + needed.optimizer) / (seen.adapters + seen.optimizer)
    passing = (needed.tensors - static) / (seen.peak - static_seen)
    what = (
        run.tuning if run.tuning == "full" else f"{run.tuning} r{run.rank} {','.join(run.targets)}"
    )
    if run.coarse:
        what += ", weights in bfloat16"
    if run.saved:
        what += f" + {','.join(run.saved)}"
    cells = (
        case.model.partition("/")[2],
        what,
        case.dtype,
        f"{run.batch} × {run.max_length}",
        "yes" if run.checkpointing else "no",
        f"{needed.weights / seen.weights:.4f}",
        f"{trained:.4f}",
        f"{seen.peak / 2**30:.2f} GiB",
        f"{needed.tensors / seen.peak:.3f}",
        f"{passing:.3f}",
    )
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> None:
    lines = [HEAD]
    print(HEAD)
    for case in cases():
        lines.append(row(case))
        print(lines[-1], flush=True)
    if arguments == ["--write"]:
        for name in ("memory.md", "memory.zh.md"):
            path = DOCS / name
            before, _, rest = path.read_text("utf-8").partition(BEGIN)
            after = rest.partition(END)[2]
            table = "\n".join(lines)
            path.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
