"""
Claim: structured tangents give sparse Jacobians, gradients of many numbers and Hessians for a few evaluations of the function.

Rows: gradients of Rosenbrock's function and of max + logsumexp + norm; the sparse Jacobian of a Brusselator on a periodic grid, alone and
prepared; second derivatives; beside jax and asdex (extra `bench`), compiled and warm, where they are installed. Results are compared with
derivatives by hand first. Then what the constants of the package rest on: from how many input numbers on a run with slots beats dense
directions (LEAST_...), up to how many slots (SLOTS), how many slots a colour is worth (WIDE); a gradient by a walk back over the tape
beside one pulled back through slots; what programs of walks save (REPLAYED), and how many runs make one worth its while (ALIKE). BLAS
runs in one thread, unless OPENBLAS_NUM_THREADS says otherwise.
"""

import argparse
import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sp
from timing import interleaved, report

import dualmc as dm
from dualmc import structure
from dualmc.boundary import Call
from dualmc.recording import record
from dualmc.tangents import structured
from dualmc.tangents.straight import Replay
from dualmc.tangents.structured import Family
from dualmc.timing import peak_bytes

RNG = np.random.default_rng(0)
STATUS = Path("/proc/self/status")


# Functions, and their derivatives by hand. ---------------------------------------------------------------------


def rosenbrock(np):
    return lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x):
    a, b, g = x[1:] - x[:-1] ** 2, 1 - x[:-1], np.zeros_like(x)
    g[:-1] = -400 * a * x[:-1] - 2 * b
    g[1:] += 200 * a
    return g


def rosenbrock_hessian(x):
    d = np.zeros_like(x)
    d[:-1] = 1200 * x[:-1] ** 2 - 400 * x[1:] + 2
    d[1:] += 200
    return sp.diags_array([-400 * x[:-1], d, -400 * x[:-1]], offsets=[-1, 0, 1]).tocsr()


def extremes(x):
    """Return the sum of a maximum, a logarithm of a sum of exponentials, and a norm."""
    m = np.max(x)
    return m + (m + np.log(np.sum(np.exp(x - m)))) + np.linalg.norm(x)


def extremes_gradient(x):
    m = np.max(x)
    e = np.exp(x - m)
    g = x / np.linalg.norm(x) + e / np.sum(e)
    g[np.argmax(x)] += 1
    return g


def waves(x):
    return np.sum(np.exp(-x * x) * np.sin(3 * x) / (1 + x * x))


def waves_curvature(x):
    """Return the second derivative of each term h·s: h = exp(-x²)/(1 + x²) has the slope -a·h."""
    e, s, c, q = np.exp(-x * x), np.sin(3 * x), np.cos(3 * x), 1 + x * x
    h, a, da = e / q, 2 * x * (1 + 1 / q), 2 * (1 + 1 / q) - 4 * x * x / q**2
    return h * ((a * a - da - 9) * s - 6 * a * c)


def brusselator(np):
    """Two substances that react and spread on a periodic grid."""

    def rate(w):
        u, v = w[0], w[1]
        lap = lambda z: np.roll(z, 1, 0) + np.roll(z, -1, 0) + np.roll(z, 1, 1) + np.roll(z, -1, 1) - 4 * z
        return np.stack([1 + u * u * v - 4.4 * u + 0.02 * lap(u), 3.4 * u - u * u * v + 0.02 * lap(v)])

    return rate


def brusselator_jacobian(w):
    u, v = w.reshape(2, -1)
    side = w.shape[1]
    step = sp.diags_array([1.0, 1.0, 1.0, 1.0], offsets=[-1, 1, side - 1, 1 - side], shape=(side, side))
    spread = 0.02 * (sp.kronsum(step, step) - 4 * sp.eye_array(side * side))
    rows = [[sp.diags_array(2 * u * v - 4.4) + spread, sp.diags_array(u * u)]]
    rows += [[sp.diags_array(3.4 - 2 * u * v), sp.diags_array(-u * u) + spread]]
    return sp.block_array(rows, format="csr")


def same(got, expected):
    """Raise unless two arrays, or sparse matrices and their patterns, agree."""
    if sp.issparse(expected):
        assert got.nnz == expected.nnz
        assert abs(got - expected).max() <= 1e-9 * abs(expected).max()
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9 * np.max(np.abs(expected)))


