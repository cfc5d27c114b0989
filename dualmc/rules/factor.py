"""A matrix that is factored once and solved with many times; SciPy's LAPACK where it is installed and pays."""

import functools
import importlib
import math
from typing import Any

import numpy as np
from numpy import ndarray

from .._typing import Array
from ..linear_op import LinearOp

_LARGE = 48  # bench/bench_linalg.py: below, a second factorisation costs less than a call, and SciPy's import much more


def adjoint(x: Array) -> Array:
    """Return the conjugate transpose of the last two axes; ndarray.conj does not copy real values."""
    return np.swapaxes(x, -1, -2).conj()


@functools.cache
def _loaded(names: tuple[str, ...], dtype: Any) -> Any:
    """Return routines of SciPy's LAPACK and BLAS, or None; the only place of the rules that loads SciPy's linear algebra."""
    try:
        scipy = importlib.import_module("scipy.linalg")
    except ImportError:
        return None
    like = (np.zeros(1, dtype),)
    return [(scipy.get_blas_funcs if name == "trmm" else scipy.get_lapack_funcs)((name,), like)[0] for name in names]


def routines(a: Array, *names: str) -> Any:
    """Return LAPACK routines for one large plain matrix, or None where NumPy has to do."""
    if type(a) is not ndarray or a.ndim != 2 or len(a) < _LARGE or a.dtype.char not in "fdFD":
        return None
    return _loaded(names, a.dtype)


class Factored:
    """
    Square matrices of shape (*batch, n, n) to solve with.

    One large matrix is factored here, and every solution uses the factors. Otherwise each call of `columns` is one
    call of np.linalg.solve with all right-hand sides.
    """

    def __init__(self, a: Array) -> None:
        self.a, self.factors = a, None
        found = routines(a, "getrf", "getrs") if a.ndim == 2 and a.shape[0] == a.shape[1] else None
        if found is not None:
            getrf, self.getrs = found
            lu, pivots, info = getrf(a)
            if info > 0:
                raise np.linalg.LinAlgError("Singular matrix")
            self.factors = lu, pivots

    def columns(self, v: Array, *, transposed: bool = False) -> Array:
        """Return a⁻¹v, or the inverse of the adjoint times v, for v of shape (*batch, n, r)."""
        if self.factors is None:
            return np.linalg.solve(adjoint(self.a) if transposed else self.a, v)
        push = getattr(v, "_push_linear", None)
        if push is not None:  # a plain matrix solves for each part of a Dual alike
            return push(LinearOp(v.shape, v.shape, functools.partial(self.many, transposed=transposed), lambda c: c))
        dtype = np.result_type(self.a, v)
        if dtype != self.a.dtype:
            parts = [self.columns(p, transposed=transposed) for p in (v.real, v.imag)]
            return parts[0] + 1j * parts[1]
        x, _ = self.getrs(*self.factors, v, trans=2 * transposed)
        return np.ascontiguousarray(x)

    def many(self, v: Array, *, transposed: bool = False) -> Array:
        """Return the solutions for v of shape (*lead, *batch, n, r): the leading axes become columns."""
        batch, (n, r) = self.a.shape[:-2], v.shape[-2:]
        lead = v.shape[: v.ndim - 2 - len(batch)]
        if not lead:
            return self.columns(v, transposed=transposed)
        if len(lead) > 1:
            return self.many(v.reshape((math.prod(lead), *v.shape[len(lead) :])), transposed=transposed).reshape(v.shape)
        rest = v.shape[1:-2]
        wide = np.moveaxis(v, 0, -1).reshape((*rest, n, r * lead[0]))
        x = self.columns(wide, transposed=transposed)
        return np.moveaxis(x.reshape((*x.shape[:-1], r, lead[0])), -1, 0)

    def vectors(self, v: Array, *, transposed: bool = False) -> Array:
        """Return the solutions for v of shape (*lead, *batch, n)."""
        return self.many(v[..., None], transposed=transposed)[..., 0]

    def inverse(self, *, transposed: bool = False) -> Array:
        """Return a⁻¹, or its transpose."""
        if self.factors is None:
            x = np.linalg.inv(self.a)
            return np.swapaxes(x, -1, -2) if transposed else x
        x, _ = self.getrs(*self.factors, np.eye(len(self.a), dtype=self.a.dtype).T, trans=not transposed, overwrite_b=True)
        return x.T  # LAPACK's order of memory: the transpose is in NumPy's

    def slogdet(self) -> Any:
        """Return sign and logarithm of |det a|."""
        if self.factors is None:
            return np.linalg.slogdet(self.a)
        lu, pivots = self.factors
        d = np.diagonal(lu)
        swaps = np.count_nonzero(pivots != np.arange(len(d)))
        size = np.abs(d)
        return (-1) ** swaps * np.prod(d / size), np.sum(np.log(size))
