"""Laws of calls: every transform of a compiled function gives what it gives for the same Python code, in whatever way it is called."""

import math

import numba
import numpy as np
import pytest

import dualmc as dm
from dualmc.trees import flatten

X, V, U = np.array([0.3, 0.8, 0.5, 0.6]), np.array([1.0, -0.5, 0.2, 0.7]), np.array([0.4, 0.1, -1.0, 0.3])


def energy(x):
    s = 0.0 * x[0]
    for i in range(x.shape[0] - 1):
        s += (x[i + 1] - x[i] ** 2) ** 2 + x[i] * x[i] * x[i + 1]
    return s


def field(x):
    return np.sin(x) * x[0] + np.sum(x * x)


def pair(x, y, n=2):
    return x * y**n, (x + y).sum()


compiled_energy, compiled_field, compiled_pair = numba.njit(energy), numba.njit(field), numba.njit(pair)

WAYS = {"alone": lambda f: f, "amid NumPy code": lambda f: lambda x: f(x * 1.0) * 1.0}

OF_NUMBERS = {
    "gradient": lambda f: dm.gradient(f)(X),
    "value_and_gradient": lambda f: dm.value_and_gradient(f)(X),
    "jvp": lambda f: dm.jvp(f, (X,), (V,)),
    "linearize": lambda f: dm.linearize(f, X)[1](V),
    "hessian": lambda f: dm.hessian(f)(X),
    "value_gradient_and_hessian": lambda f: dm.value_gradient_and_hessian(f)(X),
    "hessian_diagonal": lambda f: dm.hessian_diagonal(f)(X),
    "laplacian": lambda f: dm.laplacian(f)(X),
    "hvp": lambda f: dm.hvp(f, (X,), (V,)),
    "vhv": lambda f: dm.vhv(f, (X,), (U,), (V,)),
    "vhv of many": lambda f: dm.vhv(f, (X,), (np.stack([U, V]),), (np.stack([V, V]),)),
    "jacobian of gradient": lambda f: dm.jacobian(dm.gradient(f))(X),
    "jvp of jvp": lambda f: dm.jvp(lambda x: dm.jvp(f, (x,), (U,))[1], (X,), (V,)),
    "reverse gradient": lambda f: dm.reverse.grad(f)(X),
    "reverse hvp": lambda f: dm.reverse.hvp(f, (X,), (V,)),
    "jacobian of reverse gradient": lambda f: dm.jacobian(dm.reverse.grad(f))(X),
    "chunks": lambda f: dm.gradient(f, chunk_size=3)(X),
}
OF_ARRAYS = {
    "jacobian": lambda f: dm.jacobian(f)(X),
    "value_and_jacobian": lambda f: dm.value_and_jacobian(f)(X),
    "jvp": lambda f: dm.jvp(f, (X,), (V,)),
    "hessian": lambda f: dm.hessian(f)(X),
    "vjp": lambda f: dm.reverse.vjp(f, X)[1](V),
    "reverse jacobian": lambda f: dm.reverse.jacobian(f)(X),
    "jacobian_operator": lambda f: dm.jacobian_operator(f, X) @ V,
}


def check(found, expected):
    (a, s), (b, t) = flatten(found), flatten(expected)
    assert s.kind is t.kind
    for y, z in zip(a, b, strict=True):
        assert np.shape(y) == np.shape(z)
        assert np.asarray(y).dtype == np.asarray(z).dtype
        assert np.allclose(y, z, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OF_NUMBERS)
