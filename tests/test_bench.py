"""The machinery of the benchmarks: what is wrong is not timed, and tables hold what was measured."""

import numpy as np
import pytest

import dualmc as dm
from bench import tables
from bench.__main__ import check, machine, measure
from bench.problems import PROBLEMS, Problem, array, chain, chain_by_hand


@pytest.fixture(autouse=True)
def settings():
    yield
    dm.config.kernels = "auto"


def tiny(hand=chain_by_hand, limit=1e9):
    return Problem("chain", "", "push", chain, hand=hand, limit=limit, **array(600, 2))


def test_a_problem_is_checked_and_timed():
    result = measure(tiny(), {}, 0.01)
    assert set(result["seconds"]) == {"NumPy", "by hand", "dualmc", "dualmc, kernels"}
    assert not tables.missed(result)
    text = tables.text({"machine": machine(), "results": {"chain": result}, "imports": {}})
    assert "chain" in text
    assert "1e+09 kept" in text


def test_what_is_wrong_is_not_timed():
    with pytest.raises(AssertionError, match="dualmc is wrong by"):
        measure(tiny(lambda x, v: (chain(np)(x), 2 * chain_by_hand(x, v)[1])), {}, 0.01)


def test_a_peer_that_fails_leaves_a_note():
    def peer(problem):
        raise NotImplementedError("not this one")

    assert measure(tiny(), {"peer": peer}, 0.01)["notes"] == ["peer: NotImplementedError not this one"]


def test_a_missed_limit_is_seen(tmp_path):
    result = measure(tiny(limit=1e-9), {}, 0.01)
    assert tables.missed(result)
    page = tmp_path / "page.md"
    page.write_text(f"before {tables.BEGIN} old {tables.END} after")
    tables.write_markdown({"machine": "a machine", "results": {"chain": result}, "imports": {}}, page)
    assert "| chain |" in page.read_text()
    assert " old " not in page.read_text()


def test_names_are_unique_and_derivatives_by_hand_right():
    assert len({p.name for p in PROBLEMS}) == len(PROBLEMS)
    for p in PROBLEMS:
        if p.hand is not None and p.task in ("gradient", "jacobian") and np.size(p.x) < 50:
            check(p.name, p, getattr(dm, p.task)(p.f(np))(p.x), p.hand(p.x))
