"""
A second tangent space, to prove that the interface is enough: it records the linear operations and transposes them.

A tangent is a handle on an immutable node; a view keeps its base and the map, reads through it, and writes to it.
"""

import itertools
from types import SimpleNamespace

import numpy as np

from dualmc.linear_op import LinearOp, unbroadcast
from dualmc.partial import MINUS_ONE, ONE

KEEPS = True
_numbers = itertools.count()


class Node:
    """A linear operation: (parent, transposed map) for each operand."""

    def __init__(self, *parents):
        self.number, self.parents = next(_numbers), parents


class Recorded:
    """A tangent that remembers how it was made."""

    def __init__(self, shape, node, base=None, op=None):
        self.shape, self.node, self.base, self.op, self.seen = shape, node, base, op, None
        self.ndim = len(shape)
        if base is not None:
            self.seen = base.read()

    def read(self):
        if self.base is not None and self.base.read() is not self.seen:
            self.seen = self.base.read()
            self.node = Node((self.seen, self.op.transpose))
        return self.node

    def write(self, op, new):
        """Replace the entries that op reads by those of the node new, or by zero."""

        def kept(c):
            c = np.copy(c)
            op.assign(c, np.zeros(()))
            return c

        old = self.read()
        changed = Node((old, kept)) if new is None else Node((old, kept), (new, op))
        if self.base is None:
            self.node = changed
        else:
            self.base.write(LinearOp(self.base.shape, self.shape, self.op.apply, self.op.transpose, assign=self.op.assign), changed)


def scale(t, g, shape_in, shape, dtype, *, select=False):
    def transpose(c):
        c = c if g is ONE else -c if g is MINUS_ONE else np.where(g != 0, c, 0) * g
        return unbroadcast(c, shape_in, len(shape))

    return Recorded(shape, Node((t.read(), transpose)))


def add(a, b, *, owned=False):
    return Recorded(a.shape, Node((a.read(), lambda c: c), (b.read(), lambda c: c)))


def linear(op, t):
    node = Node((t.read(), op.transpose))
    return Recorded(op.shape_out, node, t, op) if op.view else Recorded(op.shape_out, node)


def weigh(t, g, op, dtype, *, select=False):
    return linear(op, scale(t, g, op.shape_in, op.shape_in, dtype, select=select))


def assign(t, op, u):
    t.write(op, None if u is None else u.read())


def join(ops, parts, shape, dtype):
    return Recorded(shape, Node(*((p.read(), op) for op, p in zip(ops, parts, strict=True) if p is not None)))


def zeros(t, nd_in, shape, dtype):
    return Recorded(shape, Node())


def copy(t):
    return Recorded(t.shape, t.read())


def settle(t, ans):
    return t


def lift(t, like):
    return t


SPACE = SimpleNamespace(
    KEEPS=KEEPS,
    scale=scale,
    add=add,
    linear=linear,
    weigh=weigh,
    assign=assign,
    join=join,
    zeros=zeros,
    copy=copy,
    settle=settle,
    lift=lift,
)


def pull(t, cotangent, leaf):
    """The transposed derivative: what the cotangent of the result means for the leaf."""
    root = t.read()
    nodes, todo = {root.number: root}, [root]
    while todo:
        for parent, _ in todo.pop().parents:
            if parent.number not in nodes:
                nodes[parent.number] = parent
                todo.append(parent)
    collected = {root.number: cotangent}
    for number in sorted(nodes, reverse=True):
        if number in collected and number != leaf.number:
            c = collected.pop(number)
            for parent, transpose in nodes[number].parents:
                d = transpose(c)
                collected[parent.number] = collected[parent.number] + d if parent.number in collected else d
    return collected.get(leaf.number)
