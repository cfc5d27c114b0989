"""When kernels run: settings, the numbers that pay for compiling, what is on disk; and the memory that large operations take."""

import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import dualmc as dm
from dualmc import kernels, large
from dualmc.kernels import Switch, fused
from dualmc.rules.registry import RULES

SINE = ((True,), "d"), RULES[np.sin]


@pytest.fixture(autouse=True)
def settings():
    yield
    dm.config.kernels = "auto"


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=100
    )


SCRIPT = """
import sys, numpy as np, dualmc as dm
dm.jacobian(lambda x: np.exp(np.sin(x) * x), strategy="dense")(np.linspace(0, 1, 300))
print(dm.config.kernels, "numba" in sys.modules)
"""


def test_a_small_script_does_not_import_numba():
    assert run(SCRIPT).stdout.split() == ["auto", "False"]


@pytest.mark.parametrize(("value", "expected"), [("always", ["always", "True"]), ("never", ["never", "False"])])
def test_the_environment_sets_what_a_process_starts_with(value, expected):
    assert run(SCRIPT, DUALMC_KERNELS=value).stdout.split() == expected


def test_a_wrong_setting_names_the_right_ones():
    assert "must be one of auto, always, never; got 'yes'" in run("import dualmc", DUALMC_KERNELS="yes").stderr
    with pytest.raises(ValueError, match="must be one of auto, always, never; got 'sometimes'"):
        dm.config.kernels = "sometimes"
    assert repr(dm.config) == "Config(kernels='auto')"


def test_auto_waits_for_enough_numbers(monkeypatch):
    """First enough of all operations together, then enough of the one operation."""
    monkeypatch.setattr(kernels, "IMPORT_AFTER", 1000)
    monkeypatch.setattr(kernels, "COMPILE_AFTER", 3000)
    monkeypatch.setattr(kernels, "WARM", kernels.WARM.with_name("no such file"))
    switch = Switch()
    assert switch.kernel(*SINE, 600) is None
    assert switch.fused is None
    assert switch.kernel(SINE[0], RULES[np.exp], 600) is None
    assert switch.fused is fused
    assert switch.kernel(*SINE, 600) is None
    assert switch.kernel(*SINE, 1800) is fused.compiled(RULES[np.sin], (True,), "d")


def test_auto_takes_a_warm_kernel_sooner(monkeypatch, tmp_path):
    monkeypatch.setattr(kernels, "IMPORT_AFTER", 0)
    monkeypatch.setattr(kernels, "WARM", tmp_path / "warm")
    kernels.WARM.write_text(fused.state())
    switch = Switch()
    assert switch.kernel(*SINE, kernels.LOAD_AFTER) is not None
    kernels.WARM.write_text("kernels of another version")
    switch = Switch()
    assert switch.kernel(*SINE, kernels.LOAD_AFTER) is None


def test_settings_take_effect_at_once():
    x = dm.Dual(np.ones(1000), np.ones(1000))
    for setting, found in (("always", True), ("never", False), ("always", True)):
        dm.config.kernels = setting
        np.sin(x)
        assert (kernels.switch.of(SINE[0])[SINE[1]] is not None) == found


def test_functions_without_a_kernel_stay_with_numpy():
    assert not fused.has_kernel(RULES[np.power], (True, True))
    dm.config.kernels = "always"
    x = np.linspace(0.5, 2, 1000)
    np.testing.assert_allclose((dm.Dual(x, x) ** 2.5).tangent, 2.5 * x**2.5)


# Memory. -----------------------------------------------------------------------------------------------------

N, K = 1_000_000, 3
SPARE = 5 * 8 * max(large.BLOCK, fused.BLOCK) + 100_000
OPERATIONS = {
    "x * y": lambda x, y: x * y, "x / y": lambda x, y: x / y, "sin x": lambda x, y: np.sin(x), "2 * x": lambda x, y: 2 * x,
    "x + 1": lambda x, y: x + 1, "sqrt x": lambda x, y: np.sqrt(x), "hypot": np.hypot, "x - y": lambda x, y: x - y,
    "maximum": lambda x, y: np.maximum(x, 1.0), "a row": lambda x, y: x * np.array([[1.0, 2.0]]), "-x": lambda x, y: -x,
    "a column": lambda x, y: x / y[:, :1], "where": lambda x, y: np.where(x.primal > 1, x, y), "clip": lambda x, y: np.clip(x, 0.7, 1.5),
    "power": lambda x, y: x**2.5,
}  # fmt: skip
LAYOUTS = {
    "in order": lambda x: x,
    "transposed": lambda x: np.swapaxes(np.ascontiguousarray(np.swapaxes(x, -1, -2)), -1, -2),
    "every other": lambda x: np.repeat(x, 2, axis=-2)[..., ::2, :],
    "read-only": lambda x: np.broadcast_to(x, x.shape),
}


