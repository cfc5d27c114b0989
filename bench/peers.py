"""How each library differentiates a problem, as its documentation recommends: compiled where it can be."""

import importlib
import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from . import namespaces
from .candidate import Candidate, UnableError
from .problems import Problem

MOST_OBJECTS = 1_000_000
"""Numbers for which a library that has a Python object for each is asked: ten times as many take gigabytes."""


@dataclass(frozen=True)
class Peer:
    """A library: the module that is imported, and the function that makes a candidate of the module and a problem."""

    module: str
    build: Callable[[Any, Problem], Candidate]

    def __call__(self, problem: Problem) -> Candidate:
        return self.build(importlib.import_module(self.module), problem)


def one_by_one(push: Callable[[Any], tuple[Any, Any]], x, v) -> Candidate:
    """Return the pushes of several directions by a library that takes one."""
    if v.ndim == np.ndim(x):
        return Candidate(lambda: push(v))

    def several():
        pairs = [push(row) for row in v]
        return pairs[0][0], np.stack([t for _, t in pairs])

    return Candidate(several)


# Libraries for arrays. ---------------------------------------------------------------------------------------


def autograd(library: ModuleType, problem: Problem) -> Candidate:
    f, x = problem.f(importlib.import_module("autograd.numpy")), problem.x
    match problem.task:
        case "gradient":
            gradient = library.grad(f)
            return Candidate(lambda: gradient(x))
        case "jacobian":
            jacobian = library.jacobian(f)
            return Candidate(lambda: jacobian(x))
        case "hessian":
            first, second = library.value_and_grad(f), library.hessian(f)
            return Candidate(lambda: (*first(x), second(x)))
        case _:
            return one_by_one(library.make_jvp(f)(x), x, problem.v)


def dualpy(library: ModuleType, problem: Problem) -> Candidate:
    f, x = problem.f(np), problem.x
    match problem.task:
        case "gradient" | "jacobian":
            transformed = getattr(library, problem.task)(f)
            return Candidate(lambda: transformed(x))
        case "hessian":
            gradient, hessian = library.gradient(f), library.hessian(f)
            return Candidate(lambda: (f(x), gradient(x), hessian(x)))
        case _:
            return one_by_one(lambda v: library.jvp(f, x, v), x, problem.v)


def _jax(problem: Problem) -> tuple[Any, Callable[[Any], Any], Any]:
    """Return jax, the function written for it, and the array it is differentiated at."""
    jax = importlib.import_module("jax")
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_cpu_enable_async_dispatch", False)  # each call is waited for: another thread would only cost
    return jax, problem.written_for("jax.jit", jax, jax.numpy), jax.numpy.asarray(problem.x)


def jax(library: ModuleType, problem: Problem) -> Candidate:
    _, f, x = _jax(problem)
    args = (x,)
    match problem.task:
        case "gradient":
            transformed = library.grad(f)
        case "jacobian":
            transformed = library.jacfwd(f)
        case "hessian":
            transformed = lambda x: (*library.value_and_grad(f)(x), library.hessian(f)(x))
        case _:
            args = (x, library.numpy.asarray(problem.v))
            push = lambda x, v: library.jvp(f, (x,), (v,))
            many = lambda x, v: library.vmap(lambda row: push(x, row), out_axes=(None, 0))(v)
            transformed = push if args[1].ndim == x.ndim else many
    compiled = library.jit(transformed)
    return Candidate(lambda: library.block_until_ready(compiled(*args)))


def asdex(library: ModuleType, problem: Problem) -> Candidate:
    """The pattern of zeros is found and coloured once, at the first call; results are sparse."""
    if problem.task not in ("jacobian", "hessian"):
        raise UnableError("for sparse Jacobians and Hessians only; the rest is jax")
    jax, f, x = _jax(problem)
    if problem.task == "jacobian":
        compiled = jax.jit(library.jacobian(f, x))
        return Candidate(lambda: jax.block_until_ready(compiled(x)), lambda r: r.todense())
    hessian = library.hessian(f, x)
    all_three = jax.jit(lambda x: (*jax.value_and_grad(f)(x), hessian(x)))
    return Candidate(lambda: jax.block_until_ready(all_three(x)), lambda r: (*r[:2], r[2].todense()))


