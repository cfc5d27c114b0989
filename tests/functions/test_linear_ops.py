"""Every linear map that the cases use obeys the dot test, and writes what it reads."""

import numpy as np

import dualmc as dm
from dualmc import propagate
from dualmc.rules import RULES
from dualmc.rules.rule import Join, Linear, Multilinear, Weighted
from dualmc.tangents import dense
from dualmc.testing import check_transpose

from .table import CASES, COMPLEX, over

LEADS = [(), (2,), (2, 3)]


def maps_of(case, dtype, monkeypatch):
    """Return the maps that the tangents of a case go through."""
    seen, linear, join, assign = [], dense.linear, dense.join, dense.assign
    monkeypatch.setattr(dense, "linear", lambda op, t: seen.append(op) or linear(op, t))
    monkeypatch.setattr(dense, "join", lambda ops, *rest: seen.extend(ops) or join(ops, *rest))
    monkeypatch.setattr(dense, "assign", lambda t, op, u: seen.append(op) or assign(t, op, u))
    xs, ts = case.sample(dtype)
    case.f(*(dm.Dual(x, t[None]) for x, t in zip(xs, ts, strict=True)))  # one direction alone may take a shorter way
    monkeypatch.undo()
    return seen


def sample(rng, shape, dtype):
    x = rng.uniform(-1, 1, shape)
    return x + 1j * rng.uniform(-1, 1, shape) if np.dtype(dtype).kind == "c" else x


def check_dot(op, dtype):
    rng = np.random.default_rng(1)
    for lead in LEADS:
        v = sample(rng, lead + op.shape_in, dtype)
        image = op(v)
        assert image.shape == lead + op.shape_out
        check_transpose(op, x=v)
        assert np.array_equal(op.T.T(v), image)


@over(CASES)
def test_transpose(case, monkeypatch):
    for op in maps_of(case, float, monkeypatch):
        check_dot(op, float)


@over(COMPLEX)
def test_transpose_of_complex_values(case, monkeypatch):
    for op in maps_of(case, complex, monkeypatch):
        check_dot(op, complex)


@over(CASES)
def test_assign_writes_what_apply_reads(case, monkeypatch):
    rng = np.random.default_rng(2)
    for op in maps_of(case, float, monkeypatch):
        if op.assign is None or not op.gather or not op.apply(np.zeros(op.shape_in)).flags.writeable:
            continue
        for lead in LEADS:
            x, w = sample(rng, lead + op.shape_in, float), sample(rng, lead + op.shape_in, float)
            read = op.transpose(np.ones(lead + op.shape_out)) != 0
            expected = np.where(read, w, x)
            image = op.apply(w)
            if image.dtype.kind == "c":
                break  # a real array cannot take it
            op.assign(x, image)
            assert np.all(np.abs(x - expected) <= np.finfo(image.dtype).eps)


def test_the_tables_reach_every_linear_rule(monkeypatch):
    """A rule of these kinds that no case uses would be tested by nothing."""
    used = set()
    kinds = (Linear, Multilinear, Weighted, Join)
    evaluate, linear = dm.Dual._evaluate, propagate.linear
    monkeypatch.setattr(dm.Dual, "_evaluate", staticmethod(lambda rule, args, kwargs: used.add(rule) or evaluate(rule, args, kwargs)))
    monkeypatch.setattr(propagate, "linear", lambda rule, *args: used.add(rule) or linear(rule, *args))
    for case in CASES:
        xs, ts = case.sample()
        case.f(*map(dm.Dual, xs, ts))
    missed = {r.func.__name__ for r in RULES.values() if isinstance(r, kinds) and r not in used and r.func.__module__.startswith("numpy")}
    assert missed <= {"einsum", "matmul"}
