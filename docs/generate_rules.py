"""
Write docs/rules.md from the rule table, or check that it is current.

The formulas are not written anywhere: each partial of an element-wise entry is called with symbols in place of arrays,
and what it does to them is spelled out.

    python docs/generate_rules.py            write the page
    python docs/generate_rules.py --check    exit with 1 if the page is not current
"""

import functools
import inspect
import math
import operator
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from dualmc.partial import Const
from dualmc.rules import RULES, complete
from dualmc.rules.rule import Composed, Constant, Domain, Edge, Elementwise, Implicit, Join, Linear, Multilinear, Refused, Rule, Weighted
from dualmc.rules.special import SPECIAL

PAGE = Path(__file__).with_name("rules.md")
LONGEST = 400
"""The characters of the longest formula; what sums many terms shows its source instead."""
SOURCES = ("numpy", "operator", "scipy", "dualmc")
"""Packages whose functions the page lists: a user's own rules, entered while the page is checked, are not among them."""


# Expressions: built in normal form, so that a formula reads as one would write it. -----------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """A node of an expression: a name, a number, an operator or a call, and what it is applied to."""

    head: str
    args: tuple[Any, ...]


_ARITHMETIC = frozenset({"+", "-", "neg", "·", "/", "^"})
_LOGIC = frozenset({"=", "≠", "<", "≤", ">", "≥", "and", "or", "not"})


def number(value: float) -> Term:
    return Term("number", (value,))


def is_number(t: Term, *values: float) -> bool:
    return t.head == "number" and (not values or t.args[0] in values)


def same_choice(build: Callable[[Term, Term], Term]) -> Callable[[Term, Term], Term]:
    """Let an operation between two choices with one condition go into the choices."""

    @functools.wraps(build)
    def wrapped(a: Term, b: Term) -> Term:
        if a.head == b.head == "where" and a.args[0] == b.args[0]:
            return choice(a.args[0], wrapped(a.args[1], b.args[1]), wrapped(a.args[2], b.args[2]))
        return build(a, b)

    return wrapped


def negative(a: Term) -> Term:
    if a.head == "neg":
        return a.args[0]
    if a.head == "·" and is_number(a.args[0]):
        return Term("·", (number(-a.args[0].args[0]), *a.args[1:]))
    return number(-a.args[0]) if is_number(a) else Term("neg", (a,))


@same_choice
def plus(a: Term, b: Term) -> Term:
    if is_number(a) and is_number(b):
        return number(a.args[0] + b.args[0])
    if is_number(a, 0):
        return b
    if is_number(b, 0):
        return a
    return Term("-", (a, b.args[0])) if b.head == "neg" else Term("+", (a, b))


@same_choice
def minus(a: Term, b: Term) -> Term:
    if is_number(a) and is_number(b):
        return number(a.args[0] - b.args[0])
    if is_number(b, 0):
        return a
    return plus(a, b.args[0]) if b.head == "neg" else Term("-", (a, b))


def _powers(t: Term) -> list[tuple[Term, float]]:
    """Return the factors of a product as bases and exponents."""
    if t.head == "·":
        return [pair for factor in t.args for pair in _powers(factor)]
    if t.head == "^" and is_number(t.args[1]):
        return [(t.args[0], t.args[1].args[0])]
    return [(t, 1)]


@same_choice
def times(a: Term, b: Term) -> Term:
    if is_number(a) and is_number(b):
        return number(a.args[0] * b.args[0])
    if is_number(a, 1):
        return b
    if is_number(b, 1):
        return a
    if "neg" in (a.head, b.head):
        return negative(times(negative(a), b) if a.head == "neg" else times(a, negative(b)))
    if a.head == "/":
        return over(times(a.args[0], b), a.args[1])
    if b.head == "/":
        return over(times(a, b.args[0]), b.args[1])
    factors = _powers(a)
    for base, exponent in _powers(b):
        at = next((i for i, (other, _) in enumerate(factors) if other == base and not is_number(base)), None)
        if at is None:
            factors.append((base, exponent))
        else:
            factors[at] = (base, factors[at][1] + exponent)
    terms = [base if exponent == 1 else Term("^", (base, number(exponent))) for base, exponent in factors]
    return terms[0] if len(terms) == 1 else Term("·", tuple(terms))