def tensortrax(library: ModuleType, problem: Problem) -> Candidate:
    f, x = problem.f(namespaces.tensortrax(library.math)), problem.x
    match problem.task:
        case "gradient" | "jacobian":
            transformed = getattr(library, problem.task)(f)
            return Candidate(lambda: transformed(x))
        case "hessian":
            hessian = library.hessian(f, full_output=True)
            return Candidate(lambda: hessian(x), lambda r: (r[2], r[1], r[0]))

    def push(v):
        tensor = library.Tensor(x)
        tensor.init(gradient=True, δx=v)
        y = f(tensor)
        return library.f(y).reshape(y.shape), library.δ(y).reshape(y.shape)

    return one_by_one(push, x, problem.v)


# casadi: graphs of matrix operations, compiled by way of C. -----------------------------------------------------


def casadi(library: ModuleType, problem: Problem) -> Candidate:
    """
    Graphs compiled if there is a compiler, and called through buffers: on NumPy's arrays, with new ones for the results.

    Those of scalars (SX) where zeros and shared terms of a matrix of derivatives are to be found, and those of arrays (MX)
    otherwise: each is quicker there. casadi stores matrices by columns, and of sparse ones what is not zero.
    """
    x = problem.x
    symbol = (library.SX if problem.task in ("jacobian", "hessian") else library.MX).sym("x", *x.shape)
    y = problem.written_for("casadi", library, namespaces.casadi(library))(symbol)
    y_shape, inputs = np.shape(problem.f(np)(x)), {"x": (symbol, _by_columns(x))}
    match problem.task:
        case "gradient":
            outputs = [(library.gradient(y, symbol), x.shape)]
        case "jacobian":
            outputs = [(library.jacobian(y, symbol), y_shape + x.shape)]
        case "hessian":
            second, first = library.hessian(y, symbol)
            outputs = [(y, y_shape), (first, x.shape), (second, x.shape * 2)]
        case _:
            v = problem.v if problem.v.ndim == x.ndim else problem.v.T
            direction = library.MX.sym("v", *v.shape)
            inputs["v"] = (direction, _by_columns(v))
            outputs = [(y, y_shape), (library.jtimes(y, symbol, direction), y_shape + v.shape[x.ndim :])]
    function = library.Function("f", [s for s, _ in inputs.values()], [s for s, _ in outputs], _compiled())
    buffer, run = function.buffer()
    given = [memoryview(flat) for _, flat in inputs.values()]
    sizes = [function.nnz_out(i) for i in range(len(outputs))]

    def call():
        results = [np.empty(size) for size in sizes]
        for i, array in enumerate(given):
            buffer.set_arg(i, array)
        for i, array in enumerate(results):
            buffer.set_res(i, memoryview(array))
        run()
        return results

    def dense(results):
        if buffer.ret():
            raise RuntimeError("the evaluation failed")
        arrays = [_from_columns(function.sparsity_out(i), flat, outputs[i][1]) for i, flat in enumerate(results)]
        if problem.v is not None and problem.v.ndim != x.ndim:
            arrays[1] = np.moveaxis(arrays[1], -1, 0)
        return arrays[0] if len(arrays) == 1 else tuple(arrays)

    return Candidate(call, dense)


def _by_columns(a) -> Any:
    return np.ravel(a, order="F").astype(float)


def _from_columns(pattern, values, shape) -> Any:
    flat = np.zeros(pattern.shape)
    rows, columns = pattern.get_triplet()
    flat[rows, columns] = values
    return flat.reshape(shape, order="F")


def _compiled() -> dict[str, Any]:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return {}
    options = {"compiler": compiler, "flags": ["-O3", "-march=native"], "directory": tempfile.gettempdir() + "/"}
    return {"jit": True, "compiler": "shell", "jit_options": options}


# Libraries with a Python object for each number. ---------------------------------------------------------------


def _few(problem: Problem) -> None:
    if np.size(problem.x) > MOST_OBJECTS:
        raise UnableError(f"it has a Python object for each number: {np.size(problem.x):,} do not fit")


