"""The decorator and the plugin: how many points, what a failure shows, and what a project that uses neither pays."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

import dualmc as dm
from dualmc import testing as dt

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "oscillator"


def pytest_in(folder, *options):
    """Run pytest with the plugin in a folder; with dualmc installed, its entry point is the same plugin."""
    command = [sys.executable, "-m", "pytest", "-p", "pytest_dualmc", "-p", "no:cacheprovider", "--rootdir", ".", *options]
    path = os.pathsep.join([str(ROOT), str(folder)])
    return subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False)


def test_the_example_project_passes():
    run = pytest_in(EXAMPLE, "--dualmc-examples", "5")
    assert run.returncode == 0, run.stdout + run.stderr


COUNTING = """
from dualmc.testing import derivative_test
seen = []

def f(x):
    return x * x

def slope(x, v):
    seen.append(1)
    return 2 * x * v

test_a = derivative_test((0.1, 0.9), 40, jvp=slope, examples=3)(f)

def test_as_many_as_were_asked_for(request):
    n = request.config.getoption("--dualmc-examples")
    assert len(seen) == 3 * (n or 3), len(seen)
    del seen[:]

def test_fixture(derivative, request):
    derivative(f, (0.1, 0.9), 40, jvp=slope, examples=4)
    assert len(seen) == 3 * (request.config.getoption("--dualmc-examples") or 4)
"""


@pytest.mark.parametrize("options", [(), ("--dualmc-examples", "7")], ids=str)
def test_the_option_says_how_many_points(tmp_path, options):
    (tmp_path / "test_count.py").write_text(COUNTING)
    run = pytest_in(tmp_path, *options)
    assert run.returncode == 0, run.stdout + run.stderr


WRONG = """
import numpy as np
from dualmc.testing import derivative_test

@derivative_test((-3.0, 3.0), 2, jacobian=lambda x: np.diag(np.where(x > 1, -np.cos(x), np.cos(x))))
def test_sine(x):
    return np.sin(x)
"""


def test_a_failure_shows_the_smallest_point_and_the_table(tmp_path):
    (tmp_path / "test_wrong.py").write_text(WRONG)
    run = pytest_in(tmp_path)
    assert run.returncode == 1
    for words in (
        "<lambda>, as the derivative of test_sine, is wrong in 1 of 4 entries",
        "suspected  wrong sign",
        "test_sine(",
        "x=array(",
    ):
        assert words in run.stdout, run.stdout
    bad = next(line for line in run.stdout.splitlines() if "point  " in line)
    assert "1.00195" in bad  # the first number of the grid above 1, where the branch is wrong
    assert "def compare" not in run.stdout  # no code of ours


PROGRAM = """
import numpy as np
from hypothesis import given, settings
import dualmc as dm
from dualmc.testing import check_jvp, smooth_programs

@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(f=smooth_programs(2))
def test_programs(f):
    def jvp(x, v):
        tangent = dm.jvp(f, (x,), (v,))[1]
        return -tangent if "np.tanh(" in repr(f) else tangent
    check_jvp(f, jvp, np.array([0.3, 0.7]))
"""


def test_a_failure_shows_the_smallest_program(tmp_path):
    (tmp_path / "test_program.py").write_text(PROGRAM)
    run = pytest_in(tmp_path)
    assert run.returncode == 1
    assert "suspected  wrong sign" in run.stdout, run.stdout
    program = run.stdout[run.stdout.index("f=def program(x):") :].splitlines()
    assert [line.strip(" E,") for line in program[1:3]] == ["y1 = np.tanh(x)", "return y1"], run.stdout


def test_a_number_that_is_not_positive_is_refused(tmp_path):
    run = pytest_in(tmp_path, "--dualmc-examples", "0")
    assert run.returncode == 4
    assert "must be positive, got 0" in run.stderr


UNUSED = """
import sys

def test_nothing_is_loaded(request):
    assert not {"dualmc", "numpy", "hypothesis.strategies", "dualmc.testing"} & set(sys.modules)
    assert "derivative" not in request.fixturenames
"""


def test_a_project_that_does_not_use_the_plugin_loads_nothing(tmp_path):
    (tmp_path / "test_unused.py").write_text(UNUSED)
    run = pytest_in(tmp_path, "-p", "no:hypothesispytest", "-p", "no:_hypothesis_pytestplugin")
    assert run.returncode == 0, run.stdout + run.stderr


def test_without_hypothesis_the_message_says_what_to_install():
    code = "import sys; sys.modules['hypothesis'] = None; import dualmc.testing"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "ImportError: dualmc.testing needs Hypothesis; install it with: python -m pip install 'dualmc[test]'" in run.stderr


def test_importing_dualmc_does_not_import_testing():
    code = "import sys, dualmc; print([m for m in sys.modules if 'hypothesis' in m or 'dualmc.testing' in m or m == 'pytest'])"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip() == "[]"


# The decorator. ----------------------------------------------------------------------------------------------


def test_without_derivatives_it_is_dualmc_that_is_tested():
    dt.derivative_test((0.2, 3.0), 3, examples=5)(lambda x: np.log(x) * x[::-1])()

    def wrong(x):
        return x * dm.primal(x)

    with pytest.raises(AssertionError, match="factor 1/2"):
        dt.derivative_test((0.2, 3.0), 3, examples=5)(wrong)()


def test_every_check_can_be_named():
    f = lambda x: np.sum(x**3)
    about = {
        "jvp": lambda x, v: np.sum(3 * x**2 * v),
        "vjp": lambda x, u: 3 * x**2 * u,
        "jacobian": lambda x: 3 * x**2,
        "gradient": lambda x: 3 * x**2,
        "hessian": lambda x: np.diag(6 * x),
        "hvp": lambda x, v: 6 * x * v,
    }
    test = dt.derivative_test((0.5, 2.0), 2, examples=5, **about)(f)
    assert test.function is f
    test()
    with pytest.raises(TypeError, match="no check for slope"):
        dt.derivative_test(slope=np.cos)


def test_further_arguments_reach_function_and_derivative():
    dt.derivative_test((0.5, 2.0), 2, args=(3.0,), examples=5, jvp=lambda x, v, a: a * v)(lambda x, a: a * x)()


def test_points_at_which_nothing_can_be_said_are_passed_over():
    seen = []

    def f(x):
        seen.append(1)
        return np.where(x < 0.5, np.nan, x)

    dt.derivative_test((0.0, 1.0), 1, examples=5, jvp=lambda x, v: v)(f)()
    assert seen


def test_settings_of_hypothesis_hold_where_nothing_else_is_said():
    count = []
    strategy = dt.arrays_in((0.1, 0.9), 30)
    test = dt.derivative_test(strategy, jvp=lambda x, v: count.append(1) or v)(lambda x: x)
    test()
    assert len(count) == 3 * settings().max_examples
