"""The machinery of the benchmarks: what is wrong is not timed, and tables hold what was measured."""

import importlib
import importlib.util
import json
import sys
import warnings

import numpy as np
import pytest

import dualmc as dm
from bench import __main__ as command
from bench import curves, ours, peers, problems, screen, tables
from bench.candidate import Candidate, UnableError
from bench.measure import WrongError, check, measure, truth
from bench.problems import PROBLEMS, Problem, array, chain, chain_by_hand
from bench.timing import interleaved

RNG = np.random.default_rng(1)
W = RNG.normal(size=(2, 3))


@pytest.fixture(autouse=True)
def settings():
    yield
    dm.config.kernels = "auto"


def tiny(hand=chain_by_hand, limit=1e9):
    return Problem("chain", "", "push", chain, hand=hand, limit=limit, **array(600, 2))


def report_of(results):
    return {"machine": "a machine", "results": results, "imports": {}}


SMALL = {
    "one direction": Problem("chain", "", "push", chain, hand=chain_by_hand, **array(5)),
    "several directions": Problem("chain", "", "push", chain, hand=chain_by_hand, **array(5, 3)),
    "stencil": Problem(
        "brusselator", "", "jvp", problems.brusselator, *RNG.uniform(1, 3, (2, 2, 4)), problems.brusselator_by_hand
    ),
    "steps": Problem(
        "lorenz", "", "jvp", problems.lorenz, *RNG.normal(size=(2, 6)), problems.lorenz_by_hand,
        forms={"jax.jit": problems.lorenz_of_jax, "casadi": problems.lorenz_of_casadi},
    ),
    "gradient": Problem(
        "rosenbrock", "", "gradient", problems.rosenbrock, RNG.normal(size=4), hand=problems.rosenbrock_by_hand,
        scalar_f=problems.rosenbrock_of_numbers,
    ),
    "latency": Problem(
        "three", "", "gradient", problems.latency, RNG.normal(size=3), hand=problems.latency_by_hand, scalar_f=problems.latency_of_numbers
    ),
    "jacobian": Problem(
        "layer", "", "jacobian", lambda np: lambda x: np.tanh(W @ x), RNG.normal(size=3),
        hand=lambda x: (1 - np.tanh(W @ x) ** 2)[:, None] * W,
    ),
    "sparse": Problem(
        "brusselator", "mostly zeros", "jacobian", problems.brusselator, RNG.uniform(1, 3, (2, 4)),
        hand=problems.brusselator_jacobian_by_hand,
    ),
    "hessian": Problem(
        "ackley", "", "hessian", problems.ackley, RNG.normal(size=4), hand=problems.ackley_hessian_by_hand,
        scalar_f=problems.ackley_of_numbers,
    ),
    "sparse hessian": Problem(
        "rosenbrock", "", "hessian", problems.rosenbrock, RNG.normal(size=4), hand=problems.rosenbrock_hessian_by_hand,
        scalar_f=problems.rosenbrock_of_numbers,
    ),
}  # fmt: skip

CANNOT = {"asdex": {"push", "jvp", "gradient"}}

# What is measured. -------------------------------------------------------------------------------------------


def test_a_problem_is_checked_and_timed():
    result = measure(tiny(), {}, 0.01)
    assert set(result["seconds"]) == {"NumPy", "by hand", "dualmc", "dualmc, kernels"}
    assert not tables.missed(result)
    text = tables.text({"machine": command.machine(), "results": {"chain": result}, "imports": {}})
    assert "chain" in text
    assert "1e+09 kept" in text


@pytest.mark.parametrize("wrong", [lambda y, t: (y, 2 * t), lambda y, t: (y, t[0]), lambda y, t: (y, t * np.nan), lambda y, t: (y,)])
def test_what_is_wrong_is_not_timed(wrong):
    calls = []

    def peer(problem):
        return Candidate(lambda: calls.append(1) or wrong(*chain_by_hand(problem.x, problem.v)))

    result = measure(tiny(), {"peer": peer}, 0.01)
    assert "WrongError" in result["notes"]["peer"]
    assert "peer" not in result["seconds"] | result["first"]
    assert len(calls) == 1


def test_a_wrong_dualmc_ends_all():
    with pytest.raises(WrongError, match="dualmc is wrong by"):
        measure(tiny(lambda x, v: (chain(np)(x), 2 * chain_by_hand(x, v)[1])), {}, 0.01)


