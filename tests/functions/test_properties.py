"""Laws over random shapes, axes and keys."""

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dualmc as dm

from ..laws import Case, derivative, flat, near, same, value_and_tangent

SMALL = settings(max_examples=40, deadline=None, derandomize=True)
shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=4)


def check(f, *shapes):
    """Check value and tangent with one, two and no axes of directions."""
    case = Case(f"random {shapes}", f, shapes)
    xs, ts = case.sample()
    expected, truths = flat(f(*xs)), derivative(case, xs, ts)
    for lead in ((), (2,), (2, 1)):
        scale = np.arange(1.0, 1 + np.prod(lead)).reshape(lead)
        results = flat(f(*(dm.Dual(x, np.multiply.outer(scale, t)) for x, t in zip(xs, ts, strict=True))))
        for result, value, (truth, bound) in zip(results, expected, truths, strict=True):
            primal, tangent = value_and_tangent(result)
            near(primal, value)
            near(tangent, np.multiply.outer(scale, truth), 3 * bound, condition=64)


@st.composite
def shape_and_axis(draw, *, several=True):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    nd = len(shape)
    one = st.integers(-nd, nd - 1)
    many = st.lists(st.integers(0, nd - 1), unique=True).map(tuple)
    signed = many.flatmap(lambda axes: st.tuples(*(st.sampled_from([a, a - nd]) for a in axes)))
    return shape, draw(st.one_of(st.none(), one, signed) if several else st.one_of(st.none(), one))


@pytest.mark.parametrize("f", [np.sum, np.prod, np.mean, np.var, np.max, np.min, np.ptp, np.nansum], ids=lambda f: f.__name__)
@given(shape_and_axis(), st.booleans())
@SMALL
def test_reductions_over_any_axes(f, shape_and_axis, keepdims):
    shape, axis = shape_and_axis
    check(lambda x: f(x, axis=axis, keepdims=keepdims), shape)


@pytest.mark.parametrize("f", [np.cumsum, np.cumprod, np.sort, np.flip, lambda x, axis: np.roll(x, 2, axis)])
@given(shape_and_axis(several=False))
@SMALL
def test_functions_along_any_axis(f, shape_and_axis):
    shape, axis = shape_and_axis
    check(lambda x: f(x, axis=axis), shape)


@pytest.mark.parametrize("f", [np.add, np.multiply, np.maximum, np.hypot, lambda x, y: np.where(x > y, x, y)])
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
@SMALL
def test_broadcasting(f, found):
    check(f, *found.input_shapes)


@pytest.mark.parametrize("f", [np.matmul, np.vecdot, np.matvec, np.vecmat], ids=lambda f: f.__name__)
@given(st.data())
@SMALL
def test_stacked_products(f, data):
    signature = "(m?,n),(n,p?)->(m?,p?)" if f is np.matmul else f.signature
    found = data.draw(hnp.mutually_broadcastable_shapes(signature=signature, max_dims=2, max_side=3))
    check(f, *found.input_shapes)


@given(st.data())
@SMALL
def test_tensordot_over_any_axes(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3))
    n = data.draw(st.integers(0, len(shape)))
    mine = data.draw(st.permutations(range(len(shape))))[:n]
    rest = data.draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=2))
    other = tuple(shape[i] for i in mine) + rest
    order = data.draw(st.permutations(range(len(other))))
    theirs = [order.index(i) - data.draw(st.sampled_from([0, len(other)])) for i in range(n)]
    check(lambda x, y: np.tensordot(x, y, (list(mine), theirs)), shape, tuple(other[i] for i in order))


@given(st.data())
@SMALL
def test_einsum_with_any_subscripts(data):
    letters = string.ascii_letters[:5]
    sizes = dict(zip(letters, data.draw(st.tuples(*[st.integers(1, 3)] * 5)), strict=True))
    terms = data.draw(st.lists(st.text(letters, max_size=3), min_size=1, max_size=3))
    used = "".join(dict.fromkeys("".join(terms)))
    output = data.draw(
        st.one_of(st.just(""), st.permutations(used).flatmap(lambda p: st.integers(0, len(p)).map(lambda n: "->" + "".join(p[:n]))))
    )
    check(lambda *xs: np.einsum(",".join(terms) + output, *xs), *(tuple(sizes[k] for k in t) for t in terms))


@given(st.data())
@SMALL
def test_any_key_reads_views_and_copies(data):
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    key = data.draw(
        st.one_of(
            hnp.basic_indices(shape, allow_newaxis=True),
            hnp.integer_array_indices(shape),
            hnp.arrays(bool, shape),
        )
    )
    x = np.arange(np.prod(shape), dtype=float).reshape(shape)
    t = np.stack([np.cos(x), np.sin(x)])
    d = dm.Dual(x, t)
    result = d[key]
    same(result.primal, np.asarray(x[key]) if isinstance(result.primal, np.ndarray) else x[key])
    for k in range(2):
        same(result.tangent[k], t[k][key])
    assert np.shares_memory(result.primal, x) == np.shares_memory(result.tangent, t)


@given(hnp.array_shapes(max_dims=4, max_side=4), st.data())
@SMALL
def test_reshapes_and_transposes(shape, data):
    order = data.draw(st.permutations(range(len(shape))))
    factors = [n for n in shape if n > 1] or [1]
    new = data.draw(st.permutations(factors))
    letter = data.draw(st.sampled_from("CF"))
    check(lambda x: np.reshape(np.transpose(x, order), new, order=letter), shape)


@given(
    hnp.array_shapes(max_dims=3, max_side=4),
    st.data(),
    st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap", "mean", "linear_ramp"]),
)
@SMALL
def test_pads_of_any_width(shape, data, mode):
    widths = data.draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=len(shape), max_size=len(shape)))
    check(lambda x: np.pad(x, widths, mode=mode), shape)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 2))
@SMALL
def test_concatenate_and_split_undo_each_other(sizes, axis):
    shapes = [tuple(n if i == axis else 2 for i in range(3)) for n in sizes]
    cuts = np.cumsum(sizes)[:-1].tolist()
    check(lambda *xs: np.split(np.concatenate(xs, axis=axis), cuts, axis=axis), *shapes)


@pytest.mark.parametrize("u", [np.add, np.multiply, np.maximum, np.subtract], ids=lambda u: u.__name__)
@given(st.lists(st.integers(-4, 3), min_size=1, max_size=8))
@SMALL
def test_at_with_any_mentions(u, indices):
    def f(x, y):
        z = np.copy(x)
        u.at(z, indices, y)
        return z

    check(f, (4,), (len(indices),))