def jax():
    """Return jax in double precision, or None."""
    if importlib.util.find_spec("jax") is None:
        return None
    found = importlib.import_module("jax")
    found.config.update("jax_enable_x64", True)
    if "JAX_CPU_ENABLE_ASYNC_DISPATCH" not in os.environ:  # JAX's own default, true, costs a call that is waited for four times as much
        found.config.update("jax_cpu_enable_async_dispatch", False)
    return found


# What the package has to reach. --------------------------------------------------------------------------------


def gradients(seconds):
    kept, library = True, jax()
    for n, limit in ((1000, 10.0), (1_000_000, 5.0)):
        x, f = RNG.normal(size=n), rosenbrock(np)
        gradient = dm.gradient(f)
        same(gradient(x), rosenbrock_gradient(x))
        calls = {"f": lambda f=f, x=x: f(x), "dm": lambda g=gradient, x=x: g(x), "hand": lambda x=x: rosenbrock_gradient(x)}
        if library is not None and n == 1000:
            compiled, given = library.jit(library.grad(rosenbrock(library.numpy))), library.numpy.asarray(x)
            same(compiled(given), rosenbrock_gradient(x))
            calls["jax"] = lambda compiled=compiled, given=given: compiled(given).block_until_ready()
        t = interleaved(calls, seconds=seconds / 4, rounds=1001)
        rows = {"dm.gradient / function": (t["dm"] / t["f"], limit), "gradient by hand / function": (t["hand"] / t["f"], None)}
        if "jax" in t:
            rows["dm.gradient / jax.jit(jax.grad), warm"] = (t["dm"] / t["jax"], 1.0)
            rows["jax.jit(jax.grad) / function"] = (t["jax"] / t["f"], None)
        kept &= report(f"Rosenbrock, n = {n:,}", rows)
    kept &= linear("Rosenbrock", rosenbrock(np), seconds / 4)
    x = RNG.normal(size=1_000_000)
    same(dm.gradient(extremes)(x), extremes_gradient(x))
    t = interleaved({"f": lambda: extremes(x), "dm": lambda: dm.gradient(extremes)(x)}, seconds=seconds / 4, rounds=1001)
    kept &= report("max + logsumexp + norm, n = 1,000,000", {"dm.gradient / function": (t["dm"] / t["f"], 8.0)})
    return linear("max + logsumexp + norm", extremes, seconds / 4) and kept


def linear(name, f, seconds):
    """Say how time and memory of the gradient grow from 100,000 numbers to ten times as many, beside the function itself."""
    gradient, (small, large) = dm.gradient(f), (RNG.normal(size=n) for n in (100_000, 1_000_000))
    calls = {"small": lambda: gradient(small), "large": lambda: gradient(large), "f": lambda: f(small), "F": lambda: f(large)}
    t = interleaved(calls, seconds=seconds)
    memory = [peak_bytes(calls[k]) for k in ("small", "large")]
    rows = {
        "growth of its time": (t["large"] / t["small"], None),
        "growth of the function's time": (t["F"] / t["f"], None),
        "growth of its memory": (memory[1] / memory[0], 10.5),
        "memory, in arrays of the input's size": (memory[1] / large.nbytes, None),
    }
    return report(f"gradient of {name} from n = 100,000 to 1,000,000", rows)


def sparse_jacobians(seconds):
    w, f = RNG.uniform(1, 2, (2, 128, 128)), brusselator(np)
    expected = brusselator_jacobian(w)
    prepared = dm.sparse_jacobian(f, prepare=True)
    for jacobian in (dm.sparse_jacobian(f), prepared, prepared, dm.sparse_jacobian(f, pattern=expected)):
        same(jacobian(w), expected)
    calls = {"f": lambda: f(w), "dm": lambda: dm.sparse_jacobian(f)(w), "prepared": lambda: prepared(w)}
    if jax() is not None and importlib.util.find_spec("asdex") is not None:
        library, given = jax(), jax().numpy.asarray(w)
        compiled = library.jit(importlib.import_module("asdex").jacobian(brusselator(library.numpy), given))
        found = compiled(given)
        rows, columns = (np.ravel_multi_index(np.asarray(found.indices)[:, k].T, w.shape) for k in (slice(0, 3), slice(3, 6)))
        same(sp.coo_array((np.asarray(found.data), (rows, columns)), shape=expected.shape).tocsr(), expected)
        calls["asdex"] = lambda: library.block_until_ready(compiled(given))
    t = interleaved(calls, seconds=seconds, rounds=1001)
    rows = {
        "sparse_jacobian / function": (t["dm"] / t["f"], 7.0),
        "prepared / function": (t["prepared"] / t["f"], 3.0),
    }
    if "asdex" in t:
        rows["prepared / asdex.jacobian in jax.jit, warm"] = (t["prepared"] / t["asdex"], 1.0)
        rows["asdex.jacobian in jax.jit / function"] = (t["asdex"] / t["f"], None)
    return report(f"Brusselator on 128 x 128 points, {expected.shape[0]:,} unknowns, {expected.nnz:,} entries", rows)


