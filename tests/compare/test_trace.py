"""The chain rule written out: each step follows from its parents, the last one is the Jacobian, and names are those of rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_memory import PROGRAMS
from test_programs import PROGRAMS as DRAWN

import dualmc as dm
from dualmc.testing.calls import check_close, flat

from ..functions.table import CASES


def columns(u, v, partial, diagonal):
    """The product of a local Jacobian with the derivative of a parent."""
    if diagonal:
        lead = v.value.ndim
        extra = u.value.ndim - lead
        d = v.derivative.reshape((1,) * extra + v.derivative.shape)
        return np.broadcast_to(partial[..., None] * d, u.derivative.shape)
    return np.tensordot(partial, v.derivative, v.value.ndim)


def check_steps(found):
    """Each derivative is Σ ∂u/∂uᵢ·duᵢ/dx; say of how many steps that could be seen."""
    count = 0
    for u in found:
        if all(p is not None for p in u.partials):
            total = sum((columns(u, v, p, u.diagonal) for v, p in zip(u.parents, u.partials, strict=True)), np.zeros(u.derivative.shape))
            np.testing.assert_allclose(u.derivative, total, rtol=1e-10, atol=1e-11)
            count += 1
    return count


@given(program=DRAWN, seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_random_programs(program, seed):
    x = np.random.default_rng(seed).normal(size=6)
    found = dm.trace(program, x)
    assert check_steps(found) == len(found)
    (result,) = found.results
    np.testing.assert_array_equal(result.value, program(x))
    expected = dm.jacobian(program)(x)
    np.testing.assert_allclose(result.derivative, expected, rtol=1e-9, atol=1e-10 * (1 + np.abs(expected).max()))
    assert str(found).count("\n") == len(found) + 6


@pytest.mark.parametrize("f", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_that_write(f):
    x = np.random.default_rng(0).uniform(0.3, 2, 6)
    found = dm.trace(f, x)
    assert check_steps(found) > 0
    np.testing.assert_allclose(found.results[0].derivative, dm.jacobian(f)(x), rtol=1e-12, atol=1e-12)
    assert str(found)


REAL = [c for c in CASES if "f" in c.kinds]


@pytest.mark.parametrize("case", REAL, ids=str)
def test_cases(case):
    xs, vs = case.sample()
    values, tangents = dm.jvp(lambda *xs: tuple(flat(case.f(*xs))), tuple(xs), tuple(vs))
    found = dm.trace(lambda *xs: tuple(flat(case.f(*xs))), *xs, tangents=tuple(vs))
    for r, value, t in zip(found.results, values, tangents, strict=True):
        if hasattr(r, "derivative"):
            check_close(r.value, value)
            check_close(r.derivative, t, condition=16.0)
        else:
            assert not np.any(t)
    assert str(found)
    assert found._repr_html_().count("<tr>") == 1 + len(found.inputs) + len(found)


def test_names_values_partials_and_derivatives_of_the_papers_example():
    def f(x):
        u1 = x**2
        u2 = x * u1
        return x + u2

    found = dm.trace(f, 2.0)
    assert [(u.name, u.operation, u.expression) for u in found] == [
        ("u1", "square", "square(x)"),
        ("u2", "multiply", "multiply(x, u1)"),
        ("u3", "add", "add(x, u2)"),
    ]
    assert [float(u.value) for u in found] == [4, 8, 10]
    assert [[float(p) for p in u.partials] for u in found] == [[4], [4, 2], [1, 1]]
    assert [float(d) for u in found for d in found.derivatives(u)] == [4, 12, 13]
    assert "1·1 + 1·12 = 13" in str(found)


def test_views_that_a_write_has_changed_are_new_variables():
    def f(x):
        y = x * 1.0
        v = y[:2]
        y[0] = x[1]
        return v * v

    found = dm.trace(f, np.array([3.0, 5.0]))
    assert [u.operation for u in found] == ["multiply", "getitem", "getitem", "setitem", "view", "multiply"]
    np.testing.assert_array_equal(found.results[0].derivative, [[0, 10], [0, 10]])


def test_structures_keywords_and_parts_are_named():
    found = dm.trace(lambda p, y: (np.sum(p["a"], axis=0), np.linalg.eigh(p["b"])[0] * y), {"a": np.ones((2, 3)), "b": np.eye(2)}, 2)
    assert [u.name for u in found.inputs] == ["p['a']", "p['b']", "y"]
    assert [u.expression for u in found][:3] == ["sum(p['a'], axis=0)", "eigh(p['b'])[0]", "eigh(p['b'])[1]"]
    by_a, by_b, by_y = found.derivatives(found.results[0])
    assert by_a.shape, by_b.shape == ((3, 2, 3), (3, 2, 2))
    assert by_y.shape == (3,)


def test_inner_transforms_are_traced_as_the_operations_that_they_do():
    inner = dm.trace(lambda x: dm.derivative(lambda y: x * y**2)(3.0), 2.0)
    assert float(inner.results[0].value) == 12.0
    assert float(inner.results[0].derivative[0]) == 6.0
    back = dm.trace(lambda x: dm.reverse.grad(lambda y: np.sum(x * np.sin(y)))(np.arange(3.0) * x), 2.0)
    outer = dm.jacobian(lambda x: dm.reverse.grad(lambda y: np.sum(x * np.sin(y)))(np.arange(3.0) * x))(2.0)
    np.testing.assert_allclose(back.results[0].derivative[:, 0], outer, rtol=1e-12)


def test_the_callers_array_is_not_written():
    x = np.ones(3)

    def f(x):
        x += 1
        return x

    found = dm.trace(f, x)
    np.testing.assert_array_equal(x, np.ones(3))
    np.testing.assert_array_equal(found.inputs[0].value, np.ones(3))


def test_large_arrays_are_abbreviated():
    x = np.linspace(0, 1, 5000)
    found = dm.trace(lambda x: np.sum(np.sin(x) * x), x, tangents=(np.ones(5000),))
    assert max(map(len, str(found).splitlines())) < 300
    expected = dm.jvp(lambda x: np.sum(np.sin(x) * x), (x,), (np.ones(5000),))[1]
    np.testing.assert_allclose(found.results[0].derivative, expected, rtol=1e-12)


def test_constants_and_complex_values():
    found = dm.trace(lambda z: (np.abs(z), 3.0), 3 + 4j, tangents=(1.0,))
    assert float(found.results[0].derivative) == pytest.approx(0.6)
    assert float(found.results[1]) == 3.0
    assert str(found).endswith("result: u1, 3")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: dm.trace(3, 1.0), TypeError, "trace: f must be a function, got int"),
        (lambda: dm.trace(np.sin), ValueError, "trace: primals must hold at least one"),
        (lambda: dm.trace(np.sin, "x"), TypeError, r"trace: primals\[0\] must be a number"),
        (lambda: dm.trace(np.sin, dm.Dual(1.0, 1.0)), TypeError, r"trace: primals\[0\] is a Dual"),
        (lambda: dm.trace(np.sin, np.ones(2000)), ValueError, "trace: primals have 2000 numbers"),
        (lambda: dm.trace(np.sin, 1.0, tangents=1.0), TypeError, "trace: tangents must be a tuple"),
        (lambda: dm.trace(np.sin, np.ones(3), tangents=(np.ones(2),)), ValueError, r"trace: tangents\[0\] must have the shape"),
        (lambda: dm.trace(lambda x: "text", 1.0), TypeError, "the result of <lambda>"),
        (lambda: dm.trace(float, 1.0), TypeError, "would lose the tangent"),
    ],
)
def test_errors_say_what_was_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