def test_a_peer_that_fails_leaves_a_note():
    def fails(problem):
        raise NotImplementedError("\nnot this one\nin detail")

    def unable(problem):
        raise UnableError("for others")

    result = measure(tiny(), {"a": fails, "b": unable}, 0.01)
    assert result["notes"] == {"a": "NotImplementedError: not this one", "b": "for others"}
    assert "| a   | chain    |" in tables.text(report_of({"chain": result}))


def test_a_slow_candidate_does_not_keep_the_others():
    calls = {"slow": 0, "quick": 0}

    def called(name, work):
        def call():
            calls[name] += 1
            return sum(range(work))

        return call

    interleaved({"slow": called("slow", 200_000), "quick": called("quick", 1)}, seconds=1e-5, prepare={})
    assert calls["slow"] <= 2
    assert calls["quick"] > 5


@pytest.mark.parametrize("name", SMALL)
def test_derivatives_by_hand_are_right(name):
    p = SMALL[name]
    build = ours.nested if p.task == "hessian" else ours.dualmc
    candidate = build(p)
    check(name, p, candidate.dense(candidate.call()), p.hand(p.x) if p.v is None else p.hand(p.x, p.v))


def test_hessians_are_of_dualmc_where_it_has_them():
    result = measure(SMALL["hessian"], {}, 0.001)
    assert "nested, one column" in result["seconds"]
    assert ("dualmc" in result["seconds"]) == hasattr(dm, "value_gradient_and_hessian") == ("dualmc" not in result["notes"])


def test_jacobians_that_are_mostly_zeros_are_found_sparse_too():
    assert "dualmc, sparse" in measure(SMALL["sparse"], {}, 0.001)["seconds"]
    assert "dualmc, sparse" not in measure(SMALL["jacobian"], {}, 0.001)["seconds"]


def test_names_are_unique():
    assert len({p.name for p in PROBLEMS}) == len(PROBLEMS)


@pytest.mark.parametrize("problem", SMALL)
@pytest.mark.parametrize("name", peers.PEERS)
def test_peers_agree_with_the_reference(name, problem):
    peer, p = peers.PEERS[name], SMALL[problem]
    if importlib.util.find_spec(peer.module) is None:
        pytest.skip(f"{name} is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if p.task in CANNOT.get(name, ()):
            with pytest.raises(UnableError):
                peer(p)
        else:
            candidate = peer(p)
            check(name, p, candidate.dense(candidate.call()), truth(p))


# What is shown. ----------------------------------------------------------------------------------------------


def test_a_missed_limit_is_seen(tmp_path):
    result = measure(tiny(limit=1e-9), {}, 0.01)
    assert tables.missed(result)
    page = tmp_path / "page.md"
    page.write_text(f"before {tables.BEGIN} old {tables.END} after")
    tables.write_markdown(report_of({"chain": result}), page)
    assert "| chain |" in page.read_text()
    assert " old " not in page.read_text()


def timed(task, notes=None, **seconds):
    return {"task": task, "seconds": {"NumPy": 1.0, **seconds}, "first": dict(seconds), "notes": notes or {}, "limit": None}


def test_tables_have_the_columns_of_those_who_took_part():
    both = {"dualmc": 3.0, "dualmc, kernels": 2.0}
    results = {
        "a": timed("push", **both, quick=4.0),
        "b": timed("hessian", {"quick": "for a only"}, **both, slow=400.0),
        "c": timed("hessian", {"quick": "for a only"}, **both),
    }
    report = report_of(results) | {"imports": {"numpy": 0.1, "quick": 0.2}}
    first, second, calls, imports, absent = tables.tables(report)
    assert first.head == ["", "NumPy, µs", "dualmc", "dualmc, kernels", "quick", "of best peer"]
    assert second.head == ["", "NumPy, µs", "dualmc", "dualmc, kernels", "slow", "of best peer"]
    assert first.rows == [["a", "1e+06", "3.00", "2.00", "4.00", "0.50"]]
    assert second.rows[1][-2:] == ["-", "-"]
    assert calls.head == ["", "dualmc", "dualmc, kernels", "quick", "slow"]
    assert imports.head == ["", "numpy", "quick"]
    assert absent.rows == [["quick", "all of hessian", "for a only"]]


def test_every_table_is_a_table_of_markdown():
    results = {"a | b": timed("jvp", {"peer": "x | y"}, dualmc=3.0, other=4.0)}
    blocks = [b.splitlines() for b in tables.text(report_of(results)).split("\n\n") if b.startswith("|")]
    assert len(blocks) == 3
    for lines in blocks:
        assert len({line.replace("\\|", "").count("|") for line in lines}) == 1
        assert len({len(line) for line in lines}) == 1
        assert set(lines[1]) <= set("|-: ")


def run(*arguments, name="three"):
    return command.main(["--only", name, "--seconds", "0.01", *map(str, arguments)])


def test_figures_that_are_written_give_the_tables_again(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert run("--json", file) == 0
    out, err = capsys.readouterr()
    assert tables.text(json.loads(file.read_text())) == out.rstrip("\n")
    assert "| three numbers |" in out
    assert "[1/1] three numbers" in err


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="matplotlib draws")
def test_curves_are_written_as_png(tmp_path, monkeypatch):
    monkeypatch.setattr(curves, "OVER", {"n": [(10, 0), (20, 0)], "k": [(10, 1), (10, 2)]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what matplotlib imports
        assert run("--plot", tmp_path / "curves") == 0
    files = sorted((tmp_path / "curves").iterdir())
    assert [f.name for f in files] == ["chain_over_k.png", "chain_over_n.png"]
    assert all(f.read_bytes().startswith(b"\x89PNG\r\n\x1a\n") for f in files)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "no such problem"], "no problem has 'no such problem' in its name; names begin with chain, multiply,"),
        (["--json", "/no/such/directory/figures.json"], "there is no directory /no/such/directory"),
        (["--markdown", "/no/such/page.md"], "/no/such/page.md is not a page with the markers"),
    ],
)
def test_what_would_be_in_vain_is_said_in_a_line(arguments, message, capsys):
    assert command.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err


