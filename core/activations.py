"""Bytes that a training step keeps between its way forth and its way back, tensor by tensor.

The order is that of transformers' decoder layer under autocast with peft's LoRA on it: what autograd saves
there, found by looking at the saved tensors of real steps (bench/memory.py). Attention is a fused kernel,
which keeps no square of scores; the loss is train.loss's, which has no more than a piece of the logits.
"""

from __future__ import annotations

from dataclasses import dataclass

from qtune.core.architecture import Architecture, Linear, embedding, linears
from qtune.core.workload import Workload

# Logits at once, and those not worth dividing, as train.loss takes them.
PIECE, FEW = 1 << 25, 1 << 22
TILE = (4096, 8192)  # tokens and words at once, as TRL takes them for dpo and kto


@dataclass(frozen=True)
class Step:
    """`size` bytes a number, `kept` of a weight that is tuned; `targets` have an adapter.

    A batch of several rows is padded, and padding needs a mask, with which attention takes keys and values
    repeated for every head.
    """

    of: Architecture
    run: Workload
    size: int
    targets: tuple[Linear, ...]
    kept: int

    @property
    def tokens(self) -> int:
        return self.run.rows * self.run.max_length

    @property
    def masked(self) -> bool:
        return self.run.rows > 1

    @property
    def stream(self) -> int:
        """Bytes of a number between the layers, which is as wide as the embedding's."""
        return self.kept if self.full else self.size

    @property
    def casts(self) -> bool:
        """Autocast makes a copy of each weight in the format that is computed in."""
        return self.kept > self.size

    @property
    def low(self) -> bool:
        """Computes in 16 bits, with the adapter in 32: peft and autocast copy to and fro."""
        return self.size == 2

    @property
    def full(self) -> bool:
        return self.run.tuning == "full"

    @property
    def dora(self) -> bool:
        return self.run.tuning == "dora"

    def adapted(self, *names: str) -> int:
        return sum(each.name in names for each in self.targets)


def layer_bytes(step: Step) -> int:
    """What one layer keeps without checkpointing."""
    token = _attention(step) + _network(step)
    adapters = sum(step.run.rank * (each.inputs + each.outputs) for each in step.targets)
    copies = adapters * step.size if step.low else 0  # the adapter's weights, cast by autocast
    scaled = 2 * step.size * sum(each.outputs for each in step.targets) if step.dora else 0
    return round(step.tokens * (token + scaled)) + copies


def _attention(step: Step) -> float:
    of, size = step.of, step.size
    keys = of.query if step.masked else of.keys
    qk_norm = _norm(step, of.query, of.heads) + _norm(step, of.keys, of.kv_heads)
    return (
        _norm(step, of.hidden, 1)
        + _inputs(step, of.hidden, "q_proj", "k_proj", "v_proj")
        + (qk_norm if of.qk_norm else 0)
        + size * (of.query + 2 * keys)
        + size * of.query  # what attention gives
        + 4 * of.heads  # and the logarithm of its sums
        + (
            size * step.run.max_length if step.masked else 0
        )  # each layer makes its own mask of numbers
        + (_inputs(step, of.query, "o_proj") if step.low and not step.full else 0)
    )


def _network(step: Step) -> float:
    of = step.of
    norm = _norm(step, of.hidden, 1)
    if of.sparse_layers:
        share = of.sparse_layers / of.layers
        return norm + share * _experts(step) + (1 - share) * _dense(step)
    return norm + _dense(step)


def _dense(step: Step) -> float:
    inner = step.of.intermediate
    return (
        _inputs(step, step.of.hidden, "gate_proj", "up_proj")
        + 3 * step.size * inner  # gate, silu(gate), up
        + _inputs(step, inner, "down_proj")
    )


def _experts(step: Step) -> float:
    """Each token's row goes through `experts_per_token` networks."""
    of, size = step.of, step.size
    hidden = of.hidden * (
        2 if step.full else 1
    )  # what each expert gives, and where trained what it takes
    one = size * (hidden + 4 * of.expert_intermediate)
    return of.experts_per_token * one + 4 * 3 * of.experts


def _norm(step: Step, width: int, rows: int) -> int:
    """Its input in 32 bits; where its weight is trained, also what the weight is multiplied with."""
    within = width != step.of.hidden or rows != 1  # of heads, which a matrix gave
    trained = step.size if within else step.stream
    return 4 * width + 4 * rows + (trained * width if step.full else 0)


def _inputs(step: Step, width: int, *names: str) -> int:
    """What linear layers keep of their common input: nothing where they are frozen. With LoRA each makes
    a copy of its own in 16 bits; and each keeps what its first matrix gives."""
    if step.full:
        return step.size * width
    count = step.adapted(*names)
    shared = not step.low and not step.run.dropout
    copies = min(count, 1) if shared else count
    mask = count * width if step.run.dropout else 0
    return copies * step.size * width + mask + count * step.run.rank * step.size


def rest_bytes(step: Step) -> int:
    """What is kept outside the layers: the last norm, tokens and labels, the mask."""
    of, size = step.of, step.size
    mask = step.run.max_length if step.masked else 0
    token = _norm(step, of.hidden, 1) + mask + 40
    rope = 2 * of.head_dim * size * step.run.max_length
    return step.tokens * (token - _unneeded(step)) + rope


def _unneeded(step: Step) -> int:
    """With frozen weights nothing before the first adapter is walked back: not the first norm."""
    return 0 if step.full or step.run.checkpointing else _norm(step, step.of.hidden, 1)


def head_bytes(step: Step, *, back: bool = False) -> int:
    """Of the logits as many as are there at once, with the logarithm of their softmax; or `back`, as gradients.

    And what the head takes, picked out of all tokens, with its gradient.
    """
    of, method = step.of, step.run.method
    taken = 2 * step.tokens * step.stream * of.hidden
    if method == "reward":  # one number a row
        return 0
    if method in ("dpo", "kto"):
        tokens, words = (min(a, b) for a, b in zip((step.tokens, of.vocab), TILE, strict=True))
        return taken + tokens * words * (step.size + 4)
    piece = min(PIECE, max(FEW, step.tokens * of.vocab // 4))
    logits = min(step.tokens, max(piece // of.vocab, 1)) * of.vocab
    return taken + logits * (10 if step.low and not back else 8)


def cast_bytes(step: Step) -> int:
    """The copies that autocast keeps until the loss is known: of every matrix, and the head's."""
    if not (step.full and step.casts):
        return 0
    matrices = sum(each.count * each.inputs * each.outputs for each in linears(step.of))
    return step.size * (matrices + embedding(step.of))


def passing_bytes(step: Step) -> int:
    """What comes and goes within a layer beside what it keeps: around its widest matrix."""
    of, size = step.of, step.size
    inner = max(of.intermediate, of.experts_per_token * of.expert_intermediate)
    wide = 2 * size + (4 if step.low and step.adapted("down_proj") else 0)
    token = wide * inner + (2 * size * of.hidden if step.low else 0)
    widest = max((each.inputs * each.outputs for each in step.targets), default=0)
    if step.run.tuning == "qlora":  # a matrix is unpacked where it is used
        return step.tokens * token + size * widest
    if step.dora:  # the norm of the whole matrix with the adapter added, in 32 bits
        scaled = 3 * 4 * of.hidden
        return step.tokens * max(token, scaled) + (18 if step.low else 12) * widest
    return step.tokens * token
