"""The comparison of modes: what is counted is right, what is measured has a place, and it comes out in every form."""

import io
import json
import sys

import numpy as np
import pytest

import dualmc as dm

RNG = np.random.default_rng(0)
A = RNG.normal(size=(20, 30))
SHORT = 0.01


def layer(x):
    return np.tanh(A @ x)


def test_shape_units_passes_and_operations():
    found = dm.compare(layer, RNG.normal(size=30), seconds=SHORT)
    assert found.function == "layer"
    assert found.shape == (20, 30)
    assert found.operations == {"Bound": 1, "Slope": 1}
    assert [(m.name, m.unit, m.units, m.passes) for m in found.modes] == [("forward", "column", 30, 1), ("reverse", "row", 20, 1)]
    assert found.digits > 12
    assert found.modes[0].digits is None
    assert found.seconds > 0
    assert found.bytes > 0
    assert all(m.seconds > 0 and m.bytes > 0 for m in found.modes)


def test_passes_are_the_runs_of_the_function_and_the_walks_back(monkeypatch):
    runs, walks = [], []

    def f(x):
        runs.append(1)
        return x * 2.0

    x = np.ones(600)
    found = dm.compare(f, x, seconds=SHORT)
    runs.clear()
    dm.jacobian(f)(x)
    assert found.modes[0].passes == len(runs) > 1
    tape = sys.modules["dualmc.tangents.tape"].Tape
    pull = tape.pull
    monkeypatch.setattr(tape, "pull", lambda *a, **k: (walks.append(1), pull(*a, **k))[1])
    dm.reverse.jacobian(f)(x)
    assert found.modes[1].passes == len(walks) > 1


def test_the_advice_agrees_with_itself():
    for f, x in ((layer, np.ones(30)), (lambda x: np.sum(np.sin(x)), np.ones(400)), (lambda t: np.sin(t * np.ones(400)), 1.0)):
        found = dm.compare(f, x, seconds=SHORT)
        forward, reverse = found.modes
        assert found.best == ("reverse" if reverse.seconds < forward.seconds else "forward")
        n_out, n_in = found.shape
        assert (n_out / n_in < found.crossover) == (found.best == "reverse")
        assert found.crossover == pytest.approx((forward.seconds / n_in) / (reverse.seconds / n_out))
        assert found.why.startswith(f"use {found.best}: ")


def test_structures_and_argnums():
    def f(p, y, w):
        return {"a": p["x"] * y, "b": np.sum(p["x"]) * w}

    p = {"x": np.ones(3)}
    assert dm.compare(f, p, 2, np.ones(4), seconds=SHORT).shape == (7, 8)
    assert dm.compare(f, p, 2, np.ones(4), argnums=0, seconds=SHORT).shape == (7, 3)
    assert dm.compare(f, p, 2, np.ones(4), argnums=(0, -1), seconds=SHORT).shape == (7, 7)


def test_single_precision_agrees_in_its_own_digits():
    found = dm.compare(layer, np.ones(30, np.float32), seconds=SHORT)
    assert 4 < found.digits <= 16


def test_a_jacobian_of_zeros_and_nan_agrees():
    assert dm.compare(lambda x: np.ones(2), np.ones(3), seconds=SHORT).digits > 15
    with np.errstate(invalid="ignore"):
        assert dm.compare(lambda x: np.sqrt(x), np.array([-1.0, 4.0]), seconds=SHORT).digits > 15


def test_disagreement_is_seen(monkeypatch):
    module = sys.modules["dualmc.comparison"]
    forward, reverse = module._WAYS
    wrong = reverse._replace(transform=lambda f, argnums: lambda *xs: (dm.jacobian(f)(*xs) * (1 + 1e-5),))
    monkeypatch.setattr(module, "_WAYS", (forward, wrong))
    assert dm.compare(layer, np.ones(30), seconds=SHORT).digits == pytest.approx(5, abs=0.1)


def test_a_third_mode_is_one_more_row(monkeypatch):
    module = sys.modules["dualmc.comparison"]
    third = module._WAYS[0]._replace(name="structured")
    monkeypatch.setattr(module, "_WAYS", (*module._WAYS, third))
    found = dm.compare(layer, np.ones(30), seconds=SHORT)
    assert [m["name"] for m in found.to_dict()["modes"]] == ["forward", "reverse", "structured"]
    assert "structured" in str(found)


def test_every_form_shows_every_mode(tmp_path):
    found = dm.compare(layer, np.ones(30), seconds=SHORT)
    for text in (str(found), found._repr_html_(), json.dumps(found.to_dict(), allow_nan=False)):
        assert all(word in text for word in ("forward", "reverse", "layer", found.best))
    assert "<lambda>" not in dm.compare(lambda x: x, 1.0, seconds=SHORT)._repr_html_()
    pytest.importorskip("matplotlib")
    found.plot(tmp_path / "layer.png")
    assert (tmp_path / "layer.png").read_bytes().startswith(b"\x89PNG")


def test_print_writes_the_layout(capsys):
    file = io.StringIO()
    for found in (dm.compare(layer, np.ones(30), seconds=SHORT), dm.trace(layer, np.ones(30))):
        found.print()
        assert capsys.readouterr().out == f"{found}\n"
        found.print(file)
        found.print(file=file)
        assert file.getvalue().endswith(f"{found}\n" * 2)
        assert not capsys.readouterr().out


def test_the_callers_array_is_not_written():
    x = np.ones(3)

    def f(x):
        x *= 2
        return x

    dm.compare(f, x, seconds=SHORT)
    np.testing.assert_array_equal(x, np.ones(3))


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"compare\(\.\.\.\)\.plot needs matplotlib.*dualmc\[plot\]"):
        dm.compare(layer, np.ones(30), seconds=SHORT).plot("unwritten.png")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: dm.compare(3, 1.0), TypeError, "compare: f must be a function, got int"),
        (lambda: dm.compare(layer), ValueError, "compare: primals must hold at least one"),
        (lambda: dm.compare(layer, "x"), TypeError, "compare: argument 0 must be a number"),
        (lambda: dm.compare(layer, {"a": [None]}), TypeError, r"compare: argument 0\['a'\]\[0\]"),
        (lambda: dm.compare(layer, 1j * np.ones(30)), TypeError, "compare: an input has dtype complex128"),
        (lambda: dm.compare(layer, np.ones(30), argnums=1), ValueError, "compare: argnums=1 does not fit"),
        (lambda: dm.compare(layer, np.ones(30), seconds=0), ValueError, "compare: seconds must be a positive number, got 0"),
        (lambda: dm.compare(layer, np.ones(30), seconds="1"), ValueError, "compare: seconds must be a positive number, got '1'"),
        (lambda: dm.compare(lambda x: x, np.ones(0)), ValueError, "compare: the Jacobian must have entries; f has 0 outputs and 0 inputs"),
    ],
)
def test_errors_say_what_was_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()
