"""Duals of recorded runs: their short ways agree with the general ones, they are Duals, and they go together with all others."""

import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc.arrays import operations, taped
from dualmc.arrays.taped import Taped
from dualmc.recording import record
from dualmc.rules import RULES
from dualmc.rules.rule import Elementwise
from dualmc.rules.special import SPECIAL
from dualmc.tangents import recorded
from dualmc.tangents.tape import Tape
from dualmc.testing.table import sample

from ..drawn.calls import name
from ..laws import same

SHORT = {name(r.func): r for t in (RULES, SPECIAL) for r in t.values() if isinstance(r, Elementwise) and len(r.on) < 3}
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.floordiv, operator.mod]
SHAPES = [(2, 3), (3,), (2, 1), ()]


def is_float(x):
    return np.asarray(x).dtype.kind == "f"


@pytest.mark.parametrize("rule", SHORT.values(), ids=SHORT)
@given(data=st.data())
@settings(max_examples=10, deadline=None)
def test_short_ways_agree_with_general_ways(rule, data):
    """Values, dtypes and cotangents are the same, and the rows are the columns of dense directions."""
    rng, curved = np.random.default_rng(data.draw(st.integers(0, 99))), data.draw(st.booleans())
    args = [sample(d, data.draw(st.sampled_from(SHAPES)), rng, data.draw(st.sampled_from([np.float64, np.float32]))) for d in rule.on]
    kinds = [data.draw(st.sampled_from(["dual", "dual", "plain", "number"])) if is_float(a) else "plain" for a in args]
    if "dual" not in kinds:
        return

    def run(way):
        duals = [Taped(np.copy(a), recorded.leaf(a, curved=curved), 1) if k == "dual" else None for a, k in zip(args, kinds, strict=True)]
        made = [float(a.flat[0]) if k == "number" else a if x is None else x for x, a, k in zip(duals, args, kinds, strict=True)]
        with np.errstate(all="ignore"):
            y = way(made)
        tape = Tape([x.tangent.node for x in duals if x is not None], [y.tangent.read()]) if isinstance(y, dm.Dual) else None
        return y, made, tape, [] if tape is None else tape.pull([np.random.default_rng(7).normal(size=y.shape).astype(y.dtype)])

    general = lambda made: operations._elementwise(rule, made, {})

    def short(made):
        if len(made) == 1:
            return taped._unary(rule, made[0])
        way, turned = taped._operators(rule)
        return way(*made) if type(made[0]) is Taped else turned(*made[::-1])

    try:
        theirs, *_, their_rows = run(general)
    except TypeError:  # no derivative by this argument
        with pytest.raises(TypeError):
            run(short)
        return
    ours, made, tape, our_rows = run(short)
    assert type(ours) is type(theirs)
    same(dm.primal(ours), dm.primal(theirs))
    for a, b in zip(our_rows, their_rows, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            same(a, b)
    if tape is None:
        return
    seeds = [rng.normal(size=np.shape(a)).astype(a.dtype) for a, k in zip(args, kinds, strict=True) if k == "dual"]
    seeded = iter(seeds)
    dense = [dm.Dual(a, next(seeded)) if k == "dual" else x for x, a, k in zip(made, args, kinds, strict=True)]
    with np.errstate(all="ignore"):
        y = general(dense)
    (pushed,) = tape.push(seeds)
    near = 1e-5 if y.dtype == np.float32 else 1e-12
    np.testing.assert_allclose(pushed, y.tangent, rtol=near, atol=near * np.max(np.abs(y.tangent), initial=0))


def recorded_run(f, *xs):
    return record(lambda *a: f(*a), lambda it: f(*it), list(xs), has_aux=False)


def test_what_the_user_sees_is_a_dual():
    seen = []

    def f(x):
        seen.extend([x, x[0], x[1:], x[None, ..., :-1], x[[0, 2]], x * 2, 2 / x, -x, +x, abs(x), x**2, 2**x, x @ x, np.exp(x), x > 0])
        seen.extend([np.sum(x), np.sum(x), x.T, x.reshape(3, 1), np.stack([x, x]), np.zeros_like(x), np.zeros(3, like=x), np.copy(x)])
        seen.extend([np.max(x), np.linalg.solve(np.eye(3), x), np.where(x > 0, x, 0), np.add.reduce(x), np.roll(x, 1), np.cumsum(x)])
        y = np.zeros_like(x)
        y[1:] = x[1:]
        y += x
        seen.append(y)
        return y

    recorded_run(f, np.array([1.0, 2.0, 3.0]))
    carried = [y for y in seen if not isinstance(y, np.ndarray)]
    assert len(carried) == len(seen) - 1
    for y in carried:
        assert isinstance(y, dm.Dual)
        assert type(y) is Taped
        assert repr(y).startswith("Dual(primal=")
    with pytest.raises(TypeError, match="a Dual cannot be an index"):
        recorded_run(lambda x: x[x], np.ones(2))
    with pytest.raises(TypeError, match="of a Dual"):
        recorded_run(lambda x: np.array([x[0], x[1]]), np.ones(2))


@pytest.mark.parametrize("op", OPERATORS)
@pytest.mark.parametrize(
    "pair", ["recorded in dense", "dense in recorded", "recorded in recorded", "hyper in recorded", "recorded in hyper"]
)
def test_levels_mix_in_any_order(op, pair):
    """∂²/∂x∂y of x∘y and of y∘x, with x and y of two levels of any kinds; dense directions in both are the truth."""
    x, y = np.array([1.25, 2.5]), np.array([0.75, 1.75])
    firsts = {"recorded": dm.reverse.grad, "dense": lambda f: dm.gradient(f, strategy="dense")}

    def total(f, outer, inner):
        def second(x):
            return np.sum(inner(lambda y: np.sum(f(x, y)))(y))

        return outer(second)(x)

    def by_hessian(f, x):
        return np.sum(np.diag(dm.hessian(lambda y: np.sum(f(x, y)), strategy="dense")(y)))

    for f in (op, lambda a, b: op(b, a), lambda a, b: op(a[::-1] * b, b) + op(2.5, a) * b, lambda a, b: op(a[0], b) + op(b, a[1])):
        if "hyper" in pair:
            if pair == "hyper in recorded":
                got = dm.reverse.grad(lambda x, f=f: by_hessian(f, x))(x)
                expected = dm.gradient(lambda x, f=f: by_hessian(f, x), strategy="dense")(x)
            else:
                inside = lambda x, f=f: np.sum(dm.reverse.grad(lambda y: np.sum(f(x, y)))(y))
                dense = lambda x, f=f: np.sum(dm.gradient(lambda y: np.sum(f(x, y)), strategy="dense")(y))
                got, expected = dm.hessian(inside, strategy="dense")(x), dm.hessian(dense, strategy="dense")(x)
        else:
            inner, _, outer = pair.split()
            got, expected = total(f, firsts[outer], firsts[inner]), total(f, firsts["dense"], firsts["dense"])
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
