"""The moments of a training step at which its memory can be highest, beside weights and optimizer states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qtune.core.activations import Step, head_bytes, layer_bytes, passing_bytes, rest_bytes
from qtune.core.architecture import embedding, linears


class Moment(NamedTuple):
    """Bytes. `passing` is what the optimizer makes for the length of its own step."""

    gradients: int
    activations: int = 0
    logits: int = 0
    passing: int = 0


def highest(step: Step, trained: int, *, copies: bool) -> Moment:
    """`trained` bytes of weights get gradients; `copies`: the optimizer copies them in its step."""
    moments = _whole_model(step, trained) if step.full else _adapters(step, trained)
    return max((*moments, Moment(trained, passing=trained if copies else 0)), key=sum)


def kept(step: Step) -> int:
    """Bytes of activations that wait for the way back when the loss is known, without the logits."""
    return step.of.layers * _kept_by_layer(step) + rest_bytes(step)


def _kept_by_layer(step: Step) -> int:
    """A layer that is computed again keeps its input alone."""
    if step.run.checkpointing:
        return step.tokens * step.size * step.of.hidden
    return layer_bytes(step)


def _one_layer(step: Step) -> int:
    """What a layer needs on the way back beside what was kept."""
    again = layer_bytes(step) if step.run.checkpointing else 0
    return again + passing_bytes(step)


def _adapters(step: Step, trained: int) -> Iterator[Moment]:
    # Gradients of one accumulated step wait through the next.
    waiting = trained if step.run.accumulation > 1 else 0
    yield Moment(waiting, kept(step), head_bytes(step))  # the loss
    yield Moment(waiting, kept(step) + _one_layer(step))  # the last layer on the way back
    yield Moment(trained, _kept_by_layer(step) + _one_layer(step))  # the first
    if step.run.saved:  # an end of the model makes a gradient as large as itself
        end = embedding(step.of) * step.size
        yield Moment(waiting + end, kept(step), step.tokens * step.size * step.of.vocab)
        yield Moment(trained + (end if waiting else 0))


def _whole_model(step: Step, trained: int) -> Iterator[Moment]:
    """As above, with gradients as large as the model, of which the ends' are the largest single ones.

    A tied embedding gets two gradients, one from each end: they wait for each other, and are added to a third.
    """
    of, size = step.of, step.size
    end = embedding(of) * size
    again = step.run.accumulation > 1
    waiting = trained if again else 0
    layer = size * sum(each.parameters // each.count for each in linears(of))
    yield Moment(waiting, kept(step), head_bytes(step))
    yield Moment(waiting + end, kept(step), step.tokens * size * of.vocab)
    yield Moment(waiting + end, kept(step) + _one_layer(step))
    so_far = trained + (end if of.tied else 0) if again else trained - (0 if of.tied else end)
    yield Moment(max(so_far - layer, 0), _kept_by_layer(step) + _one_layer(step))
    yield Moment((trained if again else trained - end) + (3 if of.tied else 1) * end)
