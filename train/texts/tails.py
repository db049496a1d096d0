"""What a template writes behind a conversation to ask for an answer, where that is always the same.

Many templates end with `{% if add_generation_prompt %}` and a fixed text, and speak of it nowhere else: a
prompt is then the conversation and that text, and need not be rendered for itself.
"""

from __future__ import annotations

import jinja2
from jinja2 import nodes

ASKED = "add_generation_prompt"
THINKING = "enable_thinking"
# Of these a block always makes the same of the same enable_thinking.
FIXED = (
    *(nodes.If, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Not, nodes.And),
    *(nodes.Or, nodes.Test, nodes.Compare, nodes.Operand, nodes.Add, nodes.Concat),
)
TESTS = frozenset({"defined", "undefined", "true", "false", "none"})


def is_fixed(source: object) -> bool:
    """Does the template end so, whatever the conversation?"""
    if not isinstance(source, str):
        return False
    environment = jinja2.Environment(  # only parsed, never rendered
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    try:
        body = environment.parse(source).body
    except jinja2.TemplateError:  # a tag that only transformers knows
        return False
    *before, last = body or [nodes.Output([])]
    if not (isinstance(last, nodes.If) and last.test == nodes.Name(ASKED, "load")):
        return False
    if last.elif_ or last.else_ or any(_names(node) & {ASKED, THINKING} for node in before):
        return False
    return all(_is_constant(node) for node in last.body)


def _names(node: nodes.Node) -> set[str]:
    found = {each.name for each in node.find_all(nodes.Name)}
    return found | ({node.name} if isinstance(node, nodes.Name) else set())


def _is_constant(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Name) and node.name != THINKING:
        return False
    if isinstance(node, nodes.Test) and node.name not in TESTS:
        return False
    return isinstance(node, FIXED) and all(map(_is_constant, node.iter_child_nodes()))
