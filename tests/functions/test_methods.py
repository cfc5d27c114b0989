"""ndarray's methods and attributes on a Dual: NumPy's value, and the derivative of the function of the same name."""

import copy
import inspect

import numpy as np
import pytest

import dualmc as dm
from dualmc.testing.calls import check_close, derivatives, flat

from ..cases import named
from ..laws import same, value_and_tangent

B, V = (3, 4), (5,)
MASK = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])

METHODS = [
    named("T", lambda x: x.T, B),
    named("mT", lambda x: x.mT, B),
    named("real", lambda x: x.real, B),
    named("imag", lambda x: x.imag, B),
    named("reshape", lambda x: x.reshape(4, 3), B),
    named("reshape tuple", lambda x: x.reshape((2, -1)), B),
    named("reshape F", lambda x: x.reshape(4, 3, order="F"), B),
    named("reshape copy", lambda x: x.reshape(12, copy=True), B),
    named("ravel", lambda x: x.ravel(), B),
    named("ravel F", lambda x: x.ravel("F"), B),
    named("flatten", lambda x: x.flatten(), B),
    named("flatten F", lambda x: x.flatten("F"), B),
    named("transpose", lambda x: x.transpose(), B),
    named("transpose numbers", lambda x: x.transpose(1, 0), B),
    named("transpose tuple", lambda x: x.transpose((1, 0)), B),
    named("transpose None", lambda x: x.transpose(None), B),
    named("swapaxes", lambda x: x.swapaxes(0, -1), B),
    named("squeeze", lambda x: x.squeeze(), (1, 3, 1)),
    named("squeeze axis", lambda x: x.squeeze(axis=2), (1, 3, 1)),
    named("repeat", lambda x: x.repeat(2, axis=1), B),
    named("diagonal", lambda x: x.diagonal(1), B),
    named("copy", lambda x: x.copy("F"), B),
    named("astype", lambda x: x.astype(np.float32), B, kinds="f"),
    named("astype keywords", lambda x: x.astype(complex, casting="same_kind"), B),
    named("astype same", lambda x: x.astype(x.dtype, copy=False), B),
    named("sum", lambda x: x.sum(axis=0, keepdims=True), B),
    named("sum where", lambda x: x.sum(1, where=MASK, initial=0.0), B),
    named("prod", lambda x: x.prod(axis=-1), B),
    named("mean", lambda x: x.mean(0), B),
    named("mean where", lambda x: x.mean(1, where=MASK), B),
    named("var", lambda x: x.var(axis=1, ddof=1), B),
    named("std", lambda x: x.std(0, ddof=1, keepdims=True), B),
    named("max", lambda x: x.max(axis=1), B),
    named("min", lambda x: x.min(initial=0.1, keepdims=True), B),
    named("cumsum", lambda x: x.cumsum(1), B),
    named("cumprod", lambda x: x.cumprod(axis=0), B),
    named("trace", lambda x: x.trace(offset=1), B),
    named("dot", lambda x, y: x.dot(y), B, (4,)),
    named("clip", lambda x: x.clip(-1, 1), B),
    named("clip max", lambda x: x.clip(max=0.5), B),
    named("take", lambda x: x.take([0, 2], axis=1), B),
    named("conj", lambda x: x.conj(), B),
    named("conjugate", lambda x: x.conjugate(), B),
    named("item", lambda x: x.item(1, 2), B),
    named("item flat", lambda x: x.item(-5), B),
    named("item tuple", lambda x: x.item((0, 1)), B),
    named("item of one", lambda x: x.item(), (1, 1)),
    named("tolist", lambda x: flat(x.tolist()), B),
    named("iter", lambda x: list(x), B),
    named("flat", lambda x: list(x.flat), B),
    named("copy.copy", copy.copy, B),
    named("copy.deepcopy", copy.deepcopy, B),
    named("view", lambda x: x.view(), B),
    named("abs", abs, B),
    named("divmod", lambda x: divmod(x, 0.75), B, reach=1 / 16),
    named("@", lambda x, y: x @ y, B, (4, 2)),
    named("unary", lambda x: -(+x), B),
    named("pow", lambda x: x**3 + 2.0**x, B),
    named("mod", lambda x: x % 0.75 + 5.0 % x, B),
    named("//", lambda x: x - (x // 0.75), B),
]


@pytest.mark.parametrize("case", METHODS, ids=str)
@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
def test_methods(case, lead):
    xs, ts = case.sample()
    scales = np.arange(1.0, 1 + np.prod(lead)).reshape(lead)
    ds = [dm.Dual(x, np.multiply.outer(scales, t)) for x, t in zip(xs, ts, strict=True)]
    truths = derivatives(case.f, xs, ts, case.reach)
    for result, value, truth in zip(flat(case.f(*ds)), flat(case.f(*xs)), truths, strict=True):
        primal, tangent = value_and_tangent(result)
        check_close(primal, value)
        assert np.asarray(primal).dtype == np.asarray(value).dtype
        scaled = np.multiply.outer(scales, truth.value) if type(result) is dm.Dual else truth.value
        check_close(tangent, scaled, truth.bound * scales.max(), condition=8)


CONSTANTS = {
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": lambda x: x.size,
    "dtype": lambda x: x.dtype,
    "itemsize": lambda x: x.itemsize,
    "nbytes": lambda x: x.nbytes,
    "strides": lambda x: x.strides,
    "flags": lambda x: x.flags.c_contiguous,
    "argmax": lambda x: x.argmax(axis=0),
    "argmin": lambda x: x.argmin(axis=1, keepdims=True),
    "argsort": lambda x: x.argsort(axis=0),
    "argpartition": lambda x: x.argpartition(2)[..., 2],
    "nonzero": lambda x: x.nonzero(),
    "all": lambda x: x.all(axis=0),
    "any": lambda x: x.any(),
    "round": lambda x: x.round(1),
    "len": len,
    "searchsorted": lambda x: x[0].searchsorted([0.0, 1.0]),
    "in": lambda x: 0.0 in x,
    "<": lambda x: x < 0.5,
    "<=": lambda x: x >= 0.5,
    "==": lambda x: x == x.T.T,
    "!=": lambda x: x != 0,
    ">": lambda x: x > 0,
    ">=": lambda x: x >= x,
    "bool": lambda x: bool(x[0, 0]),
    "np.argmax": lambda x: np.argmax(x, axis=1),
    "np.argsort": lambda x: np.argsort(x, axis=None, kind="stable"),
    "np.shape": np.shape,
    "np.size": np.size,
    "np.ndim": np.ndim,
    "np.isfinite": np.isfinite,
    "np.sign bit": np.signbit,
    "np.floor": np.floor,
    "np.rint": np.rint,
    "np.allclose": lambda x: np.allclose(x, x),
    "np.array_equal": lambda x: np.array_equal(x, x),
    "np.count_nonzero": np.count_nonzero,
    "np.argwhere": lambda x: np.argwhere(x > 0),
    "np.where": lambda x: np.where(x > 0),
    "np.searchsorted": lambda x: np.searchsorted([0.0, 1.0], x),
    "np.digitize": lambda x: np.digitize(x, [0.0, 1.0]),
    "np.result_type": lambda x: np.result_type(x, np.float32),
    "np.any": np.any,
    "np.argpartition": lambda x: np.argpartition(x, 1, axis=0)[1],
    "np.round": lambda x: np.round(x, 1),
    "np.isnan": np.isnan,
    "np.lexsort": lambda x: np.lexsort((x[0], x[1])),
    "np.flatnonzero": lambda x: np.flatnonzero(x > 0),
    "np.less": lambda x: np.less(x, 0),
    "np.nanargmax": lambda x: np.nanargmax(x, axis=0),
    "np.logical_and.reduce": lambda x: np.logical_and.reduce(x > 0),
}


@pytest.mark.parametrize("f", CONSTANTS.values(), ids=CONSTANTS)
def test_what_sees_primals_only_is_plain(f):
    (x,), (t,) = METHODS[0].sample()
    result, expected = f(dm.Dual(x, t)), f(x)
    assert type(result) is type(expected)
    for a, b in zip(flat(result), flat(expected), strict=True):
        assert np.array_equal(a, b)


def test_sort_and_fill_in_place():
    (x,), (t,) = METHODS[0].sample()
    d, e = dm.Dual(x.copy(), t.copy()), dm.Dual(x.copy(), t.copy())
    rows = d[1:]
    assert d.sort(axis=0) is None
    assert np.array_equal(d.tangent, np.take_along_axis(t, x.argsort(axis=0), axis=0))
    assert np.shares_memory(rows.primal, d.primal)
    e.sort()
    assert np.array_equal(e.tangent, np.take_along_axis(t, x.argsort(axis=1), axis=1))
    d.fill(2.0)
    assert not d.tangent.any()
    assert np.all(d.primal == 2)
    d.fill(e[0, 0])
    assert np.all(d.tangent == e.tangent[0, 0])


def test_flatten_copies_and_ravel_does_not():
    (x,), (t,) = METHODS[0].sample()
    d = dm.Dual(x, t)
    for made, shared in (
        (d.flatten(), False),
        (d.ravel(), True),
        (d.copy(), False),
        (d.T, True),
        (d.view(), True),
        (d.flatten("F"), False),
    ):
        assert np.shares_memory(made.primal, x) == shared
        assert np.shares_memory(made.tangent, t) == shared


def test_item_raises_for_several_entries():
    with pytest.raises(ValueError, match="size 1"):
        dm.Dual(np.ones(2), np.ones(2)).item()


@pytest.mark.parametrize("name", [n for n in dir(np.ndarray) if not n.startswith("_")])
def test_every_method_of_ndarray_is_there_or_raises_attribute_error_by_intent(name):
    missing = {
        "base",
        "byteswap",
        "compress",
        "ctypes",
        "data",
        "device",
        "dump",
        "dumps",
        "getfield",
        "partition",
        "put",
        "resize",
        "setfield",
        "setflags",
        "to_device",
        "tofile",
    }
    assert hasattr(dm.Dual, name) or name in missing


def test_method_parameters_are_numpys():
    for name in ("astype", "clip", "take", "trace", "diagonal", "cumsum", "repeat", "swapaxes", "squeeze", "sort", "argsort"):
        doc = getattr(np.ndarray, name).__doc__ or ""
        head = doc.split(")")[0].partition("(")[2]
        theirs = [p.split("=")[0].strip(" *") for p in head.split(",") if p.strip(" *") not in {"", "kwargs"}]
        ours = [p for p in inspect.signature(getattr(dm.Dual, name)).parameters if p != "self"]
        assert ours[: len(theirs)] == [p for p in theirs if p != "/"], (name, theirs)


def test_results_are_fresh_scalars_where_numpys_are():
    (x,), (t,) = METHODS[0].sample()
    total = dm.Dual(x, t).sum()
    assert isinstance(total.primal, np.float64)
    same(total.primal, x.sum())