@same_choice
def over(a: Term, b: Term) -> Term:
    if is_number(b, 1):
        return a
    if a.head == "/":
        return over(a.args[0], times(a.args[1], b))
    return negative(over(a.args[0], b)) if a.head == "neg" else Term("/", (a, b))


def power(a: Term, b: Term) -> Term:
    if is_number(b, 1):
        return a
    whole = is_number(b) and float(b.args[0]).is_integer()
    if whole and a.head == "/":
        return over(power(a.args[0], b), power(a.args[1], b))
    if whole and a.head == "^" and is_number(a.args[1]):
        return Term("^", (a.args[0], number(a.args[1].args[0] * b.args[0])))
    return number(a.args[0] ** b.args[0]) if is_number(a) and is_number(b) else Term("^", (a, b))


def choice(condition: Term, a: Term, b: Term) -> Term:
    """Return where(condition, a, b); inside each branch the same question has been answered."""
    a, b = _answered(a, condition, branch=1), _answered(b, condition, branch=2)
    return a if a == b else Term("where", (condition, a, b))


def _answered(t: Any, condition: Term, *, branch: int) -> Any:
    if not isinstance(t, Term) or t.head in ("name", "number"):
        return t
    if t.head == "where" and t.args[0] == condition:
        return _answered(t.args[branch], condition, branch=branch)
    args = [_answered(a, condition, branch=branch) for a in t.args]
    build = _BUILD.get(t.head)
    return Term(t.head, tuple(args)) if build is None else functools.reduce(build, args[1:], args[0]) if len(args) > 1 else build(*args)


_BUILD: dict[str, Callable[..., Term]] = {"+": plus, "-": minus, "neg": negative, "·": times, "/": over, "^": power}


# Spelling, with no more brackets than needed. ------------------------------------------------------------------------

_CONSTANTS = {math.log(2): "log(2)", math.log(10): "log(10)", math.log(2) ** 2: "log(2)²", 180 / math.pi: "180/π", math.pi / 180: "π/180"}
_LEVELS = {"or": 1, "and": 2, "not": 3, "+": 5, "-": 5, "neg": 6, "·": 7, "/": 7, "^": 8}
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def spelled_number(value: float) -> str:
    if math.isinf(value) or math.isnan(value):
        return "nan" if math.isnan(value) else "∞" if value > 0 else "-∞"
    name = next((text for known, text in _CONSTANTS.items() if math.isclose(abs(value), known, rel_tol=1e-14)), f"{abs(value):g}")
    return f"-{name}" if math.copysign(1.0, value) < 0 else name


def spelled(t: Term, least: int = 0, *, arithmetic: bool = True) -> str:
    """Return the text of t, in brackets if its operator binds less than `least`; a condition that counts as 0 or 1 in [ ]."""
    if t.head in _LOGIC and arithmetic:
        return f"[{spelled(t, arithmetic=False)}]"
    level = 6 if is_number(t) and t.args[0] < 0 else _LEVELS.get(t.head, 4 if t.head in _LOGIC else 9)
    text = _text(t)
    return f"({text})" if level < least else text