def test_transforms_of_a_number_do_not_see_the_compiler(name, way):
    transformed = OF_NUMBERS[name]
    check(transformed(WAYS[way](compiled_energy)), transformed(WAYS[way](energy)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", OF_ARRAYS)
def test_transforms_of_an_array_do_not_see_the_compiler(name, way):
    pytest.importorskip("scipy") if name == "jacobian_operator" else None
    transformed = OF_ARRAYS[name]
    check(transformed(WAYS[way](compiled_field)), transformed(WAYS[way](field)))


@pytest.mark.parametrize("argnums", [0, 1, (0, 1), (1, 0), -2])
@pytest.mark.parametrize("rest", [(), (3,)])
def test_several_arguments_and_results(argnums, rest):
    n = -1 if argnums == -2 and not rest else argnums
    for transform in (dm.jacobian, dm.hessian):
        check(transform(compiled_pair, argnums=n)(X, V, *rest), transform(pair, argnums=n)(X, V, *rest))
    check(dm.jvp(compiled_pair, (X, V), (U, V)), dm.jvp(pair, (X, V), (U, V)))


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_numbers(kind):
    f = numba.njit(lambda t: math.sin(t) * t)
    t = kind(0.3)
    for way in WAYS.values():
        assert np.isclose(dm.derivative(way(f))(t), np.cos(t) * t + np.sin(t), rtol=1e-6)
        assert np.isclose(dm.second_derivative(way(f))(t), 2 * np.cos(t) - np.sin(t) * t, rtol=1e-6)
        assert np.isclose(dm.derivative(dm.derivative(way(f)))(t), 2 * np.cos(t) - np.sin(t) * t, rtol=1e-6)


def test_calls_with_duals():
    x = dm.Dual(X, V)
    y, z = compiled_field(x), field(x)
    check((y.primal, y.tangent), (z.primal, z.tangent))
    y, z = compiled_pair(x, V, n=3)[0], pair(x, V, n=3)[0]
    check((y.primal, y.tangent), (z.primal, z.tangent))


running = numba.njit(lambda x: np.cumsum(x * x))


@pytest.mark.parametrize("n", [1, 3, 9, 16, 17, 40])
def test_any_number_of_inputs(n):
    x = np.linspace(0.2, 0.9, n)
    f, g = running, running.py_func
    check(dm.jacobian(f)(x), np.tril(np.tile(2 * x, (n, 1))))
    check(dm.hessian(lambda x: f(x)[-1])(x), 2 * np.eye(n))
    check(dm.jacobian(lambda x: f(x))(x), dm.jacobian(g)(x))


of_rows = numba.njit(lambda a: (a * a[0]).sum())


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=1)[:, ::2], lambda a: a[::-1], lambda a: a.T])
def test_any_layout_and_up_to_four_axes(layout):
    f, g = of_rows, of_rows.py_func
    x = layout(np.arange(12.0).reshape(3, 4) / 10)
    check(dm.gradient(f)(x), dm.gradient(g)(x))
    y = x.reshape(2, 1, 3, 2)
    check(dm.gradient(f)(y), dm.gradient(g)(y))
    check(dm.jvp(f, (x,), (layout(np.ones((3, 4))),)), dm.jvp(g, (x,), (layout(np.ones((3, 4))),)))


def test_float32_stays_float32_where_the_function_keeps_it():
    f = numba.njit(lambda x: x * x[0])
    x = X.astype(np.float32)
    for way in WAYS.values():
        found = dm.jacobian(way(f))(x)
        assert found.dtype == np.float32
        assert np.allclose(found, dm.jacobian(way(f))(X), rtol=1e-6)
        assert dm.hessian(way(f))(x).dtype == np.float32


def test_writing_into_arguments():
    write = numba.njit(lambda x, out: squares(x, out))

    def uses(x):
        out = np.zeros_like(x)
        write(x, out)
        return np.sum(out * x)

    check(dm.gradient(uses)(X), 3 * X**2)
    check(dm.hessian(uses)(X), np.diag(6 * X))
    with pytest.raises(TypeError, match="is stored into an array of float64, which has no room for them"):
        dm.laplacian(uses)(X)
    with pytest.raises(TypeError, match="writes into its arguments, which is not followed here; have it return a new array"):
        dm.reverse.grad(uses)(X)


@numba.njit
def squares(x, out):
    for i in range(x.size):
        out[i] = x[i] * x[i]


def test_functions_that_change_their_argument_are_given_a_new_one_in_each_run():
    f = numba.njit(doubled_in_place)
    x = np.linspace(0.1, 1.0, 40)
    before = x.copy()
    check(dm.gradient(f)(x), 8 * x)
    check(dm.hessian(f)(x), 8 * np.eye(40))
    assert np.array_equal(x, before)


def doubled_in_place(x):
    x *= 2.0
    return np.sum(x * x)


def test_declared_types_and_parallel_loops():
    for f in (numba.njit("float64(float64[:])")(energy), numba.njit(parallel=True)(lambda x: np.sum(x * x) * x[0])):
        check(dm.gradient(f)(X), dm.gradient(f.py_func)(X))


def test_errors_of_the_program_come_out():
    def fails(x):
        if x[0] > 0.1:
            raise ValueError("too large")
        return x

    f = numba.njit(fails)
    for call in (lambda: dm.jacobian(f)(X), lambda: dm.jacobian(lambda x: f(x))(X), lambda: dm.jvp(f, (X,), (V,))):
        with pytest.raises(ValueError, match="too large"):
            call()


