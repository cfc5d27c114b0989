"""The law of structured tangents: a sparse Jacobian is the dense one, and holds every entry that is not zero."""

import math

import numpy as np
import pytest

import dualmc as dm
from dualmc.testing.calls import flat
from dualmc.testing.report import tolerance


def inexact(f):
    """f with its floating results only, as a flat tuple."""
    return lambda *xs: tuple(r for r in flat(f(*xs)) if np.asarray(dm.primal(r)).dtype.kind in "fc")


def dense_matrices(f, xs):
    """Return the Jacobian of each result by each input as a matrix, from dense directions."""
    rows = dm.jacobian(f, argnums=tuple(range(len(xs))), strategy="dense")(*map(np.copy, xs))
    return [[np.reshape(j, (math.prod(j.shape[: j.ndim - x.ndim]), x.size)) for j, x in zip(row, xs, strict=True)] for row in rows]


def close(a, b, condition=16.0, eps=0.0):
    """Check that a is b to the rounding, not less than eps, of entries as large as the largest of b, and nan where b is."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    if a.size:
        finite = np.isfinite(b)
        np.testing.assert_array_equal(np.where(finite, 0, a), np.where(finite, 0, b))
        size = np.abs(b[finite]).max(initial=1.0)
        error = np.abs(a - b)[finite].max(initial=0.0)
        assert error <= max(tolerance(b.dtype), 64 * eps) * condition * size, f"off by {error}:\n{a}\nis not\n{b}"


def check(f, xs, condition=16.0):
    """Check sparse Jacobians of f at xs against dense ones, and return the sparse ones."""
    f = inexact(f)
    argnums = tuple(range(len(xs)))
    eps = max(float(np.finfo(x.dtype).eps) for x in xs)
    expected_values = dm.jvp(f, tuple(map(np.copy, xs)), tuple(map(np.zeros_like, xs)))[0]
    truth = dense_matrices(f, xs)
    values, found = dm.value_and_sparse_jacobian(f, argnums=argnums)(*map(np.copy, xs))
    for value, expected in zip(values, expected_values, strict=True):
        close(value, expected, condition, eps)
    for row, expected in zip(found, truth, strict=True):
        for j, a in zip(row, expected, strict=True):
            assert j.has_canonical_format
            assert j.dtype == a.dtype
            close(j.toarray(), a, condition, eps)
            assert not np.setdiff1d(np.flatnonzero(a), places(j)).size
    check_prepared(f, xs, found, condition, eps)
    return found


def check_prepared(f, xs, expected, condition, eps):
    """Check that an evaluator which has seen other points finds the same; the evaluations after the first may follow its steps."""
    prepared = dm.sparse_jacobian(f, argnums=tuple(range(len(xs))), prepare=True, strategy="structured")
    for scale in (0.999, 1.0):
        with np.errstate(all="ignore"):
            found = prepared(*[x * x.dtype.type(scale) for x in xs])
    for row, others in zip(found, expected, strict=True):
        for j, other in zip(row, others, strict=True):
            close(j.toarray(), other.toarray(), condition, eps)


def places(j):
    """Return the numbers of the entries that a sparse matrix holds."""
    rows = np.repeat(np.arange(j.shape[0]), np.diff(j.indptr))
    return rows * j.shape[1] + j.indices


def check_error(error, match, call):
    """Check that a call raises, and what it says."""
    with pytest.raises(error, match=match):
        call()
