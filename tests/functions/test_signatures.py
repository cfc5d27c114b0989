"""A body takes the parameters of the function it stands for."""

import inspect

import numpy as np
import pytest

import dualmc as dm
from dualmc.arrays.creation import CREATION
from dualmc.rules import RULES
from dualmc.rules.rule import Composed


def parameters(func):
    return [p for p in inspect.signature(func).parameters.values() if p.name not in {"out", "like"} and p.kind is not p.VAR_KEYWORD]


COMPOSED = [
    r
    for r in RULES.values()
    if isinstance(r, Composed) and r.func.__module__ == "numpy" and not isinstance(r.func, np.ufunc) and r.func is not np.where
]  # two signatures
LINEAR_FIRST = ["sum", "cumsum", "transpose", "broadcast_to", "flip", "diagonal", "roll", "copy", "take", "take_along_axis", "diag"]


@pytest.mark.parametrize("rule", COMPOSED, ids=lambda r: r.func.__name__)
def test_composed_bodies_have_numpys_parameters(rule):
    theirs, ours = parameters(rule.func), parameters(rule.body)
    assert [p.name for p in ours] == [p.name for p in theirs][: len(ours)]
    passes_on = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(rule.body).parameters.values())
    assert len(ours) == len(theirs) or passes_on
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    for mine, its in zip(ours, theirs, strict=False):
        assert (mine.kind in positional) == (its.kind in positional) or its.kind is its.VAR_POSITIONAL


@pytest.mark.parametrize("name", LINEAR_FIRST)
def test_linear_maps_take_numpys_parameters_after_the_array(name):
    func = getattr(np, name)
    theirs = [p.name for p in parameters(func)][1:]
    ours = [p.name for p in parameters(RULES[func].op)][1:]
    assert ours[: len(theirs)] == theirs


@pytest.mark.parametrize(
    "func", [f for f in CREATION if hasattr(f, "__code__") or f in (np.full_like, np.ones_like)], ids=lambda f: f.__name__
)
def test_creation_takes_numpys_keywords(func):
    try:
        theirs = [p.name for p in parameters(func)]
    except ValueError:
        pytest.skip("written in C")
    body = inspect.signature(CREATION[func])
    if any(p.kind is p.VAR_POSITIONAL for p in body.parameters.values()):
        return
    assert set(theirs) <= set(body.parameters) or any(p.kind is p.VAR_KEYWORD for p in body.parameters.values())


FIRST = [
    (np.sum, {"axis": 0}),
    (np.prod, {}),
    (np.max, {"axis": 1}),
    (np.transpose, {}),
    (np.sort, {"axis": 0}),
    (np.mean, {"axis": 0}),
    (np.var, {"ddof": 1}),
    (np.clip, {"min": 0.0, "max": 1.0}),
    (np.take, {"indices": [0, 2], "axis": 1}),
    (np.repeat, {"repeats": 2}),
    (np.cumsum, {"axis": 1}),
    (np.diff, {"axis": 0}),
    (np.squeeze, {}),
    (np.median, {"axis": 0}),
    (np.pad, {"pad_width": 1}),
    (np.roll, {"shift": 1}),
    (np.flip, {"axis": 0}),
    (np.split, {"indices_or_sections": 3}),
]


@pytest.mark.parametrize(("func", "kwargs"), FIRST, ids=lambda v: getattr(v, "__name__", ""))
def test_the_first_argument_may_be_a_keyword(func, kwargs):
    x, t = np.arange(12.0).reshape(3, 4) % 5 + 0.1 * np.arange(12.0).reshape(3, 4), np.cos(np.arange(12.0)).reshape(3, 4)
    first = next(iter(inspect.signature(func).parameters))
    by_name, by_place = func(**{first: dm.Dual(x, t)}, **kwargs), func(dm.Dual(x, t), **kwargs)
    for a, b in zip(by_name, by_place, strict=True) if isinstance(by_name, list) else [(by_name, by_place)]:
        assert np.array_equal(a.primal, b.primal)
        assert np.array_equal(a.tangent, b.tangent)