def weighted(x, a):
    s = 0.0 * x[0]
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            s += a[i, j] * x[i] ** 2
    return s


compiled_weighted = numba.njit(weighted)


def test_constants_that_lie_otherwise_in_memory_are_other_types():
    x, a = np.arange(1.0, 4.0), np.arange(36.0).reshape(6, 6)
    for constant in (a[:3, :3].copy("F"), a[::2, ::2], a[:3, :3].T, a[:3, :3].copy()):
        np.testing.assert_allclose(dm.gradient(compiled_weighted)(x, constant), 2 * x * constant.sum(1), rtol=1e-14)


def test_constants_that_must_not_be_written_to_are_not():
    @numba.njit
    def writing(x, a):
        a[0] = 7.0
        return x[0] * a[0]

    a = np.zeros(2)
    assert dm.gradient(writing)(X, a)[0] == a[0] == 7.0
    a.flags.writeable = False
    with pytest.raises(TypeError):
        dm.gradient(writing)(X, a)


@pytest.mark.parametrize("transform", [dm.gradient, dm.hessian])
def test_numbers_in_the_other_order_of_bytes(transform):
    swapped = X.astype(X.dtype.newbyteorder())
    np.testing.assert_array_equal(transform(compiled_energy)(swapped), transform(compiled_energy)(X))


def mixed(x, a, s, y):
    return s * x[0] * a[1] + y[:3] * s * s + a[:, 0].sum()


compiled_mixed = numba.njit(mixed)
MATRIX = np.arange(1.0, 10.0).reshape(3, 3)


@pytest.mark.parametrize("a", [MATRIX, MATRIX.copy("F"), np.repeat(MATRIX, 2, axis=1)[:, ::2]])
@pytest.mark.parametrize("s", [0.7, np.float64(0.7), 2, np.array(0.7)])
@pytest.mark.parametrize("y", [X, np.repeat(X, 3)[::3], X.astype(np.float32)])
def test_arguments_of_all_kinds_are_differentiated_together(a, s, y):
    primals = X, a, s, y
    tangents = V, a[::-1] * 0.1, 0.3 * s, U.astype(y.dtype)
    amid = [dm.jvp(lambda *args, f=f: f(*args) * 1.0, primals, tangents) for f in (mixed, compiled_mixed)]
    for got, wanted in zip((*dm.jvp(compiled_mixed, primals, tangents), *amid[1]), amid[0] * 2, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6 if y.dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("argnums", [0, 1, 2, 3, (0, 2), (3, 1), (0, 1, 2, 3)])
def test_arguments_that_are_chosen_to_differentiate_by(argnums):
    got, wanted = (dm.jacobian(f, argnums=argnums)(X, MATRIX, 0.7, V) for f in (compiled_mixed, mixed))
    for g, w in zip(flatten(got)[0], flatten(wanted)[0], strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-14)


def test_what_a_function_writes_into_an_argument_is_seen_by_the_caller():
    @numba.njit
    def scaled(x, c):
        for i in range(x.size):
            x[i] *= c
        return x[0]

    def caller(x):
        y = x * x
        return scaled(y, 3.0) + y.sum()

    np.testing.assert_allclose(dm.gradient(caller)(X), 6 * X + 6 * X * (np.arange(4) == 0), rtol=1e-14)


@numba.njit
def waves(x):
    out = np.empty((3, x.size), x.dtype)
    for i in range(x.size):
        out[0, i] = np.sin(x[i])
        out[1, i] = math.cos(x[i])
        out[2, i] = np.tan(x[i])
    return out


@pytest.mark.parametrize("n", [1, 5])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_angles_beyond_what_vectorised_code_takes_are_right(n, dtype):
    angles = np.array([0.0, 1e5, -1.00001e5, 3e7, 1e13, -2e15, 1e30, np.inf, -np.inf, np.nan], dtype)
    with np.errstate(invalid="ignore"):
        sine, cosine = np.sin(angles.astype(float)), np.cos(angles.astype(float))
    values, jacobian = dm.value_and_jacobian(lambda p: waves(angles + p[0]))(np.zeros(n, dtype))
    tolerance = 8 * np.finfo(dtype).eps
    for got, wanted in zip((*values[:2], *jacobian[..., 0]), (sine, cosine, cosine, -sine, 1 / cosine**2), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=tolerance)
