"""Multilinear functions: fixing all operands but one leaves a linear map on trailing axes."""

import string
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .._typing import Array, Shape
from ..linear_op import LinearOp, lead_of, unbroadcast
from .indexing import zeros_as
from .registry import register
from .rule import Multilinear

# matmul. -----------------------------------------------------------------------------------------------------


def _all_operands(args: Sequence[Any]) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    return list(args), tuple


def _adjoint(x: Array) -> Array:
    """Return the conjugate transpose; ndarray.conj does not copy real values."""
    return np.swapaxes(x, -1, -2).conj()


def _matmul_bind(i: int, operands: Sequence[Array], args: Any, kwargs: Any) -> LinearOp:
    a, b = operands
    return _by_left(a, b.shape) if i else _by_right(a.shape, b)


def _by_left(a: Array, shape: Shape) -> LinearOp:
    """Return b -> a @ b; the small cases without reshapes."""
    if a.ndim == 2 and len(shape) == 2:
        out = (a.shape[0], shape[1])
        return LinearOp(shape, out, lambda x: np.matmul(a, x), lambda c: np.matmul(a.T.conj(), c), bound=True)
    if a.ndim == 2 and len(shape) == 1:
        return LinearOp(shape, a.shape[:1], lambda x: np.matmul(x, a.T), lambda c: np.matmul(c, a.conj()), bound=True)
    return _batched(a, shape, left=True)


def _by_right(shape: Shape, b: Array) -> LinearOp:
    """Return a -> a @ b."""
    if len(shape) in (1, 2) and b.ndim == 2:
        return LinearOp(shape, shape[:-1] + b.shape[1:], lambda x: np.matmul(x, b), lambda c: np.matmul(c, b.T.conj()), bound=True)
    return _batched(b, shape, left=False)


def _batched(fixed: Array, shape: Shape, *, left: bool) -> LinearOp:
    """Return matmul by a fixed operand on any shapes: vectors become matrices, missing batch axes length 1."""
    matrix = fixed if fixed.ndim > 1 else fixed[None, :] if left else fixed[:, None]
    mine = shape if len(shape) > 1 else ((*shape, 1) if left else (1, *shape))
    nd = max(matrix.ndim, len(mine))
    pad = (1,) * (nd - len(mine)) + mine
    first, second = (matrix.shape, mine) if left else (mine, matrix.shape)
    full = (*np.broadcast_shapes(first[:-2], second[:-2]), first[-2], second[-1])
    a_nd, b_nd = (fixed.ndim, len(shape)) if left else (len(shape), fixed.ndim)
    out = full[:-2] + full[-2:-1] * (a_nd > 1) + full[-1:] * (b_nd > 1)

    def apply(x: Array) -> Array:
        lead = lead_of(x, len(shape))
        z = x.reshape(lead + pad)
        return (np.matmul(matrix, z) if left else np.matmul(z, matrix)).reshape(lead + out)

    def transpose(c: Array) -> Array:
        lead = lead_of(c, len(out))
        z = c.reshape(lead + full)
        z = np.matmul(_adjoint(matrix), z) if left else np.matmul(z, _adjoint(matrix))
        return unbroadcast(z, pad, nd).reshape(lead + shape)

    return LinearOp(shape, out, apply, transpose, bound=True)


register(Multilinear(np.matmul, _matmul_bind, _all_operands))


# einsum. -----------------------------------------------------------------------------------------------------