def _text(t: Term) -> str:
    args = t.args
    match t.head:
        case "name":
            return args[0]
        case "number":
            return spelled_number(args[0])
        case "neg":
            return "-" + spelled(args[0], 7)
        case "+":
            return f"{spelled(args[0], 5)} + {spelled(args[1], 5)}"
        case "-":
            return f"{spelled(args[0], 5)} - {spelled(args[1], 6)}"
        case "·":
            return "·".join(spelled(a, 8 if i or not is_number(a) else 6) for i, a in enumerate(args))
        case "/":
            return f"{spelled(args[0], 6 if is_number(args[0]) else 7)} / {spelled(args[1], 8)}"
        case "^":
            n = args[1].args[0] if is_number(args[1]) else -1.0
            raised = str(int(n)).translate(_SUPERSCRIPT) if n > 0 and float(n).is_integer() else "^" + spelled(args[1], 9)
            return spelled(args[0], 9) + raised
        case "and" | "or":
            return f" {t.head} ".join(spelled(a, _LEVELS[t.head], arithmetic=False) for a in args)
        case "not":
            return "not " + spelled(args[0], 4, arithmetic=False)
        case head if head in _LOGIC:
            return f"{spelled(args[0], 5)} {head} {spelled(args[1], 5)}"
        case "where":
            return f"where({spelled(args[0], arithmetic=False)}, {spelled(args[1])}, {spelled(args[2])})"
        case _:
            return f"{t.head}({', '.join(spelled(a) for a in args)})"


# Recording: what a partial does to its arguments. --------------------------------------------------------------------

_UFUNCS = {
    np.add: plus, np.subtract: minus, np.multiply: times, np.divide: over, np.power: power, np.negative: negative,
    np.square: lambda a: power(a, number(2)), np.positive: lambda a: a, np.reciprocal: lambda a: over(number(1), a),
}  # fmt: skip
_SIGNS = {
    np.equal: "=", np.not_equal: "≠", np.less: "<", np.less_equal: "≤", np.greater: ">", np.greater_equal: "≥",
    np.bitwise_and: "and", np.logical_and: "and", np.bitwise_or: "or", np.logical_or: "or", np.invert: "not", np.logical_not: "not",
}  # fmt: skip
_SHORT = {"absolute": "abs", "conjugate": "conj"}


class NotSymbolicError(Exception):
    """A partial asks its argument for something that a symbol does not have."""


def _term(x: Any) -> Term:
    if isinstance(x, Symbol):
        return x.term
    if isinstance(x, (bool, int, float, np.number, np.bool_)):
        return number(float(x))
    raise NotSymbolicError(f"a {type(x).__name__} in a formula")


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for an array; remembers the expression that made it."""

    __array_priority__ = 1e6
    shape = (2,)
    ndim = 1
    size = 2
    dtype = np.dtype(np.float64)

    def __init__(self, term: Term) -> None:
        self.term = term

    def __bool__(self) -> bool:
        raise NotSymbolicError("a decision on a value")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> "Symbol":
        if method != "__call__" or kwargs:
            raise NotSymbolicError(f"{ufunc.__name__}.{method} with {list(kwargs)}")
        terms = [_term(x) for x in inputs]
        if ufunc in _UFUNCS:
            return Symbol(_UFUNCS[ufunc](*terms))
        return Symbol(Term(_SIGNS.get(ufunc) or _SHORT.get(ufunc.__name__, ufunc.__name__), tuple(terms)))

    def __array_function__(self, func: Any, types: Any, args: Sequence[Any], kwargs: Any) -> "Symbol":
        if kwargs:
            raise NotSymbolicError(f"{func.__name__} with {list(kwargs)}")
        if func in (np.ones_like, np.zeros_like):
            return Symbol(number(1.0 if func is np.ones_like else 0.0))
        terms = [_term(x) for x in args]
        if func is np.where:
            return Symbol(choice(*terms))
        return Symbol(Term(_SHORT.get(func.__name__, func.__name__), tuple(terms)))


def formula(partial: Any, names: Sequence[str]) -> str:
    """Return the formula of a partial; its source text where symbols do not take it to the end."""
    if isinstance(partial, Const):
        return str(partial.value)
    try:
        result = partial(*(Symbol(Term("name", (n,))) for n in ("ans", *names)))
        text = spelled(_term(result))
    except (NotSymbolicError, TypeError, ValueError, AttributeError, IndexError):
        text = ""
    if 0 < len(text) <= LONGEST:
        return text
    if partial.__qualname__.startswith("refused."):
        return "refused"
    return inspect.getdoc(partial) or " ".join(inspect.getsource(partial).split()).removeprefix("return ")


# The page. -----------------------------------------------------------------------------------------------------------


def full_name(func: Any) -> str:
    """Return a function's name as users write it: np.add, np.linalg.det, scipy.special.erf."""
    name = getattr(func, "__name__", str(func))
    for module, prefix in (("numpy", "np."), ("numpy.linalg", "np.linalg."), ("numpy.fft", "np.fft."), ("scipy.special", "scipy.special.")):
        if getattr(sys.modules.get(module), name, None) is func:
            return prefix + name
    module = "operator" if getattr(operator, name, None) is func else getattr(func, "__module__", None)
    if func in SPECIAL:
        return f"scipy.special.{name.lstrip('_')}"
    return f"{module}.{name}"