def test_curves_without_matplotlib_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(curves.importlib.util, "find_spec", lambda name: None)
    assert run("--plot", tmp_path) == 2
    assert capsys.readouterr().err == "python -m bench: --plot needs matplotlib: pip install 'dualmc[bench]'\n"


def test_peers_that_are_missing_are_named(monkeypatch, capsys):
    monkeypatch.setattr(peers, "PEERS", {name: peers.Peer("no_such_module", peers.dualpy) for name in ("one", "two")})
    assert run("--peers") == 0
    assert "not installed, so not measured: one, two (pip install 'dualmc[bench]')\n" in capsys.readouterr().err


def test_peers_can_be_chosen(monkeypatch, capsys):
    monkeypatch.setattr(peers, "PEERS", {name: peers.Peer("no_such_module", peers.dualpy) for name in ("one", "two")})
    assert run("--peers", "two") == 0
    assert "not installed, so not measured: two (" in capsys.readouterr().err


def test_without_rich_tables_are_markdown(monkeypatch, capsys):
    monkeypatch.setattr(screen, "has_rich", lambda: False)
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    assert run() == 0
    out, err = capsys.readouterr()
    assert "| three numbers |" in out
    assert err == f"{screen.HINT}\n[1/1] three numbers\n"
    assert "pip install 'dualmc[bench]'" in screen.HINT


@pytest.mark.skipif(not screen.has_rich(), reason="rich draws")
def test_on_a_terminal_rich_draws(monkeypatch, capsys):
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert run() == 0
    out, err = capsys.readouterr()
    assert "three numbers" in out
    assert "| --" not in out
    assert "[1/1]" not in err


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ({"dualmc": 1.5}, "2 kept"),
        ({"dualmc": 3.0}, "2 missed"),
        ({"dualmc": 3.0, "by hand": 2.5, "least": 1.5}, "2 missed, by hand 2.50"),
        ({"dualmc": 3.0, "by hand": 2.9, "least": 2.25}, "2 bound: 2.25"),
        ({"dualmc": 3.0, "dualpy": 6.0, "autograd": 7.0}, "0.50 kept"),
        ({"dualmc": 3.0, "dualpy": 4.0, "autograd": 7.0}, "0.75 missed"),
        ({"dualmc": 3.0, "dualpy": 9.0, "autograd": 1.25}, "2.40 bound: 0.80"),
    ],
)
def test_verdicts_name_what_no_method_is_spared(seconds, said):
    result = timed("push", **seconds) | {"limit": 2.0}
    report = {"machine": "", "results": {"f": result}, "imports": {}}
    assert f"{said} |" in tables.text(report)
    assert tables.missed(result) == (seconds["dualmc"] > 2)
