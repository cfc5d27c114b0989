"""Nothing loses a tangent silently: right, or a TypeError with the way out."""

import io
import math
import struct

import numpy as np
import pytest

import dualmc as dm

X = np.array([1.5, 2.5, 3.5])


def dual():
    return dm.Dual(X.copy(), np.array([1.0, 2.0, 3.0]))


def scalar():
    return dual()[0]


def set_item(a, key, value):
    a[key] = value


def add_into(a, value):
    a += value


LOSSES = {
    "np.asarray": lambda: np.asarray(dual()),
    "np.array": lambda: np.array(dual()),
    "np.array with dtype": lambda: np.array(dual(), dtype=float),
    "np.array of a list": lambda: np.array([scalar(), 2.0]),
    "np.asarray of a list": lambda: np.asarray([scalar(), scalar()]),
    "np.array of nested lists": lambda: np.array([[scalar()], [1.0]]),
    "float": lambda: float(scalar()),
    "int": lambda: int(scalar()),
    "complex": lambda: complex(scalar()),
    "math.sin": lambda: math.sin(scalar()),
    "math.floor": lambda: math.floor(scalar()),
    "math.hypot": lambda: math.hypot(scalar(), 1.0),
    "range": lambda: range(scalar()),
    "plain[:]": lambda: set_item(np.zeros(3), slice(None), dual()),
    "plain[...]": lambda: set_item(np.zeros(3), ..., dual()),
    "plain[mask]": lambda: set_item(np.zeros(3), X > 2, dual()[1:]),
    "0-d plain[...]": lambda: set_item(np.zeros(()), ..., scalar()),
    "integer plain[i]": lambda: set_item(np.zeros(3, int), 0, scalar()),
    "plain.put": lambda: np.zeros(3).put(0, scalar()),
    "np.full": lambda: np.full(3, scalar()),
    "np.full_like": lambda: np.full_like(X, scalar()),
    "np.copyto": lambda: np.copyto(np.zeros(3), dual()),
    "np.put": lambda: np.put(np.zeros(3), [0], scalar()),
    "np.putmask": lambda: np.putmask(np.zeros(3), X > 2, dual()),
    "np.place": lambda: np.place(np.zeros(3), X > 2, dual()),
    "np.fill_diagonal": lambda: np.fill_diagonal(np.zeros((3, 3)), dual()),
    "np.put_along_axis": lambda: np.put_along_axis(np.zeros(3), np.array([0, 1, 2]), dual(), 0),
    "np.frombuffer": lambda: np.frombuffer(dual()),
    "out=plain": lambda: np.sin(dual(), out=np.zeros(3)),
    "out=(plain,)": lambda: np.add(dual(), 1.0, out=(np.zeros(3),)),
    "positional out": lambda: np.sin(dual(), np.zeros(3)),
    "one of two outs": lambda: np.divmod(dual(), 1.0, out=(np.zeros(3), np.zeros(3))),
    "np.sum out": lambda: np.sum(dual(), out=np.zeros(())),
    "method out": lambda: dual().sum(out=np.zeros(())),
    "matmul out": lambda: np.matmul(np.ones((2, 3)), dual(), out=np.zeros(2)),
    "reduce out": lambda: np.add.reduce(dual(), out=np.zeros(())),
    "accumulate out": lambda: np.add.accumulate(dual(), out=np.zeros(3)),
    "outer out": lambda: np.multiply.outer(dual(), dual(), out=np.zeros((3, 3))),
    "ufunc.at": lambda: np.add.at(np.zeros(3), [0, 1, 2], dual()),
    "plain +=": lambda: add_into(np.zeros(3), dual()),
    "0-d plain +=": lambda: add_into(np.zeros(()), scalar()),
    "astype(int)": lambda: dual().astype(int),
    "astype(bool)": lambda: dual().astype(bool),
    "np.astype(int)": lambda: np.astype(dual(), np.int64),
    "sum dtype=int": lambda: np.sum(dual(), dtype=int),
    "cumsum dtype=int": lambda: np.cumsum(dual(), dtype=int),
    "concatenate dtype=int": lambda: np.concatenate([dual(), dual()], dtype=int, casting="unsafe"),
    "tobytes": lambda: dual().tobytes(),
    "tofile": lambda: dual().tofile(io.BytesIO()),
    "bytes": lambda: bytes(dual()),
    "memoryview": lambda: memoryview(dual()),
    "view(int)": lambda: dual().view(np.int64),
    "np.save": lambda: np.save(io.BytesIO(), dual()),
    "np.savetxt": lambda: np.savetxt(io.StringIO(), dual()),
    "as an index": lambda: X[scalar()],
    "dual as its own index": lambda: dual()[scalar()],
    "np.take by a Dual": lambda: np.take(X, dual()),
    "list of Duals to np.sum": lambda: np.sum([scalar(), scalar()]),
    "np.vectorize": lambda: np.vectorize(lambda v: float(v))(dual()),
}


