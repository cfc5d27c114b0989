"""numpy.fft as linear maps: one-dimensional transforms with their adjoints, and their compositions over several axes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Function, Shape
from ..linear_op import LinearOp, lead_of, negative_axes
from .indexing import cached, zeros_as
from .linear import copy_op, roll_op
from .registry import register
from .rule import Linear

_OPPOSITE: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
"""The norm with which the transform back has the factor that the transform has with the given norm."""


# Along one axis. ---------------------------------------------------------------------------------------------


def _fitted(c: Array, axis: int, n: int) -> Array:
    """Return c with its axis cut or filled with zeros to length n: the adjoint of filling or cutting."""
    m, rest = c.shape[axis], (slice(None),) * (-axis - 1)
    if n <= m:
        return c[(..., slice(n), *rest)]
    missing = zeros_as((*lead_of(c, -axis), n - m, *c.shape[c.ndim + axis + 1 :]), c)
    return np.concatenate([c, missing], axis=axis)


def _weights(n: int, inner: float, axis: int) -> Array:
    """Return 1 for the coefficients of a real signal of length n that stand for themselves, `inner` for those that have a mirror image."""
    w = np.full(n // 2 + 1, inner)
    w[0] = 1
    if n % 2 == 0:
        w[-1] = 1
    return w.reshape(-1, *(1,) * (-axis - 1))


def _weighed(c: Array, w: Array) -> Array:
    """Return c * w in the precision of c."""
    return c * w.astype(np.finfo(c.dtype).dtype)


def _resized(shape: Shape, axis: int, n: int) -> Shape:
    at = len(shape) + axis
    return (*shape[:at], n, *shape[at + 1 :])


def _complex_op(forward: Function, back: Function) -> Callable[..., LinearOp]:
    """Return the builder of fft or ifft: the adjoint is the other one with the factor of this one."""

    @cached
    def build(shape: Shape, /, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> LinearOp:
        (axis,) = negative_axes(axis, len(shape))
        m = shape[axis]
        length = m if n is None else int(n)

        def transpose(c: Array) -> Array:
            return _fitted(back(c, length, axis, _OPPOSITE[norm]), axis, m)

        return LinearOp(shape, _resized(shape, axis, length), lambda x: forward(x, length, axis, norm), transpose)

    return build


fft_op, ifft_op = _complex_op(np.fft.fft, np.fft.ifft), _complex_op(np.fft.ifft, np.fft.fft)


@cached
def rfft_op(shape: Shape, /, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> LinearOp:
    """Return the map of rfft; its adjoint is irfft with half of each coefficient that irfft takes twice."""
    (axis,) = negative_axes(axis, len(shape))
    m = shape[axis]
    length = m if n is None else int(n)
    half = _weights(length, 0.5, axis)

    def transpose(c: Array) -> Array:
        return _fitted(np.fft.irfft(_weighed(c, half), length, axis, _OPPOSITE[norm]), axis, m)

    return LinearOp(shape, _resized(shape, axis, length // 2 + 1), lambda x: np.fft.rfft(x, length, axis, norm), transpose)


@cached
def irfft_op(shape: Shape, /, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> LinearOp:
    """Return the map of irfft, linear over the reals; its adjoint is rfft with the coefficients doubled that irfft takes twice."""
    (axis,) = negative_axes(axis, len(shape))
    m = shape[axis]
    length = 2 * (m - 1) if n is None else int(n)
    double = _weights(length, 2.0, axis)

    def transpose(c: Array) -> Array:
        return _fitted(_weighed(np.fft.rfft(np.real(c), length, axis, _OPPOSITE[norm]), double), axis, m)

    return LinearOp(shape, _resized(shape, axis, length), lambda x: np.fft.irfft(x, length, axis, norm), transpose)


def _conjugated(shape: Shape) -> LinearOp:
    return LinearOp(shape, shape, np.conjugate, np.conjugate, key="conj")


def hfft_op(shape: Shape, /, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> LinearOp:
    """Return the map of hfft: irfft of the conjugate with the factor of a forward transform."""
    return _conjugated(shape).then(irfft_op(shape, n, axis, _OPPOSITE[norm]))


def ihfft_op(shape: Shape, /, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> LinearOp:
    """Return the map of ihfft: the conjugate of rfft with the factor of a backward transform."""
    op = rfft_op(shape, n, axis, _OPPOSITE[norm])
    return op.then(_conjugated(op.shape_out))


# Over several axes: one after the other, in the order that NumPy takes. --------------------------------------


def _lengths(shape: Shape, s: Any, axes: Any) -> list[tuple[Any, int]]:
    """Return pairs of length and axis; -1 keeps the length, None leaves it to the transform."""
    if axes is None:
        axes = range(-len(shape if s is None else s), 0)
    return [(shape[a] if n == -1 else n, a) for n, a in zip([None] * len(axes) if s is None else s, axes, strict=True)]


def _in_turn(shape: Shape, steps: Sequence[tuple[Callable[..., LinearOp], Any, int]], norm: Any) -> LinearOp:
    total: LinearOp | None = None
    for build, n, axis in steps:
        op = build(shape if total is None else total.shape_out, n, axis, norm)
        total = op if total is None else total.then(op)
    return copy_op(shape) if total is None else total


def _several(one: Callable[..., LinearOp], default_axes: Any = None) -> Callable[..., LinearOp]:
    """Return the builder of a complex transform over several axes, the last one first."""

    @cached
    def build(shape: Shape, /, s: Any = None, axes: Any = default_axes, norm: Any = None, out: Any = None) -> LinearOp:
        return _in_turn(shape, [(one, n, a) for n, a in _lengths(shape, s, axes)[::-1]], norm)

    return build


def _several_of_real(default_axes: Any = None) -> Callable[..., LinearOp]:
    @cached
    def build(shape: Shape, /, s: Any = None, axes: Any = default_axes, norm: Any = None, out: Any = None) -> LinearOp:
        *rest, (n, last) = _lengths(shape, s, axes)
        return _in_turn(shape, [(rfft_op, n, last), *((fft_op, k, a) for k, a in rest[::-1])], norm)

    return build


def _several_to_real(default_axes: Any = None) -> Callable[..., LinearOp]:
    @cached
    def build(shape: Shape, /, s: Any = None, axes: Any = default_axes, norm: Any = None, out: Any = None) -> LinearOp:
        *rest, (n, last) = _lengths(shape, s, axes)
        return _in_turn(shape, [*((ifft_op, k, a) for k, a in rest), (irfft_op, n, last)], norm)

    return build


# Shifts. -----------------------------------------------------------------------------------------------------


def _shift_op(sign: int) -> Callable[..., LinearOp]:
    @cached
    def build(x: Shape, /, axes: Any = None) -> LinearOp:
        turned = negative_axes(None, len(x)) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
        return roll_op(x, tuple(sign * (x[a] // 2) for a in turned), turned) if turned else copy_op(x)

    return build


_LAST = (-2, -1)
_OPS: dict[Any, Callable[..., LinearOp]] = {
    np.fft.fft: fft_op,
    np.fft.ifft: ifft_op,
    np.fft.rfft: rfft_op,
    np.fft.irfft: irfft_op,
    np.fft.hfft: hfft_op,
    np.fft.ihfft: ihfft_op,
    np.fft.fftn: _several(fft_op),
    np.fft.ifftn: _several(ifft_op),
    np.fft.fft2: _several(fft_op, _LAST),
    np.fft.ifft2: _several(ifft_op, _LAST),
    np.fft.rfftn: _several_of_real(),
    np.fft.irfftn: _several_to_real(),
    np.fft.rfft2: _several_of_real(_LAST),
    np.fft.irfft2: _several_to_real(_LAST),
    np.fft.fftshift: _shift_op(1),
    np.fft.ifftshift: _shift_op(-1),
}

for _func, _op in _OPS.items():
    register(Linear(_func, _op))