def _along(x, v, seeds) -> Any:
    """Return Σ v·seed as an array of objects: one seed for each direction."""
    rows = v if v.ndim > x.ndim else [v]
    terms = ([a * seed for a in row.ravel().tolist()] for row, seed in zip(rows, seeds, strict=True))
    return sum(np.array(term, dtype=object) for term in terms).reshape(x.shape)


def fastdual(library: ModuleType, problem: Problem) -> Candidate:
    """One seed for each variable, or for each direction; a number carries the derivatives that are not zero."""
    _few(problem)
    f, x, v = problem.f(np), problem.x, problem.v
    match problem.task:
        case "gradient":

            def gradient():
                seeds = library.DualArray(x)
                return library.jac([f(seeds)], seeds)[0]

            return Candidate(gradient)
        case "jacobian":

            def jacobian():
                seeds = library.DualArray(x)
                y = f(seeds)
                return library.jac(y, seeds.ravel()).reshape(y.shape + x.shape)

            return Candidate(jacobian)
        case "hessian":
            if problem.scalar_f is None:
                raise UnableError("its second derivatives are of functions of numbers, and none is written")
            scalar_f = problem.scalar_f
            second = library.autohess(lambda *numbers: scalar_f(numbers))

            def all_three():
                seeds = library.DualArray(x)
                value, hessian = second(*x)
                return value, library.jac([f(seeds)], seeds)[0], hessian

            return Candidate(all_three)

    def push():
        seeds = [library.Dual(0.0) for _ in range(len(v) if v.ndim > x.ndim else 1)]
        y = f(x + library.DualArray(_along(x, v, seeds)))
        numbers = np.atleast_1d(y)
        tangents = [library.der(numbers, seed).reshape(np.shape(y)) for seed in seeds]
        return library.val(numbers).reshape(np.shape(y)), np.stack(tangents) if v.ndim > x.ndim else tangents[0]

    return Candidate(push)


def num_dual(library: ModuleType, problem: Problem) -> Candidate:
    """Functions of lists of numbers: where none is written, NumPy's arrays of objects do the same."""
    _few(problem)
    x, v, shape = problem.x, problem.v, np.shape(problem.f(np)(problem.x))
    array_f = problem.f(np)
    f = problem.scalar_f or (lambda numbers: array_f(np.array(numbers, dtype=object).reshape(x.shape)))
    flat = x.ravel().tolist()
    match problem.task:
        case "gradient":
            return Candidate(lambda: library.gradient(f, flat), lambda r: np.array(r[1]))
        case "jacobian":
            return Candidate(
                lambda: library.jacobian(lambda numbers: f(numbers).ravel().tolist(), flat),
                lambda r: np.array(r[1]).reshape(shape + x.shape),
            )
        case "hessian":
            return Candidate(lambda: library.hessian(f, flat), lambda r: tuple(np.array(part) for part in r))
    zeros = [0.0] * (len(v) if v.ndim > x.ndim else 1)
    lead = v.shape[: v.ndim - x.ndim]

    def along(seeds):
        return np.ravel(array_f(x + _along(x, v, seeds))).tolist()

    return Candidate(
        lambda: library.jacobian(along, zeros), lambda r: (np.array(r[0]).reshape(shape), np.array(r[1]).T.reshape(lead + shape))
    )


PEERS = {
    "autograd": Peer("autograd", autograd),
    "jax.jit": Peer("jax", jax),
    "asdex": Peer("asdex", asdex),
    "casadi": Peer("casadi", casadi),
    "dualpy": Peer("dualpy", dualpy),
    "fastdual": Peer("fastdual", fastdual),
    "num-dual": Peer("num_dual", num_dual),
    "tensortrax": Peer("tensortrax", tensortrax),
}


def available(names: Iterable[str]) -> tuple[dict[str, Peer], list[str]]:
    """Import those of the named peers that are installed; return them and the names of the others."""
    wanted = {name: PEERS[name] for name in names}
    found = {name: peer for name, peer in wanted.items() if importlib.util.find_spec(peer.module) is not None}
    for peer in found.values():
        importlib.import_module(peer.module)
    return found, [name for name in wanted if name not in found]