# NumPy and struct ask for float(x) and put an error of their own on top of ours.
REWORDED = {
    "np.fromiter": lambda: np.fromiter((v for v in dual()), float),
    "plain[i]": lambda: set_item(np.zeros(3), 0, scalar()),
    "plain[i] of 0-d": lambda: set_item(np.zeros(()), (), scalar()),
    "plain.flat": lambda: set_item(np.zeros(3).flat, 0, scalar()),
    "plain.fill": lambda: np.zeros(3).fill(scalar()),
    "struct": lambda: struct.pack("d", scalar()),
}


@pytest.mark.parametrize("lose", LOSSES.values(), ids=LOSSES)
def test_what_would_lose_a_tangent_raises(lose):
    with pytest.raises(TypeError):
        lose()


@pytest.mark.parametrize("lose", REWORDED.values(), ids=REWORDED)
def test_what_asks_for_a_float_raises(lose):
    with pytest.raises((TypeError, ValueError, struct.error)):
        lose()


def test_the_reason_is_the_cause_of_numpys_error():
    with pytest.raises(ValueError) as caught:
        set_item(np.zeros(3), 0, scalar())
    assert isinstance(caught.value.__cause__, TypeError)
    assert "np.zeros(shape, like=x)" in str(caught.value.__cause__)


HELPED = ["np.asarray", "float", "math.sin", "plain[...]", "0-d plain[...]", "np.full", "np.copyto", "out=plain", "ufunc.at", "tobytes"]


@pytest.mark.parametrize("name", HELPED)
def test_the_message_tells_the_way_out(name):
    with pytest.raises(TypeError, match=r"(?s)tangent.*(np\.zeros|dm\.primal)"):
        LOSSES[name]()


def test_an_unknown_function_is_named_with_the_way_to_add_it():
    def strange(x):
        raise AssertionError

    with pytest.raises(TypeError, match=r"strange.*defrule"):
        dm.Dual.__array_function__(dual(), strange, (dm.Dual,), (dual(),), {})


def test_an_unknown_ufunc_is_named():
    halve = np.frompyfunc(lambda v: v / 2, 1, 1)
    with pytest.raises(TypeError, match="defrule"):
        halve(dual())


def test_the_ways_out_work():
    d = dual()
    for buffer in (np.zeros(3, like=d), np.zeros_like(d), np.empty_like(d)):
        buffer[...] = d
        assert np.array_equal(buffer.tangent, d.tangent)
    stacked = np.array([d[0], 2.0], like=d)
    assert np.array_equal(stacked.tangent, [1.0, 0.0])
    assert np.array_equal(dm.primal(d), X)


def test_a_failed_write_changes_nothing():
    plain = np.zeros(3)
    with pytest.raises(TypeError):
        plain += dual()
    with pytest.raises(TypeError):
        np.sin(dual(), out=plain)
    assert np.array_equal(plain, np.zeros(3))
