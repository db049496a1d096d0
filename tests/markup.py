"""HTML read twice: as written, where every tag must close itself, and as a browser's algorithm reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from justhtml import JustHTML

VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def words(self) -> str:
        return "".join(c if isinstance(c, str) else c.words() for c in self.children)


class _Strict(HTMLParser):
    """Asserts that what was opened is closed, in that order, and that no attribute stands twice."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.every: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = self._add(tag, attrs)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert any(each.tag == "svg" for each in self.open), f"<{tag}/> outside of a drawing"
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data[:40]}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data[:40]}")

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Element:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        self.every.append(element)
        return element


@dataclass(frozen=True)
class Tree:
    every: list[Element]

    def text(self, tag: str) -> str:
        return next(each for each in self.every if each.tag == tag).words()

    def all(self, tag: str, attribute: str) -> list[str]:
        return [
            e.attributes[attribute]
            for e in self.every
            if e.tag == tag and attribute in e.attributes
        ]

    def all_ids(self) -> list[str]:
        return [e.attributes["id"] for e in self.every if "id" in e.attributes]

    def attribute(self, tag: str, name: str, **where: str) -> str:
        wanted = {key.replace("_", "-"): value for key, value in where.items()}
        for each in self.every:
            if each.tag == tag and wanted.items() <= each.attributes.items():
                return each.attributes[name]
        raise AssertionError(f"no <{tag}> with {wanted}")

    def of(self, cls: str) -> list[Element]:
        return [e for e in self.every if cls in e.attributes.get("class", "").split()]


def tree(text: str) -> Tree:
    """Every element as written. Raises where a browser would see another tree than the one that was written."""
    written = _Strict()
    written.feed(text)
    written.close()
    assert written.open == [written.root], f"not closed: {[each.tag for each in written.open]}"
    seen: list[str] = []

    def walk(node: object) -> None:
        for child in getattr(node, "children", None) or ():
            if not child.name.startswith(("#", "!")):
                seen.append(child.name)
            walk(child)

    walk(JustHTML(text, strict=True, sanitize=False).root)
    assert seen == [each.tag for each in written.every]
    return Tree(written.every)
