"""The moments of a training step at which its memory can be highest, beside weights and optimizer states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from qtune.core.activations import (
    Step,
    cast_bytes,
    head_bytes,
    layer_bytes,
    passing_bytes,
    rest_bytes,
)
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
        return step.tokens * step.stream * step.of.hidden
    return layer_bytes(step)


def _one_layer(step: Step) -> int:
    """What a layer needs on the way back beside what was kept."""
    again = layer_bytes(step) if step.run.checkpointing else 0
    return again + passing_bytes(step) + (_matrices(step) if step.full else 0)


def _matrices(step: Step) -> int:
    """The gradient of the widest matrix; with casts a second one, and where computed again the layer's copies."""
    every = linears(step.of)
    widest = max(each.inputs * each.outputs for each in every)
    if not step.casts:
        return step.kept * widest
    layer = sum(each.inputs * each.outputs for each in every)
    return (step.kept + step.size) * widest + (step.size * layer if step.run.checkpointing else 0)


def _loss(step: Step, waiting: int, head: int) -> Iterator[Moment]:
    """In pieces; `head` is the gradient of a head that is trained, to which each piece adds another."""
    copies = cast_bytes(step)
    yield Moment(waiting + head, kept(step) + copies, head_bytes(step))
    first = (
        step.size * embedding(step.of) if copies else 0
    )  # it is made in the format that is computed in
    yield Moment(waiting + 2 * head + first, kept(step) + copies, head_bytes(step, back=True))


def _adapters(step: Step, trained: int) -> Iterator[Moment]:
    # Gradients of one accumulated step wait through the next.
    waiting = trained if step.run.accumulation > 1 else 0
    end = embedding(step.of) * step.size
    head = end if "lm_head" in step.run.saved else 0
    yield from _loss(step, waiting, head)
    yield Moment(waiting + head, kept(step) + _one_layer(step))  # the last layer on the way back
    yield Moment(trained, _kept_by_layer(step) + _one_layer(step))  # the first
    if step.run.saved:  # an end of the model makes a gradient as large as itself
        yield Moment(trained + (end if waiting else 0))


def _whole_model(step: Step, trained: int) -> Iterator[Moment]:
    """As above, with gradients as large as the model, of which the ends' are the largest single ones.

    A tied embedding gets two gradients, one from each end: they wait for each other, and are added to a third.
    """
    of = step.of
    end = embedding(of) * step.kept
    again = step.run.accumulation > 1
    waiting = trained if again else 0
    layer = step.kept * sum(each.parameters // each.count for each in linears(of))
    copies = cast_bytes(step)
    yield from _loss(step, waiting, end)
    left = 0 if step.run.checkpointing else copies
    yield Moment(waiting + end, kept(step) + left + _one_layer(step))
    so_far = trained + (end if of.tied else 0) if again else trained - (0 if of.tied else end)
    yield Moment(max(so_far - layer, 0), _kept_by_layer(step) + _one_layer(step))
    yield Moment((trained if again else trained - end) + (3 if of.tied else 1) * end)