def peak(f, *args):
    f(*args)  # compiles
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    result = f(*args)
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return top - before, result


def operands(layout="in order", n=N):
    rng, arranged = np.random.default_rng(0), LAYOUTS[layout]
    pairs = [(rng.uniform(0.5, 2, (n // 2, 2)), rng.normal(size=(K, n // 2, 2))) for _ in range(2)]
    return [dm.Dual(arranged(p), arranged(t)) for p, t in pairs]


@pytest.mark.parametrize("mode", ["always", "never"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_allocates_its_result_and_a_block(name, layout, mode):
    dm.config.kernels = mode
    used, result = peak(OPERATIONS[name], *operands(layout))
    assert used <= result.primal.nbytes + result.tangent.nbytes + SPARE


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_any_layout_gives_the_same_as_one_block_of_numpy(name, layout, monkeypatch):
    """Kernels in blocks, NumPy in blocks and NumPy at once agree, in values and in how results lie in memory."""
    x, y = operands(layout, 40_000)
    dm.config.kernels = "never"
    expected = OPERATIONS[name](x, y)
    monkeypatch.setattr(large, "BLOCK", 7_000)
    for mode in ("never", "always"):
        dm.config.kernels = mode
        got = OPERATIONS[name](x, y)
        np.testing.assert_allclose(got.primal, expected.primal, rtol=1e-15)
        np.testing.assert_allclose(got.tangent, expected.tangent, rtol=1e-14, atol=1e-14)
        assert got.primal.strides == expected.primal.strides
        assert got.tangent.strides == expected.tangent.strides


@pytest.mark.parametrize("mode", ["always", "never"])
@pytest.mark.parametrize("operator", ["__iadd__", "__isub__", "__imul__", "__itruediv__"])
@pytest.mark.parametrize("other", ["dual", "array", "number", "itself"])
@pytest.mark.parametrize("layout", [k for k in LAYOUTS if k != "read-only"])
def test_in_place_operators_allocate_nothing_of_that_size(operator, other, mode, layout):
    dm.config.kernels = mode
    x, y = operands(layout)
    second = {"dual": y, "array": y.primal, "number": 1.5, "itself": x}[other]
    expected = getattr(np.copy(x), operator.replace("__i", "__"))(x if other == "itself" else second)
    p, t = x.primal, x.tangent
    view = x[1:]
    used, result = peak(getattr(dm.Dual, operator), np.copy(x), second if other != "itself" else y)
    assert used <= SPARE
    result = getattr(x, operator)(second)
    assert result is x
    assert result.primal is p
    assert result.tangent is t
    np.testing.assert_allclose(x.primal, expected.primal, rtol=1e-15)
    np.testing.assert_allclose(x.tangent, expected.tangent, rtol=1e-14, atol=1e-14)
    np.testing.assert_array_equal(view.primal, x.primal[1:])


def test_in_place_with_overlapping_views():
    """As NumPy, which takes the values from before the write."""
    n = 4 * large.BLOCK
    x = dm.Dual(np.arange(n + 1.0), np.linspace(0, 1, n + 1))
    p, t = x.primal.copy(), x.tangent.copy()
    x[1:] += x[:-1]
    np.testing.assert_array_equal(x.primal[1:], p[1:] + p[:-1])
    np.testing.assert_array_equal(x.tangent[1:], t[1:] + t[:-1])


def test_read_only_arrays_are_not_written():
    p = np.ones(kernels.LEAST * 2)
    p.flags.writeable = False
    x = dm.Dual(p, np.ones(kernels.LEAST * 2))
    with pytest.raises(ValueError, match="read-only"):
        x += 1.0
    np.testing.assert_array_equal(x.tangent, 1)