def _einsum_split(args: Sequence[Any]) -> tuple[list[Any], Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """Part the arguments of einsum; operands with lists of axis numbers become a subscript string."""
    if isinstance(args[0], str):
        subscripts, operands = args[0], list(args[1:])
    else:
        subscripts, operands = _from_lists(list(args))
    return operands, lambda ops: (subscripts, *ops)


def _from_lists(args: list[Any]) -> tuple[str, list[Any]]:
    output = args.pop() if len(args) % 2 else None
    operands, lists = args[::2], args[1::2]
    numbers = sorted({k for axes in lists for k in axes if k is not Ellipsis})
    letter = dict(zip(numbers, string.ascii_letters, strict=False))

    def spell(axes: Any) -> str:
        return "".join("..." if k is Ellipsis else letter[k] for k in axes)

    subscripts = ",".join(map(spell, lists))
    return subscripts if output is None else f"{subscripts}->{spell(output)}", operands


def _explicit(subscripts: str, shapes: Sequence[Shape]) -> tuple[list[str], str]:
    """Return the terms of operands and output, with the ellipsis and the implicit output spelled out."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow:
        letters = inputs.replace(",", "").replace(".", "")
        output = "..." * ("." in inputs) + "".join(sorted(k for k in set(letters) if letters.count(k) == 1))
    free = [k for k in string.ascii_letters if k not in subscripts]
    extra = [len(s) - len(t.replace("...", "")) if "..." in t else 0 for t, s in zip(terms, shapes, strict=True)]
    names = "".join(free[: max(extra)])

    def spell(term: str, n: int) -> str:
        return term.replace("...", names[len(names) - n :] if n else "")

    return [spell(t, n) for t, n in zip(terms, extra, strict=True)], spell(output, len(names))


def _einsum_bind(i: int, operands: Sequence[Array], args: Sequence[Any], kwargs: dict[str, Any]) -> LinearOp:
    """Return the map of operand i; the leading axes are the ellipsis."""
    shapes = [x.shape for x in operands]
    terms, out = _explicit(args[0], shapes)
    shape, term = shapes[i], terms[i]
    others = [(t, x) for j, (t, x) in enumerate(zip(terms, operands, strict=True)) if j != i]
    size: dict[str, int] = dict(kv for t, s in zip(terms, shapes, strict=True) for kv in zip(t, s, strict=True) if kv[1] != 1)
    optimize = kwargs.get("optimize", len(operands) > 2)
    optimize = optimize if isinstance(optimize, (bool, str)) else True  # a path names operands in the order of the call
    cast = {k: kwargs[k] for k in ("dtype", "casting") if k in kwargs}
    fixed, fixed_terms = [x for _, x in others], "".join(f"{t}," for t, _ in others)

    def length(k: str) -> int:
        return size.get(k, 1)

    forward = f"{fixed_terms}...{term}->...{out}"
    unique = "".join(dict.fromkeys(term))
    lonely = "".join(k for k in unique if k not in fixed_terms and k not in out)
    ones = [np.ones(tuple(length(k) for k in lonely))] if lonely else []
    backward = f"{fixed_terms}{lonely + ',' if lonely else ''}...{out}->...{unique}"

    def transpose(c: Array) -> Array:
        y = np.einsum(backward, *(x.conj() for x in fixed), *ones, c, optimize=optimize)
        full = tuple(length(k) for k in term)
        if unique != term:
            y = _on_diagonal(y, unique, term, full)
        return unbroadcast(y, shape, len(shape)) if full != shape else y

    result = tuple(length(k) for k in out)
    view = not fixed and not cast and set(term) == set(out)  # NumPy sums nothing then, and gives a view that can be written to
    return LinearOp(
        shape,
        result,
        lambda x: np.einsum(forward, *fixed, x, optimize=optimize, **cast),
        transpose,
        gather=view,
        view=view,
        bound=bool(fixed),
    )


def _on_diagonal(y: Array, unique: str, term: str, full: Shape) -> Array:
    """Return zeros with y on the diagonal of each repeated index."""
    lead = lead_of(y, len(unique))
    grid = np.ogrid[tuple(slice(full[term.index(k)]) for k in unique)]
    at = dict(zip(unique, grid, strict=True))
    z = zeros_as(lead + full, y)
    z[(Ellipsis, *(at[k] for k in term))] = y
    return z


register(Multilinear(np.einsum, _einsum_bind, _einsum_split))