def memory(side):
    """Find one sparse Jacobian in a process of its own, and say what that takes at its peak."""
    if not STATUS.exists():
        print(f"there is no {STATUS}: memory is not measured")
        return True
    run = subprocess.run([sys.executable, __file__, "--side", str(side)], check=True, capture_output=True, text=True)
    before, peak = map(int, run.stdout.split())
    kept = peak < 2000
    print(f"Brusselator on {side} x {side} points, {2 * side**2:,} unknowns, one sparse Jacobian")
    print(f"  {'peak memory of the process':44s} {peak:8d} MB  below 2000 MB: {'kept' if kept else 'MISSED'}")
    print(f"  {'of which there was before the call':44s} {before:8d} MB")
    return kept


def one_jacobian(side):
    """Print the peak of memory of this process, in megabytes, before and after one sparse Jacobian."""
    w, f = RNG.uniform(1, 2, (2, side, side)), brusselator(np)
    before = peak_megabytes()
    found = dm.sparse_jacobian(f)(w)
    after = peak_megabytes()
    same(found, brusselator_jacobian(w))
    print(before, after)


def peak_megabytes():
    """Return what Linux says; the resource module counts in what the parent had at its peak."""
    return next(int(line.split()[1]) // 1024 for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))


def second(seconds):
    x, f, kept = RNG.normal(size=100), rosenbrock(np), True
    all_three = dm.value_gradient_and_hessian(f)
    for a, b in zip(all_three(x), (f(x), rosenbrock_gradient(x), rosenbrock_hessian(x).toarray()), strict=True):
        same(a, b)
    calls, library = {"f": lambda: f(x), "dm": lambda: all_three(x)}, jax()
    if library is not None:
        compiled, given = library.jit(library.hessian(rosenbrock(library.numpy))), library.numpy.asarray(x)
        same(compiled(given), rosenbrock_hessian(x).toarray())
        calls["jax"] = lambda: compiled(given).block_until_ready()
    t = interleaved(calls, seconds=seconds / 3, rounds=1001)
    rows = {"value_gradient_and_hessian / function": (t["dm"] / t["f"], None)}
    if "jax" in t:
        rows["value_gradient_and_hessian / jax.jit(jax.hessian), warm"] = (t["dm"] / t["jax"], 4.0)
    kept &= report("Rosenbrock, n = 100", rows)

    x = RNG.normal(size=100_000)
    prepared = dm.sparse_hessian(f, prepare=True)
    for hessian in (dm.sparse_hessian(f), prepared, prepared):
        same(hessian(x), rosenbrock_hessian(x))
    calls = {"f": lambda: f(x), "dm": lambda: dm.sparse_hessian(f)(x), "prepared": lambda: prepared(x)}
    t = interleaved(calls, seconds=seconds / 3, rounds=1001)
    rows = {"sparse_hessian / function": (t["dm"] / t["f"], 60.0), "prepared / function": (t["prepared"] / t["f"], None)}
    kept &= report("Rosenbrock, n = 100,000", rows)

    x, v = RNG.normal(size=(2, 100_000))
    same(dm.hvp(waves, (x,), (v,))[0], waves_curvature(x) * v)
    t = interleaved({"f": lambda: waves(x), "dm": lambda: dm.hvp(waves, (x,), (v,))}, seconds=seconds / 3, rounds=1001)
    return report("sum of exp(-x²)·sin(3x)/(1 + x²), n = 100,000", {"hvp / function": (t["dm"] / t["f"], 5.0)}) and kept


# What the constants rest on. -----------------------------------------------------------------------------------


def neighbours(k):
    """Return a function that makes each number of itself and its next k - 1 neighbours: k slots."""
    return lambda x: functools.reduce(lambda y, i: y + np.roll(x, i) * (i + 1.0), range(1, k), x * x)


def least(seconds):
    """Print how long structured takes relative to dense over the number of inputs: below 1 where it pays."""
    sizes = (4, 8, 16, 24, 32, 48, 64, 128, 256, 1024)
    print("structured / dense, by input numbers           " + "".join(f"{n:>8d}" for n in sizes))
    cases = {
        "gradient, Rosenbrock": (dm.gradient, rosenbrock(np)),
        "gradient, max + logsumexp + norm": (dm.gradient, extremes),
        "jacobian, 3 slots": (dm.jacobian, neighbours(3)),
        "jacobian, 8 slots": (dm.jacobian, neighbours(8)),
        "hessian, Rosenbrock": (dm.hessian, rosenbrock(np)),
    }
    for name, (transform, f) in cases.items():
        row = []
        for n in sizes:
            row.append(structured_over_dense(transform, f, n, seconds / len(cases) / len(sizes)))
        print(f"  {name:46s}" + "".join(f"{r:8.2f}" for r in row))


def structured_over_dense(transform, f, n, seconds):
    x = RNG.normal(size=n)
    calls = {s: functools.partial(transform(f, strategy=s), x) for s in ("dense", "structured")}
    same(calls["structured"](), calls["dense"]())
    t = interleaved(calls, seconds=seconds)
    return t["structured"] / t["dense"]


def most(seconds):
    """Print the same over the number of slots."""
    slots = (2, 4, 8, 16, 24, 32, 64)
    print("structured / dense, by slots                   " + "".join(f"{k:>8d}" for k in slots))
    for n in (64, 256, 1024):
        row = [structured_over_dense(dm.jacobian, neighbours(k), n, seconds / 3 / len(slots)) for k in slots if k <= n // 2]
        print(f"  {f'jacobian, {n} numbers':46s}" + "".join(f"{r:8.2f}" for r in row))


def steps(k):
    """Return a function that smooths a grid k times: (k + 1)² + k² entries in a row."""

    def f(z):
        for _ in range(k):
            z = z + 0.1 * (np.roll(z, 1, 0) + np.roll(z, -1, 0) + np.roll(z, 1, 1) + np.roll(z, -1, 1) - 4 * z) - 0.01 * z * z
        return z

    return f


def slots_of(f, x):
    """Return how many slots the tangent has that has most of them."""
    family = Family([x])
    record(f, lambda leaves: f(*leaves), [x], has_aux=False).tape.push(family.seeds(), structured)
    return family.most


def wide(seconds):
    """Print what a slot and a colour cost in a prepared evaluation."""
    titles = ("slots", "colours", "by slots", "by colours", "colour/slot")
    print(f"{'prepared, 48 x 48 points, by steps':48s}" + "".join(f"{title:>12s}" for title in titles))
    z = RNG.normal(size=(48, 48))
    for k in (1, 2, 3, 4):
        f = steps(k)
        pattern = dm.jacobian_sparsity(f)(z)
        by = {s: dm.sparse_jacobian(f, prepare=True, strategy=s) for s in ("structured", "colored")}
        same(by["colored"](z), by["structured"](z))
        colours, slots = dm.coloring(pattern).count, slots_of(f, z)
        t = interleaved({"f": lambda f=f: f(z), **{s: functools.partial(j, z) for s, j in by.items()}}, seconds=seconds / 4)
        one = (t["colored"] / colours) / (t["structured"] / slots)
        ratios = (t["structured"] / t["f"], t["colored"] / t["f"], one)
        print(f"  {k:<46d}{slots:12d}{colours:12d}" + "".join(f"{r:11.2f}x" for r in ratios))


def by_slots(f, x):
    """
    Return the gradient that pulls cotangents back through slots and cuts, to compare with the walk back over the tape.

    Gathers are kept from one evaluation to the next, which is to its advantage.
    """
    family = Family([x])

    def gradient(x):
        tape = record(f, lambda leaves: f(*leaves), [x], has_aux=False).tape
        (t,) = tape.push(family.seeds(), structured)
        sums = {}
        spread_back(t.terms, np.ones(()), sums)
        for root in reversed(family.cuts[: family.used]):
            spread_back(root.source.terms, root.source.op.transpose(sums.pop(root)), sums)
        return sums[family.leaves[0]]

    return gradient


def spread_back(terms, c, sums):
    """Add Gᵀ·diag(v)·c of each slot to the sum of its root."""
    for s, v in terms.items():
        total = sums.get(s.root)
        if total is None:
            total = sums[s.root] = np.zeros(s.root.shape)
        index, size = s.index, total.itemsize
        if index.size and np.may_share_memory(index, s.root.index):  # a slice
            strides = [k * size // index.itemsize for k in index.strides]
            view = np.ndarray(index.shape, total.dtype, total, int(index.item(0)) * size, strides)
            view += c * v
        else:
            np.add.at(total.reshape(-1), s.index, c * v)


def walk_back(seconds):
    for n in (1000, 1_000_000):
        x, f = RNG.normal(size=n), rosenbrock(np)
        slots = by_slots(f, x)
        same(slots(x), rosenbrock_gradient(x))
        calls = {"f": lambda f=f, x=x: f(x), "walk": lambda f=f, x=x: dm.gradient(f)(x), "slots": lambda g=slots, x=x: g(x)}
        t = interleaved(calls, seconds=seconds / 2, rounds=1001)
        rows = {"by a walk back over the tape": (t["walk"] / t["f"], None), "by slots pulled back": (t["slots"] / t["f"], None)}
        report(f"gradient of Rosenbrock, n = {n:,}, relative to the function", rows)


def programs(seconds):
    """Print what runs that do the same take with the program of their walk, relative to the walk itself, and what it takes to make one."""
    sizes = (64, 256, 1024, 4096, 8192, 16384, 65536, 262144)
    print("program / walk, by input numbers               " + "".join(f"{n:>8d}" for n in sizes))
    cases = {"gradient, Rosenbrock": (rosenbrock(np), structure.gradient), "gradient, waves": (waves, structure.gradient)}
    for name, (f, solve) in cases.items():
        row = []
        for n in sizes:
            x = RNG.normal(size=n)
            calls = {
                s: functools.partial(solve, Call(name, f, 0, (x,), {}), False, Replay(alike))
                for s, alike in (("walk", LATER), ("program", 1))
            }
            same(calls["program"]().derivatives[0], calls["walk"]().derivatives[0])
            t = interleaved(calls, seconds=seconds / len(cases) / len(sizes), rounds=1001)
            row.append(t["program"] / t["walk"])
        print(f"  {name:46s}" + "".join(f"{r:8.2f}" for r in row))
    x, f = RNG.normal(size=1000), rosenbrock(np)
    call = Call("gradient", f, 0, (x,), {})

    def made():
        replay = Replay(1)
        for _ in range(2):
            structure.gradient(call, False, replay)

    replay = Replay(1)
    calls = {
        "walk": functools.partial(structure.gradient, call, False, Replay(LATER)),
        "program": functools.partial(structure.gradient, call, False, replay),
    }
    t = interleaved({**calls, "made": made}, seconds=seconds / 8, rounds=1001)
    saved = (t["made"] - t["walk"] - t["program"]) / (t["walk"] - t["program"])
    print(f"  to make the program of Rosenbrock's gradient takes what {saved:.0f} runs save")


LATER = 1 << 62
"""Runs that do the same before there is a program: more than there are."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--check", action="store_true", help="exit with 1 if a limit is missed")
    parser.add_argument("--side", type=int, help="find one Jacobian on so many points a side, and print the memory it takes in megabytes")
    options = parser.parse_args()
    if options.side is not None:
        one_jacobian(options.side)
        return 0
    if jax() is None:
        print("jax is not installed (pip install -e '.[bench]'): nothing to compare with")
    share = options.seconds / 8
    kept = [gradients(share), sparse_jacobians(share), memory(512), second(share)]
    least(share)
    most(share)
    wide(share)
    walk_back(share)
    programs(share)
    return 0 if all(kept) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
