"""Nested tuples, lists, dicts and named tuples of arrays: taken apart into leaves and put together again."""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ._typing import Tree


class Structure(NamedTuple):
    """The shape of a tree without its leaves; `kind` is None for a leaf."""

    kind: Any
    keys: tuple[Any, ...]
    children: tuple["Structure", ...]
    build: Callable[[Sequence[Any]], Tree]

    def unflatten(self, leaves: Iterator[Any]) -> Tree:
        """Return the tree with the given leaves in place."""
        if self.kind is None:
            return next(leaves)
        return self.build([next(leaves) if c.kind is None else c.unflatten(leaves) for c in self.children])

    def paths(self, prefix: str) -> Iterator[str]:
        """Return how each leaf would be written, as x[0]['a']."""
        if self.kind is None:
            yield prefix
        for key, child in zip(self.keys, self.children, strict=True):
            yield from child.paths(f"{prefix}.{key}" if hasattr(self.kind, "_fields") else f"{prefix}[{key!r}]")

    def leaves_of(self, tree: Tree, name: str, like: str) -> list[Any]:
        """Return the leaves of a tree of the same structure, in this order; raise and say where it differs."""
        if self.kind is None:
            if _parts(tree) is not None:
                raise TypeError(f"{name} is a {type(tree).__name__}, but {like} is an array")
            return [tree]
        parts = _parts(tree)
        if parts is None or parts[0] is not self.kind:
            raise TypeError(f"{name} must have the structure of {like}: a {self.kind.__name__}, got {type(tree).__name__}")
        theirs = dict(zip(parts[1], parts[2], strict=True))
        if set(theirs) != set(self.keys):
            raise ValueError(f"{name} must have the structure of {like}: entries {list(self.keys)}, got {list(theirs)}")
        leaves: list[Any] = []
        for key, child in zip(self.keys, self.children, strict=True):
            leaves += child.leaves_of(theirs[key], f"{name}[{key!r}]", f"{like}[{key!r}]")
        return leaves


class _Row(Structure):
    """The structure of a tuple of leaves."""

    __slots__ = ()

    def unflatten(self, leaves: Iterator[Any]) -> Tree:
        """Return the tuple of the given leaves."""
        return tuple(itertools.islice(leaves, len(self.children)))


LEAF = Structure(None, (), (), lambda leaves: leaves[0])
"""The structure of an array by itself."""
_PLAIN = (np.ndarray, np.generic, int, float, complex, bool, str, bytes, type(None))


@functools.lru_cache(64)
def _is_of_leaves(kind: Any) -> bool:
    """Whether a type is one of leaves; what is neither that nor a tuple, list or dict may be registered as a container."""
    return issubclass(kind, _PLAIN) or (hasattr(kind, "__array_function__") and not issubclass(kind, (tuple, list, dict)))


@functools.lru_cache(64)
def row(n: int) -> Structure:
    """Return the structure of a tuple of n leaves."""
    return _Row(tuple, tuple(range(n)), (LEAF,) * n, tuple)


def _parts(tree: Tree) -> tuple[Any, tuple[Any, ...], tuple[Any, ...], Callable[[Sequence[Any]], Tree]] | None:
    """Return (kind, keys, children, how to build it), or None for a leaf."""
    kind: Any = type(tree)
    if _is_of_leaves(kind):
        return None
    if isinstance(tree, tuple) and hasattr(kind, "_fields"):
        return kind, kind._fields, tuple(tree), lambda c: kind(*c)
    if kind is tuple or kind is list:
        return kind, tuple(range(len(tree))), tuple(tree), kind
    if isinstance(tree, dict):
        keys = tuple(tree)
        return kind, keys, tuple(tree.values()), lambda c: dict(zip(keys, c, strict=True))
    return _registered(tree)


def _registered(tree: Tree) -> tuple[Any, tuple[Any, ...], tuple[Any, ...], Callable[[Sequence[Any]], Tree]] | None:
    """Take apart a container that is registered with optree, if that is installed."""
    try:
        import optree
    except ImportError:
        return None
    children, spec = optree.tree_flatten(tree, is_leaf=lambda x: x is not tree, none_is_leaf=True, namespace="dualmc")
    if spec.is_leaf():
        return None
    return type(tree), tuple(range(len(children))), tuple(children), lambda c: optree.tree_unflatten(spec, c)


def flatten(tree: Tree) -> tuple[list[Any], Structure]:
    """Return the leaves of a tree, and its structure."""
    if type(tree) is tuple and all([type(child) is np.ndarray for child in tree]):  # noqa: C419 - a generator takes twice the time
        return list(tree), row(len(tree))
    parts = _parts(tree)
    if parts is None:
        return [tree], LEAF
    kind, keys, children, build = parts
    leaves: list[Any] = []
    structures = []
    for child in children:
        if type(child) is np.ndarray:
            leaves.append(child)
            structures.append(LEAF)
        else:
            found, structure = flatten(child)
            leaves += found
            structures.append(structure)
    return leaves, Structure(kind, keys, tuple(structures), build)
