"""The transforms: structures, options, chunks, and one clear error for each kind of bad input."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualmc as dm
from dualmc import passes
from dualmc.boundary import Call

from .laws import same


class State(NamedTuple):
    position: np.ndarray
    velocity: np.ndarray


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    g = np.zeros_like(x)
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    g[:-1] -= 400 * x[:-1] * (x[1:] - x[:-1] ** 2) + 2 * (1 - x[:-1])
    return g


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.longdouble])
@pytest.mark.parametrize("x", [np.arange(6.0).reshape(2, 3).T, np.ones(()), np.empty((0, 3)), np.arange(8.0)[::2]])
def test_a_call_with_one_array_is_a_call_with_any_arguments(x, dtype):
    x, f = x.astype(dtype), lambda a, y: y
    short, general = Call("f", f, 1, (None, x), {}), Call("f", f, (1,), (None, x), {})
    for name in Call.__slots__:
        if name not in ("single", "leaves"):
            assert getattr(short, name) == getattr(general, name)
    (a,), (b,) = short.leaves, general.leaves
    same(a, b)
    assert a.strides == b.strides
    assert not np.may_share_memory(a, x)
    assert (short.single, general.single) == (True, False)


class TestValues:
    x = np.linspace(-1.2, 1.5, 11)

    def test_gradient_has_its_closed_form(self):
        np.testing.assert_allclose(dm.gradient(rosenbrock)(self.x), rosenbrock_gradient(self.x), rtol=1e-13)

    def test_jacobian_is_the_identity_of_the_identity(self):
        x = np.ones((2, 3))
        np.testing.assert_array_equal(dm.jacobian(lambda x: x)(x), np.eye(6).reshape(2, 3, 2, 3))

    def test_jacobian_columns_are_jvps(self):
        def f(x):
            return np.outer(np.sin(x), x[:3] ** 2)

        jac = dm.jacobian(f)(self.x)
        for k, e in enumerate(np.eye(11)):
            value, tangent = dm.jvp(f, (self.x,), (e,))
            np.testing.assert_array_equal(jac[..., k], tangent)
            np.testing.assert_array_equal(value, f(self.x))

    def test_linearize_is_linear(self):
        value, push = dm.linearize(lambda x, y: np.sin(x) * y, self.x, 2.0)
        np.testing.assert_array_equal(value, np.sin(self.x) * 2.0)
        v = np.ones(11)
        np.testing.assert_allclose(push(3 * v, -1.0), 3 * push(v, 0.0) - push(0 * v, 1.0), rtol=1e-14, atol=1e-14)

    def test_linearize_keeps_its_point(self):
        x = self.x.copy()
        _, push = dm.linearize(np.square, x)
        x[:] = 0
        np.testing.assert_array_equal(push(np.ones(11)), 2 * self.x)

    @pytest.mark.parametrize("with_value", [dm.value_and_gradient, dm.value_and_jacobian])
    def test_values_come_along(self, with_value):
        value, g = with_value(rosenbrock)(self.x)
        assert value == rosenbrock(self.x)
        np.testing.assert_allclose(g, rosenbrock_gradient(self.x), rtol=1e-13)

    def test_value_and_derivative(self):
        assert dm.value_and_derivative(lambda x: x**3)(2.0) == (8.0, 12.0)
        value, d = dm.value_and_derivative(lambda t: np.stack([np.cos(t), np.sin(t)]))(0.3)
        np.testing.assert_allclose(value, [np.cos(0.3), np.sin(0.3)])
        np.testing.assert_allclose(d, [-np.sin(0.3), np.cos(0.3)])

    def test_constants_have_zero_derivatives(self):
        assert dm.derivative(lambda x: 3.0)(2.0) == 0.0
        np.testing.assert_array_equal(dm.gradient(lambda x: 1)(np.ones(3)), np.zeros(3))
        np.testing.assert_array_equal(dm.jacobian(lambda x: np.arange(2))(np.ones(3)), np.zeros((2, 3)))
        assert dm.jvp(lambda x: np.floor(x), (1.5,), (1.0,)) == (1.0, 0.0)

    def test_holomorphic(self):
        z = np.array([1 + 2j, 0.5 - 1j])
        np.testing.assert_allclose(dm.jacobian(lambda z: z**2, holomorphic=True)(z), np.diag(2 * z))
        assert dm.derivative(np.exp, holomorphic=True)(1j) == pytest.approx(np.exp(1j))

    def test_complex_output_of_real_input(self):
        jac = dm.jacobian(lambda x: np.exp(1j * x))(np.array([0.3, 0.4]))
        np.testing.assert_allclose(jac, np.diag(1j * np.exp(1j * np.array([0.3, 0.4]))))


class TestStructures:
    def test_inputs_and_outputs(self):
        def f(p):
            return {"sum": p["a"].sum() + p["b"][0], "list": [p["a"] * p["b"][0], (p["b"][1] ** 2,)]}

        p = {"a": np.array([1.0, 2.0]), "b": (3.0, np.ones((2, 2)))}
        jac = dm.jacobian(f)(p)
        np.testing.assert_array_equal(jac["sum"]["a"], [1, 1])
        assert jac["sum"]["b"][0] == 1
        np.testing.assert_array_equal(jac["list"][0]["a"], 3 * np.eye(2))
        np.testing.assert_array_equal(jac["list"][0]["b"][0], [1, 2])
        np.testing.assert_array_equal(jac["list"][1][0]["b"][1], 2 * np.eye(4).reshape(2, 2, 2, 2))
        assert jac["list"][1][0]["a"].shape == (2, 2, 2)

    def test_named_tuples_keep_their_type(self):
        s = State(np.ones(2), np.array([1.0, 2.0]))
        value, tangent = dm.jvp(lambda s: s._replace(position=s.position * s.velocity), (s,), (State(np.ones(2), np.zeros(2)),))
        assert type(value) is type(tangent) is State
        np.testing.assert_array_equal(tangent.position, [1, 2])
        g = dm.gradient(lambda s: np.sum(s.position * s.velocity))(s)
        assert type(g) is State
        np.testing.assert_array_equal(g.velocity, np.ones(2))

    def test_dict_tangents_match_by_key(self):
        p, v = {"a": 1.0, "b": 2.0}, {"b": 1.0, "a": 0.0}
        assert dm.jvp(lambda p: p["a"] * p["b"] ** 2, (p,), (v,)) == (4.0, 4.0)

    def test_registered_containers_by_optree(self):
        pytest.importorskip("optree")
        from collections import deque

        g = dm.gradient(lambda q: q[0] * q[1])(deque([2.0, 3.0]))
        assert type(g) is deque
        assert list(g) == [3.0, 2.0]

    def test_ordered_dicts(self):
        g = dm.gradient(lambda p: p["b"] * p["a"])(OrderedDict(b=2.0, a=3.0))
        assert g == {"b": 3.0, "a": 2.0}
        assert list(g) == ["b", "a"]

    def test_empty_containers(self):
        value, tangent = dm.jvp(lambda x, empty: (x, empty), (1.0, ()), (1.0, ()))
        assert value == (1.0, ())
        assert tangent == (1.0, ())


class TestOptions:
    def test_argnums(self):
        def f(x, y, scale=1.0):
            return scale * np.sum(x * y**2)

        x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
        np.testing.assert_array_equal(dm.gradient(f)(x, y), y**2)
        np.testing.assert_array_equal(dm.gradient(f, argnums=1)(x, y), 2 * x * y)
        np.testing.assert_array_equal(dm.gradient(f, argnums=-1)(x, y), 2 * x * y)
        both = dm.gradient(f, argnums=(1, 0))(x, y, scale=2.0)
        assert type(both) is tuple
        np.testing.assert_array_equal(both[0], 4 * x * y)
        np.testing.assert_array_equal(both[1], 2 * y**2)
        assert dm.derivative(lambda a, b: a * b**2, argnums=(0, 1))(2.0, 3.0) == (9.0, 12.0)

    def test_has_aux(self):
        def f(x):
            return np.sum(x**2), {"twice": 2 * x, "name": "aux"}

        x = np.array([1.0, 2.0])
        g, aux = dm.gradient(f, has_aux=True)(x)
        np.testing.assert_array_equal(g, 2 * x)
        assert aux["name"] == "aux"
        assert type(aux["twice"]) is np.ndarray
        (value, aux), g = dm.value_and_gradient(f, has_aux=True)(x)
        assert value == 5.0
        (value, aux), jac = dm.value_and_jacobian(f, has_aux=True, chunk_size=1)(x)
        np.testing.assert_array_equal(jac, 2 * x)
        value, tangent, aux = dm.jvp(f, (x,), (x,), has_aux=True)
        assert tangent == 10.0

    @settings(max_examples=30, deadline=None)
    @given(chunk=st.integers(1, 12), sizes=st.lists(st.integers(0, 4), min_size=1, max_size=3))
    def test_chunks_do_not_change_the_result(self, chunk, sizes):
        rng = np.random.default_rng(0)
        xs = tuple(rng.normal(size=n) for n in sizes)

        def f(*xs):
            y = np.concatenate([np.sin(x) for x in xs])
            return np.outer(y, y) * 2

        every = tuple(range(len(xs)))
        for a, b in zip(dm.jacobian(f, argnums=every)(*xs), dm.jacobian(f, argnums=every, chunk_size=chunk)(*xs), strict=True):
            np.testing.assert_array_equal(a, b)

    def test_chunks_are_bounded_by_memory(self):
        """A gradient with 100,000 inputs never holds more than a few blocks of CHUNK_BYTES."""
        n, seen = 100_000, []

        class EnoughError(Exception):
            pass

        def f(x):
            seen.append(dm.tangent(x).nbytes)
            raise EnoughError

        with pytest.raises(EnoughError):
            dm.gradient(f)(np.ones(n))
        assert max(seen) <= max(passes.CHUNK_BYTES, 8 * n)

    def test_a_transform_keeps_the_name_of_its_function(self):
        assert dm.gradient(rosenbrock).__name__ == "rosenbrock"


class TestDtypes:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
    def test_precision_is_kept(self, dtype):
        x = np.array([1, 2, 3], dtype)
        value, tangent = dm.jvp(lambda x: np.sin(x) * x + 2, (x,), (np.ones(3),))
        assert value.dtype == tangent.dtype == dtype
        assert dm.jacobian(lambda x: x**2 / 3)(x).dtype == dtype

    @pytest.mark.parametrize("x", [3, np.int32(3), True, np.array(3), np.array([1, 2]), np.array([True])])
    def test_integers_become_float64(self, x):
        value, tangent = dm.jvp(lambda x: x * x, (x,), (np.ones(np.shape(x)),))
        assert value.dtype == tangent.dtype == np.float64
        np.testing.assert_array_equal(tangent, 2.0 * np.asarray(x))

    @pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
    def test_empty_arrays(self, shape):
        x = np.zeros(shape)
        assert dm.jacobian(np.sin)(x).shape == shape + shape
        assert dm.gradient(np.sum)(x).shape == shape
        assert dm.jacobian(lambda x: np.sum(x) + np.ones(4))(x).shape == (4, *shape)

    def test_zero_dimensional_arrays(self):
        g = dm.gradient(lambda x: x * x)(np.array(3.0))
        assert g.shape == ()
        assert g == 6.0


class TestBadInput:
    x = np.ones(3)

    def check(self, error, match, call):
        with pytest.raises(error, match=match):
            call()

    def test_tangents(self):
        f, x = np.sin, self.x
        self.check(ValueError, r"tangents must have one entry for each of the 1 primals; got 2", lambda: dm.jvp(f, (x,), (x, x)))
        self.check(
            ValueError, r"tangents\[0\] must have the shape of primals\[0\], \(3,\); got \(4,\)", lambda: dm.jvp(f, (x,), (np.ones(4),))
        )
        self.check(ValueError, r"got \(1, 3\)", lambda: dm.jvp(f, (x,), (np.ones((1, 3)),)))
        self.check(TypeError, r"tangents\[0\] must be real like primals\[0\]", lambda: dm.jvp(f, (x,), (1j * x,)))
        self.check(TypeError, r"primals must be a tuple", lambda: dm.jvp(f, x, x))
        self.check(TypeError, r"tangents must be a tuple", lambda: dm.jvp(f, (x,), x))
        self.check(TypeError, r"tangents\[0\] must have the structure of primals\[0\]: a list", lambda: dm.jvp(f, ([x, x],), ((x, x),)))
        self.check(ValueError, r"entries \['a'\], got \['b'\]", lambda: dm.jvp(f, ({"a": x},), ({"b": x},)))
        self.check(TypeError, r"tangents\[0\] is a tuple, but primals\[0\] is an array", lambda: dm.jvp(f, (x,), ((x,),)))
        self.check(TypeError, r"tangents\[0\] must be a number", lambda: dm.jvp(f, (x,), ("no",)))
        self.check(TypeError, r"tangents\[0\] must be a number, .* got NoneType", lambda: dm.jvp(f, (x,), (None,)))

    @pytest.mark.parametrize("bad", ["text", b"bytes", None, object()], ids=str)
    def test_inputs_that_are_not_numbers(self, bad):
        self.check(TypeError, r"jvp: primals\[0\] must be a number, an array", lambda: dm.jvp(np.sin, (bad,), (1.0,)))
        self.check(TypeError, r"jacobian: argument 0 must be a number, an array", lambda: dm.jacobian(np.sin)(bad))
        self.check(TypeError, r"gradient: argument 1\['w'\] must be", lambda: dm.gradient(lambda x, p: x, argnums=1)(1.0, {"w": bad}))

    @pytest.mark.parametrize("dtype", [object, "U3", "M8[s]", "V4"])
    def test_arrays_that_are_not_numbers(self, dtype):
        x = np.zeros(3, dtype)
        self.check(TypeError, r"argument 0 must be an array of numbers; got dtype", lambda: dm.jacobian(np.sin)(x))
        self.check(TypeError, "arrays of numbers", lambda: dm.Dual(x, self.x))

    @pytest.mark.parametrize("result", ["text", None, object(), {"a": None}, np.array(["a"])], ids=str)
    def test_outputs_that_are_not_numbers(self, result):
        for call in (
            lambda: dm.jvp(lambda x: result, (self.x,), (self.x,)),
            lambda: dm.jacobian(lambda x: result)(self.x),
            lambda: dm.derivative(lambda x: result)(1.0),
        ):
            self.check(TypeError, r"the result of <lambda>.* must be a number, an array", call)

    def test_an_object_array_of_duals(self):
        def f(x):
            y = np.empty(2, object)
            y[:] = [x[0], x[1]]
            return y

        self.check(TypeError, r"np.stack", lambda: dm.jacobian(f)(self.x))

    def test_complex_input(self):
        z = np.ones(2) * 1j
        self.check(TypeError, r"jacobian: .* complex128; .*holomorphic=True", lambda: dm.jacobian(np.sin)(z))
        self.check(TypeError, r"derivative: .*holomorphic=True", lambda: dm.derivative(np.sin)(1j))
        self.check(TypeError, r"gradient: .* real and imaginary part", lambda: dm.gradient(lambda z: np.sum(np.abs(z)))(z))
        self.check(TypeError, r"holomorphic=True needs complex inputs", lambda: dm.jacobian(np.sin, holomorphic=True)(self.x))

    def test_gradient_needs_a_scalar(self):
        self.check(TypeError, r"must return one real number, got shape \(3,\)", lambda: dm.gradient(np.sin)(self.x))
        self.check(TypeError, r"must return one real number, got a tuple", lambda: dm.gradient(lambda x: (x[0], x[1]))(self.x))
        self.check(TypeError, r"complex128", lambda: dm.gradient(lambda x: x[0] * 1j)(self.x))

    def test_derivative_needs_a_number(self):
        self.check(
            TypeError, r"derivative: the input must be one number, got shape \(3,\); use dm.jacobian", lambda: dm.derivative(np.sin)(self.x)
        )

        self.check(TypeError, r"derivative: the input must be one number, got an empty container", lambda: dm.derivative(lambda p: 1.0)(()))

    def test_options(self):
        x = self.x
        self.check(ValueError, r"argnums=1 does not fit a call with 1 positional", lambda: dm.jacobian(np.sin, argnums=1)(x))
        self.check(ValueError, r"names an argument twice", lambda: dm.jacobian(np.add, argnums=(0, -2))(x, x))
        self.check(TypeError, r"argnums must be an int or a tuple of ints", lambda: dm.jacobian(np.sin, argnums="x")(x))
        self.check(TypeError, r"argnums must be an int or a tuple of ints", lambda: dm.jacobian(np.sin, argnums=())(x))
        for bad in (0, -1, 2.5, True):
            self.check(ValueError, r"chunk_size must be a positive integer", lambda bad=bad: dm.jacobian(np.sin, chunk_size=bad)(x))
        self.check(TypeError, r"must return \(output, aux\)", lambda: dm.gradient(np.sum, has_aux=True)(x))
        self.check(TypeError, r"f must be a function, got ndarray", lambda: dm.jacobian(x))

    def test_no_arguments(self):
        self.check(ValueError, r"argnums=0 does not fit a call with 0", lambda: dm.gradient(lambda: 1.0)())

    def test_hand_made_duals(self):
        self.check(ValueError, r"tangent must have shape \(\*directions, \*\(3,\)\), got \(2,\)", lambda: dm.Dual(np.ones(3), np.ones(2)))
        self.check(TypeError, r"must be real", lambda: dm.Dual(np.ones(3), 1j * np.ones(3)))


class TestDefrule:
    def test_a_ufunc(self):
        cube = np.frompyfunc(lambda x: x**3, 1, 1)
        self_made = dm.defrule(cube, d=[lambda ans, x: 3 * x**2])
        assert self_made is cube
        with pytest.raises(ValueError, match="has a rule already; pass replace=True"):
            dm.defrule(cube, d=[dm.ONE])
        dm.defrule(cube, d=[lambda ans, x: 3 * x * x], replace=True)

    def test_a_python_function_at_every_order(self):
        calls = []

        def outside(x, k):
            calls.append(type(x))
            return np.asarray([v**k for v in np.asarray(x).ravel().tolist()]).reshape(np.shape(x))

        f = dm.defrule(outside, d=[lambda ans, x, k: k * f(x, k - 1), dm.ZERO])
        x = np.array([1.0, 2.0])
        np.testing.assert_allclose(dm.jacobian(lambda x: f(x, 3))(x), np.diag(3 * x**2))
        np.testing.assert_allclose(dm.jacobian(dm.jacobian(lambda x: f(x, 3)))(x)[[0, 1], [0, 1], [0, 1]], 6 * x)
        assert dm.Dual not in calls
        np.testing.assert_array_equal(f(x, 2), x**2)

    def test_a_linear_function(self):
        m = np.array([[1.0, 2.0], [0.0, 1.0]])

        def apply(x):
            return m @ x

        def op(shape):
            return dm.LinearOp((2,), (2,), lambda x: x @ m.T, lambda c: c @ m)

        f = dm.defrule(apply, linear=op)
        np.testing.assert_array_equal(dm.jacobian(f)(np.ones(2)), m)

    def test_a_composed_function(self):
        f = dm.defrule(lambda x: np.asarray(x) ** 2, composed=lambda x: x * x)
        assert dm.derivative(f)(3.0) == 6.0

    def test_a_constant_function(self):
        f = dm.defrule(lambda x: np.asarray(x) // 1, constant=True)
        assert dm.derivative(lambda x: f(x) * x)(3.5) == 3.0

    def test_bad_rules(self):
        with pytest.raises(TypeError, match="exactly one"):
            dm.defrule(lambda x: x)
        with pytest.raises(TypeError, match="exactly one of .* got d, constant"):
            dm.defrule(lambda x: x, d=[dm.ONE], constant=True)
        with pytest.raises(TypeError, match="callable"):
            dm.defrule(3, d=[dm.ONE])
        with pytest.raises(ValueError, match="dd must have 3 entries"):
            dm.defrule(lambda x, y: x, d=[dm.ONE, dm.ZERO], dd=[dm.ZERO])
        with pytest.raises(TypeError, match="a partial is a function or dm.ZERO"):
            dm.defrule(lambda x: x, d=[1.0])
        with pytest.raises(ValueError, match="comes with dualmc and stays"):
            dm.defrule(np.sin, d=[dm.ONE], replace=True)

    def test_the_wrong_number_of_partials(self):
        with pytest.raises(ValueError, match="d has 1 partials, .* 2 inputs"):
            dm.defrule(np.frompyfunc(lambda x, y: x, 2, 1), d=[dm.ONE])


class TestRepr:
    def test_primal_and_tangent_are_shown(self):
        assert repr(dm.Dual(2.0, 1.0)) == "Dual(primal=array(2.), tangent=array(1.))"
        text = repr(dm.Dual(np.ones((2, 2)), np.zeros((2, 2))))
        assert text.startswith("Dual(primal=array([[1., 1.],\n")
        assert "tangent=array([[0., 0.]," in text
        assert [line.index("[") for line in text.splitlines()] == [18, 19, 19, 20]

    def test_accessors(self):
        x = dm.Dual([1.0, 2.0], [3.0, 4.0])
        np.testing.assert_array_equal(dm.primal(x), [1, 2])
        np.testing.assert_array_equal(dm.tangent(x), [3, 4])
        np.testing.assert_array_equal(dm.tangent(np.ones(3)), np.zeros(3))
        np.testing.assert_array_equal(dm.primal([1, 2]), [1, 2])