def _listed(func: Any, rule: Rule) -> bool:
    name = full_name(func)
    return name.startswith("np.") or (name.split(".")[0] in SOURCES and not name.rpartition(".")[2].startswith("_"))


def _cell(lines: Iterable[str]) -> str:
    return "<br>".join(lines).replace("|", "\\|")


def _argument_names(rule: Elementwise) -> list[str]:
    """Return the names that the partials give to the arguments."""
    free = [[p for p in inspect.signature(f).parameters.values() if p.default is p.empty] for f in (*rule.d, *rule.dd) if callable(f)]
    given = [[p.name for p in parameters[1:]] for parameters in free]
    return next((names for names in given if len(names) == len(rule.d)), list("xyzp"[: len(rule.d)]))


def _labelled(labels: Sequence[str], formulas: Sequence[str]) -> list[str]:
    if len(set(formulas)) == 1 and (len(formulas) == 1 or formulas[0] == "0"):
        return [f"`{formulas[0]}`"]
    return [f"{label}: `{f}`" for label, f in zip(labels, formulas, strict=True)]


def _domain(name: str, domain: Domain) -> str:
    if "x" in domain.text:
        return domain.text.replace("x", name)
    return domain.text if any(sign in domain.text for sign in "<>≥") else f"{name} ∈ {domain.text}"


def _edge(names: Sequence[str], edge: Edge) -> str:
    def values(numbers: Sequence[float | None]) -> str:
        return ", ".join("–" if v is None else spelled_number(v) for v in numbers)

    at = ", ".join(f"{n} = {spelled_number(v)}" for n, v in zip(names, edge.args, strict=True))
    return f"{at}: ∂ = {values(edge.d)}" + ("" if edge.dd is None else f"; ∂² = {values(edge.dd)}")


def _marks(rule: Elementwise) -> list[str]:
    """Return the options that are not at their default."""
    given = {f.name: getattr(rule, f.name) for f in fields(rule) if f.init and f.default is not MISSING and f.name != "edges"}
    defaults = {f.name: f.default for f in fields(rule)}
    return [
        name + (f"={value}" if isinstance(value, str) else " (by arguments)" if callable(value) else "")
        for name, value in given.items()
        if value != defaults[name]
    ]


def _row(rule: Elementwise) -> str:
    names = _argument_names(rule)
    n = len(names)
    pairs = [f"∂²/∂{a}²" if a == b else f"∂²/∂{a}∂{b}" for i, a in enumerate(names) for b in names[i:]]
    first = _labelled([f"∂/∂{a}" for a in names], [formula(p, names) for p in rule.d])
    second = _labelled(pairs, [formula(p, names) for p in rule.dd]) if len(rule.dd) == n * (n + 1) // 2 else ["derived from ∂"]
    cells = (
        first,
        second,
        [_domain(a, d) for a, d in zip(names, rule.on, strict=True)],
        [_edge(names, e) for e in rule.edges],
        _marks(rule),
    )
    return " | ".join(_cell(c) for c in cells)


