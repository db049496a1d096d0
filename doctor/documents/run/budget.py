"""How much GPU memory a run config asks for, against the GPU that the doctor saw last. For the inlay hint: `estimate`.

The same rules judge as in `qtune doctor run.yaml`, over the facts of the last report; its age is told. Without
a report nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from qtune.core import memory
from qtune.core.memory import Estimate
from qtune.core.runconfig import RunConfig
from qtune.core.rundefaults import QUICKSTART
from qtune.core.smaller import QWEN3
from qtune.core.text import Text
from qtune.core.workload import of_run
from qtune.core.yamltree import Mark, Table, parse
from qtune.doctor.documents.run.config import examined, span_of
from qtune.doctor.documents.world import World
from qtune.doctor.facts import Facts, Goal, Gpu, Known, Listing, SourceFact
from qtune.doctor.finding import Applicability, Edit, Finding, Fix, Span
from qtune.doctor.lastreports import LastReport
from qtune.doctor.rules import one
from qtune.doctor.rules.hub.serving import listing
from qtune.doctor.rules.mem.place import dtype, gpu

RULES = ("MEM950", "MEM953")
_CLOCKS = timedelta(minutes=5)  # of two machines may differ by as much


@dataclass(frozen=True)
class Budget:
    """`needed` is the estimate part by part (`needed.total`, `needed.parts()`), or why there is none.

    `card` is the GPU of the report (`card.memory_free`, `card.memory_total`), which was taken at `taken`.
    `span` is where the run config says how long its rows are, or which model it is.
    """

    needed: Estimate | Text
    card: Gpu
    taken: datetime
    model: str
    span: Span


def estimate(document: str, path: Path, world: World, root: Path | None = None) -> Budget | None:
    """None without a report that saw a GPU and a model whose sizes are known, and for a config with errors."""
    config, _ = examined(document, path, root or Path.cwd(), model_meant(world))
    last = _report(config, world)
    if config is None or last is None:
        return None
    facts = _facts(config, path, last)
    card, found = gpu(facts), listing(facts)
    number = dtype(facts, card) if card is not None else None
    if card is None or number is None or found is None or found.architecture is None:
        return None
    needed = memory.estimate(found.architecture, of_run(config), number)
    return Budget(needed, card, last.taken, config.model, _place(document, path))


def findings(
    config: RunConfig | None,
    document: str,
    path: Path,
    world: World,
    now: datetime | None = None,
) -> Iterator[Finding]:
    """What the doctor would say of `config`, which is what `document` says, over the facts of its last report."""
    last = _report(config, world)
    if config is None or last is None:
        return
    age = (now or datetime.now(UTC)) - last.taken
    if age < -_CLOCKS:
        return
    facts = _facts(config, path, last)
    for code in RULES:
        rule = one(code)
        for finding in rule.judge(facts) if rule is not None else ():
            place = _place(document, path)
            fix = finding.fix
            if code == "MEM953" and fix is not None and _named(document, path, "max_length"):
                fix = _shorter(fix, facts, place)
            yield replace(
                finding,
                evidence=(*finding.evidence, aged(age)),
                span=place,
                because=None,
                fix=fix,
            )


def _shorter(fix: Fix, facts: Facts, place: Span) -> Fix:
    found = listing(facts)
    assert found is not None and found.architecture is not None
    edit = Edit(place, str(found.architecture.positions))
    return replace(fix, applicability=Applicability.UNSAFE, edits=(edit,))


def aged(age: timedelta) -> Text:
    hours = int(age.total_seconds() // 3600)
    if hours < 1:
        return Text("as `qtune doctor` saw it within the last hour", "`qtune doctor` 一小时内所见")
    if hours < 48:
        return Text(f"as `qtune doctor` saw it {hours} h ago", f"`qtune doctor` {hours} 小时前所见")
    days = hours // 24
    return Text(f"as `qtune doctor` saw it {days} days ago", f"`qtune doctor` {days} 天前所见")


# --- the facts ------------------------------------------------------------------------------------


def model_meant(world: World) -> str:
    """The model of a run config that names none, as far as the last report tells."""
    newest = world.report(None)
    return newest.facts.setting("DEFAULT_MODEL").value if newest is not None else ""


def _report(config: RunConfig | None, world: World) -> LastReport | None:
    """About the model; else the newest, which saw the same machine."""
    if config is None or config.model == QUICKSTART:
        return None
    return world.report(config.model) or world.report(None)


def _facts(config: RunConfig, path: Path, last: LastReport) -> Facts:
    local = config.model_path is not None
    goal = Goal("train", config.model, None, local, str(path), training=of_run(config))
    facts = replace(last.facts, goal=goal, suppressions=())
    if last.facts.goal.model == config.model:
        return facts
    of = QWEN3.get(config.model)
    if of is None:
        return replace(facts, listing={})
    # Of another model's report only the machine counts; the sizes of these are known here.
    hub = SourceFact("huggingface", "huggingface", "https://huggingface.co", True)
    sizes = Listing("", 0, 0, 0, "", 0, of.model_type, of)
    return replace(facts, sources=(hub,), listing={hub.name: Known(sizes)})


def _place(document: str, path: Path) -> Span:
    """The value of max_length, else of model, else the beginning."""
    mark = _named(document, path, "max_length") or _named(document, path, "model")
    return span_of(mark or Mark(path, 1, 1, 1, 1))


def _named(document: str, path: Path, key: str) -> Mark | None:
    tree, _ = parse(document.removeprefix("\ufeff"), path)
    pairs = tree.pairs if isinstance(tree, Table) else ()
    return next((value.mark for name, value in pairs if name.text == key), None)
