"""The command line: what it prints, where, and with which exit status."""

import os
import subprocess
import sys

import pytest

import dualmc
from dualmc import cli


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "dualmc", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100", **environment},
        timeout=120,
    )


HEADINGS = {"fit": "NIST StRD problems", "paper": "Parr & Howard", "integrate": "Lorenz-96"}


def test_without_a_command_all_demonstrations_run_in_order():
    result = run()
    assert (result.returncode, result.stderr) == (0, "")
    places = [result.stdout.index(h) for h in HEADINGS.values()]
    assert places == sorted(places)


@pytest.mark.parametrize("command", list(HEADINGS))
def test_a_command_runs_its_demonstration_alone(command):
    result = run(command)
    assert (result.returncode, result.stderr) == (0, "")
    assert [c for c, h in HEADINGS.items() if h in result.stdout] == [command]


def test_fit_takes_chosen_problems():
    result = run("fit", "--problem", "MGH09", "--problem", "misra1a")
    assert result.returncode == 0
    assert result.stdout.index("MGH09:") < result.stdout.index("Misra1a:")
    assert "BoxBOD" not in result.stdout


def test_integrate_takes_a_number_of_steps():
    result = run("integrate", "--steps", "7")
    assert result.returncode == 0
    assert "dm.jvp through 7 Runge-Kutta steps" in result.stdout


def test_help_lists_the_commands():
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert all(f"    {command} " in result.stdout for command in HEADINGS)


@pytest.mark.parametrize("command", list(HEADINGS))
def test_every_command_has_help(command):
    result = run(command, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"usage: dualmc {command}" in result.stdout


def test_version():
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"dualmc {dualmc.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nonsense"], "invalid choice: 'nonsense'"),
        (["--nonsense"], "--nonsense"),
        (["fit", "--problem", "Hahn1"], "unknown problem 'Hahn1'; choose from Misra1a, BoxBOD, MGH09"),
        (["fit", "--problem"], "expected one argument"),
        (["paper", "extra\nline"], "extra line"),
        (["integrate", "--steps", "0"], "integer from 1 to 2000, got '0'"),
        (["integrate", "--steps", "-3"], "integer from 1 to 2000, got '-3'"),
        (["integrate", "--steps", "many"], "integer from 1 to 2000, got 'many'"),
        (["integrate", "--steps", "1000000"], "integer from 1 to 2000, got '1000000'"),
    ],
)
def test_wrong_arguments_are_one_line_on_stderr_and_status_2(arguments, message):
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("dualmc")
    assert message in result.stderr


def test_an_encoding_without_mathematical_signs_is_no_error():
    result = run("paper", PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (0, "")


def test_a_closed_pipe_is_no_error():
    with subprocess.Popen([sys.executable, "-m", "dualmc"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=120) == 0


def test_main_can_be_called_from_python(capsys):
    assert cli.main(["fit", "--problem", "BoxBOD"]) == 0
    assert "2.1380940889e+02" in capsys.readouterr().out
