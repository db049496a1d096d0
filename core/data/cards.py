"""What a dataset's card (README.md) says of its files: `configs:` with data_files, by subset and split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from qtune.core.data import splits
from qtune.core.yamltree import Leaf, Listing, Table, Tree, parse

LARGEST = 4 << 20  # of a card


@dataclass(frozen=True)
class Subset:
    """`files` are patterns, each with its split; none: the names of the files tell."""

    name: str
    folder: str = ""
    files: tuple[tuple[str, str], ...] = ()
    default: bool = False


def subsets(card: str) -> tuple[Subset, ...]:
    """Those that the front matter lists; nothing where there is none that can be read."""
    head = _front_matter(card)
    tree, faults = parse(head, None) if head else (None, ())
    configs = _get(tree, "configs")
    if not isinstance(configs, Listing) or [f for f in faults if f.kind != "duplicate"]:
        return ()
    return tuple(
        Subset(
            _word(_get(item, "config_name")) or "default",
            _word(_get(item, "data_dir")),
            tuple(_files(_get(item, "data_files"))),
            _word(_get(item, "default")) == "true",
        )
        for item in configs.items
        if isinstance(item, Table)
    )


class NoSubset(Exception):
    """A subset that is not there, or several of which one must be chosen; `names` are what there is."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)


def choose(paths: Sequence[str], card: str, subset: str, split: str) -> list[str]:
    """Of a repository's data files, those of a subset and a split. Raises NoSubset."""
    listed = subsets(card)
    chosen = _chosen(listed, subset)
    if chosen is None:
        if subset:
            within = [path for path in paths if _is_within(path, subset)]
            if not within:
                raise NoSubset(sorted({path.partition("/")[0] for path in paths if "/" in path}))
            paths = within
        return splits.choose(paths, split)
    if chosen.folder:
        paths = [path for path in paths if _is_within(path, chosen.folder)]
    if not chosen.files:
        return splits.choose(paths, split)
    wanted = [pattern for name, pattern in chosen.files if _same(name, split)]
    if chosen.folder:
        wanted = [*wanted, *(f"{chosen.folder.strip('/')}/{pattern}" for pattern in wanted)]
    return sorted(path for path in paths if any(fnmatches(path, one) for one in wanted))


def fnmatches(path: str, pattern: str) -> bool:
    """As the hub has it: `**/` is any depth, none too."""
    pattern = pattern.removeprefix("./")
    return fnmatchcase(path, pattern) or fnmatchcase(path, pattern.replace("**/", ""))


def _chosen(listed: Sequence[Subset], name: str) -> Subset | None:
    if not listed:
        return None
    if name:
        found = [one for one in listed if one.name == name]
        if not found:
            raise NoSubset([one.name for one in listed])
        return found[0]
    default = [one for one in listed if one.default or one.name == "default"]
    if default or len(listed) == 1:
        return (default or list(listed))[0]
    raise NoSubset([one.name for one in listed])


def _same(name: str, split: str) -> bool:
    return name == split or (splits.split_of(name) == splits.split_of(split) and name in _PLAIN)


_PLAIN = frozenset(word for words in splits.WORDS.values() for word in words)


def _is_within(path: str, folder: str) -> bool:
    """Below a folder of that name, or a file called after it."""
    name = folder.strip("/")
    stem = path.rpartition("/")[2].partition(".")[0]
    return f"/{path}".find(f"/{name}/") >= 0 or stem == name


def _front_matter(card: str) -> str:
    lines = card.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return ""
    ends = next((i for i, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    return "\n".join(lines[1:ends]) if ends is not None else ""


def _files(tree: Tree | None) -> list[tuple[str, str]]:
    """(split, pattern): a word, a list of words, a list of {split, path}, or a table of splits."""
    found: list[tuple[str, str]] = []
    if isinstance(tree, Leaf):
        return [("train", tree.text)]
    if isinstance(tree, Listing):
        for item in tree.items:
            if isinstance(item, Leaf):
                found.append(("train", item.text))
            elif isinstance(item, Table):
                split = _word(_get(item, "split")) or "train"
                found += [(split, pattern) for pattern in _patterns(_get(item, "path"))]
    elif isinstance(tree, Table):
        for key, value in tree.pairs:
            found += [(key.text, pattern) for pattern in _patterns(value)]
    return found


def _patterns(tree: Tree | None) -> list[str]:
    if isinstance(tree, Leaf):
        return [tree.text]
    if isinstance(tree, Listing):
        return [item.text for item in tree.items if isinstance(item, Leaf)]
    return []


def _get(tree: Tree | None, key: str) -> Tree | None:
    pairs: Mapping[str, Tree] = (
        {k.text: v for k, v in tree.pairs} if isinstance(tree, Table) else {}
    )
    return pairs.get(key)


def _word(tree: Tree | None) -> str:
    return tree.text if isinstance(tree, Leaf) else ""
