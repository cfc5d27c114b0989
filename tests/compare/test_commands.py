"""`dualmc compare` and `dualmc trace`: what they print, and one line on stderr for what does not fit."""

import json
import os
import subprocess
import sys

import pytest

from dualmc import cli

MODULE = """
import numpy as np

def loss(x):
    return np.sum(np.tanh(x) ** 2)

def product(a, b):
    return a @ b

class Model:
    @staticmethod
    def square(x):
        return x * x

broken = 3
"""


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    (tmp_path / "functions_of_mine.py").write_text(MODULE)
    (tmp_path / "fails_on_import.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "functions_of_mine", raising=False)
    return tmp_path


def test_compare_prints_the_table(capsys):
    assert cli.main(["compare", "functions_of_mine:loss", "--at", "np.ones(20)", "--seconds", "0.01"]) == 0
    out = capsys.readouterr().out
    assert "loss: Jacobian 1 × 20" in out
    assert "use " in out


def test_json_parses_and_has_the_numbers(capsys):
    arguments = ["compare", "functions_of_mine:product", "--at", "np.eye(3)", "--at", "np.arange(3)", "--seconds", "0.01", "--json"]
    assert cli.main(arguments) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["shape"] == [3, 12]
    assert {m["name"] for m in found["modes"]} == {"forward", "reverse", "structured"}


def test_plot_writes_a_picture(module, capsys):
    pytest.importorskip("matplotlib")
    assert cli.main(["compare", "functions_of_mine:loss", "--at", "1.5", "--seconds", "0.01", "--plot", "loss.png"]) == 0
    assert (module / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_trace_prints_the_steps(capsys):
    assert cli.main(["trace", "functions_of_mine:Model.square", "--at", "3"]) == 0
    out = capsys.readouterr().out
    assert "u1 = multiply(x, x)" in out
    assert "3·1 + 3·1 = 6" in out


def test_as_a_process_from_the_working_directory(module):
    path = os.pathsep.join(p for p in sys.path if p and p != str(module))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-m", "dualmc", "trace", "functions_of_mine:loss", "--at", "np.ones(2)"],
        capture_output=True, check=False, encoding="utf-8", env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert "u1 = tanh(x)" in run.stdout


def test_the_help_says_what_is_evaluated(capsys):
    with pytest.raises(SystemExit):
        cli.main(["compare", "--help"])
    assert "with np for NumPy" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("command", ["compare", "trace"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["functions_of_mine:loss", "--at", "np.on(3)"], "cannot evaluate 'np.on(3)'"),
        (["functions_of_mine:loss", "--at", "("], "cannot evaluate '('"),
        (["functions_of_mine:loss", "--at", "secret"], "cannot evaluate 'secret': NameError"),
        (["functions_of_mine:loss"], "--at"),
        (["functions_of_mine:los", "--at", "1"], "no function 'los' in the module 'functions_of_mine'"),
        (["functions_of_mine", "--at", "1"], "must be written MODULE:FUNCTION, got 'functions_of_mine'"),
        (["functions_of_mine:broken", "--at", "1"], "is no function but a int"),
        (["nowhere_to_be_found:loss", "--at", "1"], "cannot import the module 'nowhere_to_be_found'"),
        (["fails_on_import:loss", "--at", "1"], "cannot import the module 'fails_on_import': ZeroDivisionError"),
        (["functions_of_mine:product", "--at", "np.ones(3)", "--at", "np.ones(4)"], "mismatch"),
        (["functions_of_mine:product", "--at", "1"], "missing 1 required positional argument"),
        (["functions_of_mine:loss", "--at", "'text'"], "must be a number"),
    ],
)
def test_what_does_not_fit_is_one_line_on_stderr_and_status_2(command, arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main([command, *arguments])
    out, err = capsys.readouterr()
    assert (stop.value.code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith(f"dualmc {command}")
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seconds", "0"], "must be positive, got '0'"),
        (["--seconds", "x"], "must be positive"),
        (["--plot", "/nowhere/x.png"], "cannot plot"),
    ],
)
def test_options_of_compare(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["compare", "functions_of_mine:loss", "--at", "1.0", "--seconds", "0.01", *arguments])
    out, err = capsys.readouterr()
    assert (stop.value.code, out, err.count("\n")) == (2, "", 1)
    assert message in err
