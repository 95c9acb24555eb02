"""The template language: GOV.UK Notify's, with no expressions and no loops.

    ((name))                     inserts a value
    ((has_due??By ((due)).))     shows its text when the value is yes, true or ya
    \\((                          two literal brackets

Keys are compared without case, spaces, `_` and `-`. A value is inserted as it is and never read again,
so that brackets inside it mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

Value = str | bool

_YES = frozenset({"yes", "true", "ya"})
_TOKEN = re.compile(r"\\\(\(|\(\(|\)\)")
_KEY = re.compile(r"[\w \-]{1,60}")
_BLANK_LINES = re.compile(r"\n{3,}")
_SPACES = re.compile(r"[ \t]{2,}")
_TRAILING_SPACE = re.compile(r"[ \t]+\n")


class TemplateFault(Exception):
    """A text that is no template. The message says what is wrong and where."""


class MissingValues(Exception):
    """Values that the template needs and did not get: all of them, not the first."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(", ".join(keys))
        self.keys = keys


def normal_key(key: str) -> str:
    return re.sub(r"[\s_-]", "", key).casefold()


@dataclass(frozen=True, slots=True)
class Insert:
    key: str


@dataclass(frozen=True, slots=True)
class Conditional:
    key: str
    body: tuple[str | Insert, ...]


Node = str | Insert | Conditional


@dataclass(frozen=True)
class Text:
    """A parsed template text."""

    nodes: tuple[Node, ...]

    @cached_property
    def keys(self) -> frozenset[str]:
        """Every key that occurs, inside conditionals too."""
        return frozenset(_keys(self.nodes))

    @cached_property
    def switches(self) -> frozenset[str]:
        """The keys that decide whether a text is shown."""
        return frozenset(node.key for node in self.nodes if isinstance(node, Conditional))

    def fill(self, values: Mapping[str, Value]) -> str:
        """The text with its values. Raises MissingValues naming every missing key; extra values are ignored.

        A key inside a conditional that is not shown is not needed.
        """
        missing: dict[str, None] = {}
        filled = "".join(_pieces(self.nodes, values, missing))
        if missing:
            raise MissingValues(tuple(missing))
        return filled


def parse(source: str) -> Text:
    """Read a template. Raises TemplateFault for brackets that do not match and for keys that are none."""
    nodes, _ = _parse(source, 0, inside=False)
    return Text(tuple(nodes))


def tidy(text: str) -> str:
    """Drop what hidden conditionals leave behind: runs of spaces and of blank lines."""
    spaced = _SPACES.sub(" ", text)
    return _BLANK_LINES.sub("\n\n", _TRAILING_SPACE.sub("\n", spaced)).strip()


def is_yes(value: Value) -> bool:
    return value if isinstance(value, bool) else value.strip().casefold() in _YES


def _parse(source: str, start: int, *, inside: bool) -> tuple[list[Node], int]:
    """Nodes from `start` to the end of the source or, inside a conditional, to its closing brackets."""
    nodes: list[Node] = []
    at = start
    while True:
        token = _TOKEN.search(source, at)
        if token is None:
            if inside:
                raise TemplateFault("a conditional is not closed by ))")
            nodes.append(source[at:])
            return [node for node in nodes if node != ""], len(source)
        nodes.append(source[at : token.start()])
        at = token.end()
        if token.group() == "\\((":
            nodes.append("((")
        elif token.group() == "))":
            if not inside:
                raise TemplateFault(f")) without (( in line {_line(source, token.start())}")
            return [node for node in nodes if node != ""], at
        else:
            node, at = _placeholder(source, at, inside=inside)
            nodes.append(node)


def _placeholder(source: str, at: int, *, inside: bool) -> tuple[Insert | Conditional, int]:
    key_match = _KEY.match(source, at)
    key = key_match.group() if key_match else ""
    line = _line(source, at)
    if key_match is None or not normal_key(key):
        raise TemplateFault(f"no key after (( in line {line}")
    after = key_match.end()
    if source.startswith("))", after):
        return Insert(normal_key(key)), after + 2
    if not source.startswith("??", after):
        raise TemplateFault(f"key {key.strip()!r} in line {line} is not followed by )) or ??")
    if inside:
        raise TemplateFault(f"a conditional inside a conditional in line {line}")
    body, end = _parse(source, after + 2, inside=True)
    return Conditional(normal_key(key), tuple(n for n in body if not isinstance(n, Conditional))), end


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def _keys(nodes: tuple[Node, ...] | tuple[str | Insert, ...]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Insert):
            yield node.key
        elif isinstance(node, Conditional):
            yield node.key
            yield from _keys(node.body)


def _pieces(
    nodes: tuple[Node, ...] | tuple[str | Insert, ...],
    values: Mapping[str, Value],
    missing: dict[str, None],
) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield node
        elif node.key not in values:
            missing[node.key] = None
        elif isinstance(node, Conditional):
            if is_yes(values[node.key]):
                yield from _pieces(node.body, values, missing)
        else:
            value = values[node.key]
            yield value if isinstance(value, str) else ("ya" if value else "tidak")