_LEGEND = (
    "`ans` is the result of the function. A condition in `[ ]` is 1 where it holds and 0 elsewhere; `where(c, a, b)` is a "
    "where c holds, else b. The sampled domain is where tests compare the entry with high-precision references; at the edges "
    "the partials are those of [the conventions](conventions.md)."
)
_INTRODUCTION = (
    "Every function that has a derivative rule, generated from the rule table by `python docs/generate_rules.py`. "
    "What is missing raises `TypeError`; [contributing](contributing.md) shows how to add it."
)
_SPECIAL_INTRODUCTION = (
    "These are loaded when SciPy is in use. `airy_ai` and the like are outputs of a function that has several. Where the "
    "derivative in a parameter is not known, the partial is `refused` and raises."
)


def _plain(name: str) -> str:
    return name.replace("`", "")


def _elementwise(rules: dict[str, Elementwise]) -> list[str]:
    """Return the table; functions with the same row share it."""
    shared: dict[str, list[str]] = {}
    for name, rule in rules.items():
        described = name.startswith("dualmc.") and inspect.getdoc(rule.func)
        shared.setdefault(_row(rule), []).append(described.rstrip(".") if described else f"`{name}`")
    rows = sorted(((sorted(names, key=_plain), row) for row, names in shared.items()), key=lambda pair: _plain(pair[0][0]))
    head = ["| function | first partials | second partials | sampled domain | at edges | marks |", "|---|---|---|---|---|---|"]
    return [_LEGEND, "", *head, *(f"| {_cell(names)} | {row} |" for names, row in rows)]


def _file_of(rule: Rule) -> str:
    """Return the file in which the part of a rule is written that is its own."""
    own: Any
    match rule:
        case Linear(op=own) | Multilinear(bind=own) | Weighted(terms=own) | Join(ops=own) | Implicit(solution=own) | Composed(body=own):
            return getattr(own, "func", own).__module__.removeprefix("dualmc.").replace(".", "/") + ".py"
        case _:
            return ""


def _by_file(rules: dict[str, Rule]) -> list[str]:
    files: dict[str, list[str]] = {}
    for name in sorted(rules):
        files.setdefault(_file_of(rules[name]), []).append(f"`{name}`")
    lines = ["| written in | functions |", "|---|---|"]
    return [*lines, *(f"| `{file}` | {', '.join(files[file])} |" for file in sorted(files))]


def _names(rules: dict[str, Rule]) -> list[str]:
    return [", ".join(f"`{name}`" for name in sorted(rules))]


def _reasons(rules: dict[str, Refused]) -> list[str]:
    lines = ["| function | the way out |", "|---|---|"]
    return [*lines, *(f"| `{name}` | {_cell([rules[name].reason])} |" for name in sorted(rules))]


_SECTIONS: dict[Any, Callable[[Any], list[str]]] = {
    Elementwise: _elementwise,
    Linear: _by_file,
    Multilinear: _by_file,
    Weighted: _by_file,
    Join: _by_file,
    Implicit: _by_file,
    Composed: _by_file,
    Constant: _names,
    Refused: _reasons,
}


def _sections(rules: dict[Any, Rule], level: str) -> list[str]:
    """Return a section for each kind of rule."""
    lines = []
    for kind, section in _SECTIONS.items():
        found = {full_name(func): rule for func, rule in rules.items() if type(rule) is kind and _listed(func, rule)}
        if found:
            summary = "\n".join(" ".join(paragraph.split()) + "\n" for paragraph in (inspect.getdoc(kind) or "").split("\n\n"))
            lines += ["", f"{level} {kind.__name__}", "", summary, *section(found)]
    return lines


def page() -> str:
    """Return the text of docs/rules.md."""
    complete()
    lines = ["# Rules", "", _INTRODUCTION]
    lines += _sections({func: rule for func, rule in RULES.items() if func not in SPECIAL}, "##")
    lines += ["", "## scipy.special", "", _SPECIAL_INTRODUCTION, *_sections(SPECIAL, "###")]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Write the page, or check it."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PAGE.name} is not current; run python docs/generate_rules.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