def test_keywords_may_be_given_by_place():
    x, t = np.array([[3.0, 1.0], [2.0, 5.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    d = dm.Dual(x, t)
    assert np.array_equal(np.sum(d, 0, None, None, True).tangent, [[4.0, 6.0]])
    assert np.array_equal(np.max(d, 0, None, True).tangent, [[1.0, 4.0]])
    assert np.array_equal(np.mean(d, 1, np.float64, None, True).tangent, [[1.5], [3.5]])
    assert np.array_equal(np.prod(d, 0, None, None, False, 2.0).tangent, [2 * (1 * 2 + 3 * 3), 2 * (2 * 5 + 1 * 4)])
    assert np.array_equal(np.cumsum(d, 1, np.float64).tangent, [[1.0, 3.0], [3.0, 7.0]])
    assert np.array_equal(np.take(d, [1], 0, None, "clip").tangent, t[1:])
    assert np.array_equal(np.var(d, 0, None, None, 1, True).tangent, [[-2.0, 8.0]])
    assert np.array_equal(np.clip(d, 1.5, 4.0).tangent, [[1.0, 0.0], [3.0, 0.0]])


WITH_OUT = [
    (np.sum, {"axis": 0}),
    (np.prod, {"axis": 0}),
    (np.max, {"axis": 1}),
    (np.min, {"axis": 1}),
    (np.mean, {"axis": 0}),
    (np.var, {"axis": 0}),
    (np.std, {"axis": 0}),
    (np.median, {"axis": 0}),
    (np.ptp, {"axis": 0}),
    (np.cumsum, {"axis": 0}),
    (np.cumprod, {"axis": 0}),
    (np.nansum, {"axis": 0}),
    (np.nanprod, {"axis": 0}),
    (np.nanmean, {"axis": 0}),
    (np.nanvar, {"axis": 0}),
    (np.nanstd, {"axis": 0}),
    (np.nanmax, {"axis": 0}),
    (np.nanmin, {"axis": 0}),
    (np.nanmedian, {"axis": 0}),
    (np.nancumsum, {"axis": 0}),
    (np.nancumprod, {"axis": 1}),
    (np.clip, {"min": 0.5, "max": 2.0}),
    (np.take, {"indices": [0, 2], "axis": 1}),
    (np.choose, {}),
    (np.trace, {}),
    (np.dot, {"b": np.ones(4)}),
    (np.outer, {"b": np.ones(2)}),
    (np.concatenate, {}),
    (np.stack, {}),
    (np.einsum, {}),
    (np.matmul, {}),
    (np.sin, {}),
    (np.divmod, {}),
]


def called(func, d, **kwargs):
    """Call func on d; the array is not the first argument of all of them."""
    before = {np.choose: ([0, 1, 1, 0],), np.einsum: ("ij->j",)}.get(func, ())
    after = {np.matmul: (np.ones((4, 2)),), np.divmod: (0.7,)}.get(func, ())
    x = [d, d] if func in (np.concatenate, np.stack, np.choose) else d
    return func(*before, x, *after, **kwargs)


@pytest.mark.parametrize(("func", "kwargs"), WITH_OUT, ids=lambda v: getattr(v, "__name__", ""))
def test_out_takes_value_and_tangent(func, kwargs):
    x, t = np.cos(np.arange(12.0)).reshape(3, 4), np.sin(np.arange(12.0)).reshape(3, 4)
    d = dm.Dual(x, t)
    expected = called(func, d, **kwargs)
    parts = expected if isinstance(expected, tuple) else (expected,)
    buffers = tuple(np.zeros(np.shape(e), e.dtype, like=d) for e in parts)
    given = buffers if isinstance(expected, tuple) else buffers[0]
    result = called(func, d, **kwargs, out=given)
    assert all(r is b for r, b in zip(result if isinstance(expected, tuple) else (result,), buffers, strict=True))
    for buffer, e in zip(buffers, parts, strict=True):
        assert np.array_equal(buffer.primal, dm.primal(e))
        assert np.array_equal(buffer.tangent, dm.tangent(e))
    if func is not np.divmod:
        with pytest.raises(TypeError, match=r"out=.*would lose the tangent"):
            called(func, d, **kwargs, out=np.zeros(np.shape(expected)))
