"""Every public callable of NumPy is classified: by a rule, as a constructor, or as none of dualmc's business, with the reason."""

import warnings

import numpy as np
import pytest

import dualmc as dm
from dualmc.arrays.creation import CREATION
from dualmc.rules import RULES
from dualmc.rules.census import UNTOUCHED, UNTOUCHED_METHODS
from dualmc.rules.rule import Refused

MODULES = {"numpy": np, "numpy.linalg": np.linalg, "numpy.fft": np.fft, "numpy.polynomial.polynomial": np.polynomial.polynomial}
REASONS = {name: why for why, names in UNTOUCHED.items() for name in names}


def public(module):
    """Functions and ufuncs that a module exports; classes and exceptions are not called on arrays."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {k: getattr(module, k, None) for k in getattr(module, "__all__", dir(module))}
    return {k: v for k, v in found.items() if callable(v) and not isinstance(v, type)}


CALLABLES = [
    pytest.param("polynomial." * ("polynomial" in m) + name, f, id=f"{m}.{name}")
    for m, module in MODULES.items()
    for name, f in sorted(public(module).items())
]


@pytest.mark.parametrize(("name", "func"), CALLABLES)
def test_every_function_is_classified(name, func):
    assert func in RULES or func in CREATION or name in REASONS, f"{name} has no rule; add one, or say in rules/census.py why not"


@pytest.mark.parametrize("name", [n for n in dir(np.ndarray) if n not in dir(object)])
def test_every_method_is_classified(name):
    reasons = {n for names in UNTOUCHED_METHODS.values() for n in names}
    assert hasattr(dm.Dual, name) or name in reasons


def test_the_untouched_are_not_also_ruled():
    every = public(np) | public(np.fft)
    assert not [n for n in REASONS if n in every and (every[n] in RULES or every[n] in CREATION)]


@pytest.mark.parametrize("func", [f for f, r in RULES.items() if isinstance(r, Refused)], ids=lambda f: f.__name__)
def test_refusals_say_what_to_do(func):
    with pytest.raises(TypeError, match=r"of a Dual: .*(use|save|take|pickle)"):
        dm.Dual(np.ones(2), np.ones(2)).__array_function__(func, (dm.Dual,), (dm.Dual(np.ones(2), np.ones(2)),), {})


@pytest.mark.parametrize("name", ["polyval"])
def test_python_code_of_numpy_runs_on_a_dual(name):
    f, c, x = getattr(np.polynomial.polynomial, name), [1.0, 2.0, 3.0], np.array([0.5, -1.0])
    got = dm.jvp(lambda x: f(x, c), (x,), (np.ones(2),))[1]
    h = 1e-6
    np.testing.assert_allclose(got, (f(x + h, c) - f(x - h, c)) / (2 * h), rtol=1e-8)


def test_what_raises_for_a_dual_raises_loudly():
    """NumPy converts the argument of functions that it does not offer; the conversion raises instead of dropping the tangent."""
    x = dm.Dual(np.arange(1.0, 4), np.ones(3))
    module = np.polynomial.polynomial
    for name in ("polyfromroots", "polyroots", "polycompanion", "polytrim"):
        with pytest.raises(TypeError, match="lose the tangent"):
            getattr(module, name)(x)
    with pytest.raises(TypeError, match="lose the tangent"):
        np.asarray_chkfinite(x)
