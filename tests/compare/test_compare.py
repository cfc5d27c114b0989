"""The comparison of modes: what is counted is right, what is measured has a place, and it comes out in every form."""

import dataclasses
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
    assert [(m.name, m.unit, m.units, m.passes) for m in found.modes] == [
        ("forward", "column", 30, 1),
        ("reverse", "row", 20, 1),
        ("structured", "slot", 1, 2),  # the product is a cut: with slots once over the record, and back by rows
    ]
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
    dm.jacobian(f, strategy="dense")(x)
    assert found.modes[0].passes == len(runs) > 1
    tape = sys.modules["dualmc.tangents.tape"].Tape
    pull = tape.pull
    monkeypatch.setattr(tape, "pull", lambda *a, **k: (walks.append(1), pull(*a, **k))[1])
    dm.reverse.jacobian(f)(x)
    assert found.modes[1].passes == len(walks) > 1


def test_the_advice_agrees_with_itself():
    for f, x in ((layer, np.ones(30)), (lambda x: np.sum(np.sin(x)), np.ones(400)), (lambda t: np.sin(t * np.ones(400)), 1.0)):
        found = dm.compare(f, x, seconds=SHORT)
        forward, reverse = found.modes[:2]
        assert found.best == min(found.modes, key=lambda m: m.seconds).name
        n_out, n_in = found.shape
        assert (n_out / n_in < found.crossover) == (reverse.seconds < forward.seconds)
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
    forward, reverse, _ = module._WAYS
    wrong = reverse._replace(transform=lambda f, argnums: lambda *xs: (dm.jacobian(f)(*xs) * (1 + 1e-5),))
    monkeypatch.setattr(module, "_WAYS", (forward, wrong))
    assert dm.compare(layer, np.ones(30), seconds=SHORT).digits == pytest.approx(5, abs=0.1)


def test_a_further_mode_is_one_more_row(monkeypatch):
    module = sys.modules["dualmc.comparison"]
    further = module._WAYS[0]._replace(name="another")
    monkeypatch.setattr(module, "_WAYS", (*module._WAYS, further))
    found = dm.compare(layer, np.ones(30), seconds=SHORT)
    assert [m["name"] for m in found.to_dict()["modes"]] == ["forward", "reverse", "structured", "another"]
    assert "another" in str(found)


EDGES = np.array([[0, 1], [1, 2], [2, 0], [2, 3], [3, 4]])


def on_edges(u):
    r = np.zeros_like(u)
    np.add.at(r, EDGES[:, 0], np.tanh(u[EDGES[:, 1]] - u[EDGES[:, 0]]))
    return r


@pytest.mark.parametrize(
    ("f", "n", "slots", "cuts", "entries"),
    [
        (np.sin, 5, 1, 0, 5),
        (lambda u: u[2:] - 2 * u[1:-1] + u[:-2] ** 2, 9, 3, 0, 21),
        (lambda u: np.outer(u, u), 4, 2, 0, 4 * (2 * 4 - 1)),
        (lambda u: np.sum(u[1:] * u[:-1]), 6, 2, 1, 6),
        (on_edges, 5, 2, 1, 2 + 2 + 3 + 2),
        (lambda u: np.cumsum(u), 4, 1, 1, 10),
        (lambda u: A[:3, :3] @ u, 3, 1, 1, 9),
    ],
)
def test_slots_cuts_and_entries_are_those_of_the_function(f, n, slots, cuts, entries):
    pytest.importorskip("scipy")
    found = dm.compare(f, RNG.uniform(1, 2, n), seconds=SHORT)
    assert (found.slots.most, found.slots.cuts, found.slots.entries) == (slots, cuts, entries)
    assert found.share == pytest.approx(entries / (found.shape[0] * found.shape[1]))
    assert found.modes[2].units == slots
    assert found.to_dict()["slots"] == {"most": slots, "cuts": cuts, "entries": entries, "share": found.share}


def test_entries_that_happen_to_be_zero_are_counted():
    pytest.importorskip("scipy")
    assert dm.compare(lambda u: u[1:] * u[:-1], np.zeros(5), seconds=SHORT).slots.entries == 8


def test_structured_is_left_out_where_there_is_no_structure():
    for f in (lambda u: np.ones(2), lambda u: np.real(np.conj(np.fft.fft(u)))):
        found = dm.compare(f, np.ones(3), seconds=SHORT)
        assert [m.name for m in found.modes] == ["forward", "reverse"]
        assert found.slots is found.share is found.to_dict()["slots"] is None
        assert "structured" not in str(found)


def test_without_scipy_slots_and_cuts_are_counted_and_entries_are_not(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    found = dm.compare(lambda u: np.sum(u[1:] * u[:-1]), np.ones(6), seconds=SHORT)
    assert (found.slots.most, found.slots.cuts, found.slots.entries, found.share) == (2, 1, None, None)
    assert "at most 2 slots, 1 cut\n" in str(found)


@pytest.mark.parametrize("quickest", [0, 1, 2])
def test_the_advice_names_the_quickest(quickest):
    found = dm.compare(lambda u: u[1:] * u[:-1], np.ones(6), seconds=SHORT)
    modes = tuple(dataclasses.replace(m, seconds=1.0 + (i != quickest)) for i, m in enumerate(found.modes))
    found = dataclasses.replace(found, modes=modes)
    assert found.best == found.modes[quickest].name
    assert found.why.startswith(f"use {found.best}: ")
    assert ("at most 2 slots" in found.why) == (quickest == 2)


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
