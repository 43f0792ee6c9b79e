"""The child: small engines with every interface are probed and run with no adapter, each in its own process.

The engines are in `subjects/`; what they compute is compared with torch.
"""

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paragrad.engine.ops.table import TABLE
from paragrad.fuzz.encoding import to_json
from paragrad.fuzz.engines.pytorch import PyTorch
from paragrad.fuzz.engines.worker.protocol import read_trace
from paragrad.fuzz.judge.judge import judge
from paragrad.fuzz.program import Apply, Backward, Program, Ref, ZeroGrad
from paragrad.fuzz.strategies.profile import Profile
from paragrad.fuzz.strategies.scalar import scalar_graph
from paragrad.fuzz.strategies.tensor import graph
from paragrad.fuzz.strategies.values import Values
from paragrad.fuzz.trace import Trace
from parity_tests.children import ROOT, Child, agrees, array, error, leaf, loaded, scalar_program


def tensor_program(*statements: Apply, root: int) -> Program:
    """Two matrices, some ops, and a backward from the elements of the root, each with its own cotangent."""
    rng = np.random.default_rng(1)
    program = Program([leaf("a", rng.normal(size=(2, 3))), leaf("b", rng.normal(size=(2, 3)))], list(statements))
    shape = PyTorch().run(program).values[root].shape
    program.inputs.append(leaf("c", rng.normal(size=shape), False))

    def moved(argument: Any) -> Any:
        if isinstance(argument, tuple):
            return tuple(moved(part) for part in argument)
        return Ref(argument.index + 1) if isinstance(argument, Ref) and argument.index >= 2 else argument

    program.statements = [
        Apply(s.op, moved(s.args), s.kwargs, tuple(k + 1 for k in s.outputs)) for s in statements
    ] + [Backward((root + 1,), (2,))]  # fmt: skip
    return program


SCALARS: dict[str, tuple[dict[str, str], str]] = {
    "plain_value.py": (
        {"constructor": "Value(x)", "data": ".data", "gradient": ".grad", "backward": ".backward()"},
        "add",
    ),
    "by_method.py": (
        {
            "constructor": "Scalar(x, require_grad=)",
            "data": ".value",
            "gradient": ".get_grad()",
            "backward": ".backprop(seed)",
            "requires_grad": "require_grad",
        },
        "add",
    ),
    "functions.py": ({"data": ".x", "gradient": "the dict that it returns", "backward": "backward(root)"}, "add"),
    "callable_classes.py": (
        {"constructor": "Node(number=x)", "gradient": "the dict .grads on the root", "backward": ".propagate()"},
        "sub",
    ),
    "by_hand.py": (
        {
            "constructor": "Variable([x])",
            "backward": ".grad = seed, then ._backward() of each node of .topological_order()",
        },
        "add",
    ),
    "failing_package/tensor.py": ({"data": ".v", "gradient": ".d", "backward": ".back_propagate()"}, "add"),
    "by_attribute.py": ({"backward": ".backward()"}, "add"),
    "half_way.py": ({"backward": ".grad = seed, then ._backward() of each node, in the order of ._prev"}, "add"),
    "unusual_names.py": ({"constructor": "Var(x, tracked=)", "backward": ".back()", "requires_grad": "tracked"}, "add"),
}


@pytest.mark.parametrize("file", SCALARS)
def test_a_scalar_engine_runs_with_no_adapter(file: str) -> None:
    expected, add = SCALARS[file]
    with loaded(file) as (started, result):
        assert result["kind"] == "scalar"
        assert expected.items() <= {entry["what"]: entry["found"] for entry in result["probe"]}.items()
        assert result["ops"]["mul"]["tried"]["vv"] == "right"
        program = scalar_program(add)
        agrees(*started.run(program), program)


MATRICES: dict[str, tuple[dict[str, str], dict[str, list[Apply]]]] = {
    "nested_tensor.py": (
        {"data": ".array", "gradient": ".grad", "seed": "implicit"},
        {
            "broadcast": [
                Apply("sum", (Ref(0),), {"dim": 0, "keepdim": True}, (2,)),
                Apply("mul", (Ref(2), Ref(1)), {}, (3,)),
            ],
            "matmul": [Apply("transpose", (Ref(1), -1, 0), {}, (2,)), Apply("matmul", (Ref(0), Ref(2)), {}, (3,))],
        },
    ),
    "dim_tensor.py": (
        {"seed": "may be given", "requires_grad": "requires_grad"},
        {
            "reduction": [
                Apply("sum", (Ref(0), 1), {"keepdim": True}, (2,)),
                Apply("mul", (Ref(2), Ref(1)), {}, (3,)),
            ],
            "moves": [Apply("transpose", (Ref(0), 0, 1), {}, (2,)), Apply("reshape", (Ref(2), (-1, 2)), {}, (3,))],
            "extremum": [Apply("mul", (Ref(0), Ref(0)), {}, (2,)), Apply("amax", (Ref(2), -1), {}, (3,))],
            "join": [Apply("cat", ((Ref(0), Ref(1)),), {"dim": 1}, (2,)), Apply("softmax", (Ref(2), 1), {}, (3,))],
        },
    ),
    "own_gradients.py": (
        {"data": ".item()", "gradient": ".grad"},
        {"reuse": [Apply("mul", (Ref(0), Ref(1)), {}, (2,)), Apply("mul", (Ref(2), Ref(0)), {}, (3,))]},
    ),
    "wrapped_seed.py": (
        {"data": ".data", "gradient": ".grad", "seed": "may be given"},
        {"seed": [Apply("mul", (Ref(0), Ref(1)), {}, (2,)), Apply("neg", (Ref(2),), {}, (3,))]},
    ),
    "seed_of_arrays.py": (
        {"data": ".data", "gradient": ".grad", "seed": "may be given"},
        {"seed": [Apply("mul", (Ref(0), Ref(1)), {}, (2,)), Apply("neg", (Ref(2),), {}, (3,))]},
    ),
    "torch_inside.py": (
        {"data": ".value", "gradient": ".grad", "seed": "implicit"},
        {"reduction": [Apply("mul", (Ref(0), Ref(1)), {}, (2,)), Apply("mul", (Ref(2), Ref(0)), {}, (3,))]},
    ),
    "nested_lists.py": (
        {"data": ".rows"},
        {"matmul": [Apply("transpose", (Ref(1), 0, 1), {}, (2,)), Apply("matmul", (Ref(0), Ref(2)), {}, (3,))]},
    ),
}


@pytest.mark.parametrize("file", MATRICES)
def test_a_tensor_engine_runs_with_no_adapter(file: str) -> None:
    expected, programs = MATRICES[file]
    with loaded(file) as (started, result):
        assert result["kind"] == "tensor"
        assert expected.items() <= {entry["what"]: entry["found"] for entry in result["probe"]}.items()
        for statements in programs.values():
            program = tensor_program(*statements, root=3)
            agrees(*started.run(program), program)


def test_arguments_are_told_as_the_subject_has_them() -> None:
    with loaded("nested_tensor.py") as (started, result):
        assert result["ops"]["sum"]["arguments"] == {
            "dim": "axis",
            "keepdim": "always",
            "all": "no",
            "several": "right",
        }
        (trace,) = started.run(Program([leaf("a", [[1.0, 2.0]])], [Apply("sum", (Ref(0), 0), {}, (1,))]))
        assert trace["failure"]["type"] == "Unsupported"
    with loaded("dim_tensor.py") as (_, result):
        ops = result["ops"]
        assert ops["reshape"]["arguments"] == {"form": "2, 3"}
        assert ops["softmax"]["arguments"] == {"dim": {"fixed": "last"}}
        assert ops["cross_entropy"]["arguments"] == {"form": "array", "reduction": {"fixed": "mean"}}
        assert ops["sum"]["arguments"]["keepdim"] == "keepdim"
        assert ops["max"]["arity"] == 1
    with loaded("by_method.py") as (_, result):
        assert result["ops"]["leaky_relu"]["arguments"] == {"negative_slope": {"fixed": 0.1}}
    with loaded("functions.py") as (_, result):
        assert result["ops"]["elu"]["arguments"] == {"alpha": {"keyword": "alpha"}}


def test_a_wrong_forward_stays_bound_and_what_matches_nothing_is_listed() -> None:
    with loaded("plain_value.py") as (started, result):
        ops = result["ops"]
        assert ops["relu"]["tried"]["v"].startswith("wrong: 0.0 for 0.7")
        assert ops["sigmoid"]["tried"]["v"].startswith("raises TypeError")
        assert ops["exp"]["tried"]["v"] == "gives None"
        assert result["unmatched"] == ["wobble"]
        nothing, sigmoid = started.run(
            *[Program([leaf("a", 1.0)], [Apply(op, (Ref(0),), {}, (1,))]) for op in ("exp", "sigmoid")]
        )
        assert nothing["failure"] == {"statement": 0, "type": "ReturnedNone", "message": "a.exp() returned None"}
        assert sigmoid["failure"]["type"] == "TypeError"
        assert ops["sub"]["numbers"] == "right"
        assert ops["mul"]["numbers"] == "both"
        assert (ops["pow"]["values"], ops["pow"]["numbers"]) == ("left", "right")
    with loaded("functions.py") as (_, result):
        assert "log" not in result["ops"]
        assert "log (function)" in result["unmatched"]


def test_a_special_method_that_python_never_calls_is_tried_and_noted() -> None:
    with loaded("unusual_names.py") as (started, result):
        assert result["ops"]["exp"]["spelled"] == "a.__exp__()"
        assert "exp is __exp__, which Python calls for nothing: only who writes its name does" in result["notes"]
        assert "leaves are made with tracked=True: without it no gradient is right" in result["notes"]
        program = Program([leaf("a", 0.5)], [Apply("exp", (Ref(0),), {}, (1,)), Backward((1,), (None,))])
        agrees(*started.run(program), program)


def test_a_product_that_loses_gradients_weighs_no_roots(tmp_path: Path) -> None:
    """Cotangents are multiplied onto the root: that fault would be found in every program."""
    text = (ROOT / "parity_tests" / "subjects" / "plain_value.py").read_text(encoding="utf-8")
    for lost in ("self.grad += out.grad * other.data", "other.grad += out.grad * self.data"):
        text = text.replace(lost, "pass")
    (tmp_path / "engine.py").write_text(text, encoding="utf-8")
    add = [Apply("add", (Ref(0), Ref(1)), {}, (3,))]
    inputs = scalar_program().inputs[:3]
    with loaded("plain_value.py") as (_, result):
        assert (result["cotangents"], result["several_roots"]) == (True, True)
    with loaded(tmp_path / "engine.py") as (started, result):
        assert result["cotangents"] is False
        weighed, alone = started.run(*(Program(inputs, [*add, Backward((3,), (seed,))]) for seed in (2, None)))
        assert weighed["failure"]["type"] == "Unsupported"
        assert array(alone["gradients"]["1"]["0"]) == 1.0


def test_a_map_says_what_an_op_is() -> None:
    with loaded("plain_value.py", map={"silu": "wobble", "exp": "tanh", "mish": "nothing"}) as (_, result):
        assert result["ops"]["silu"]["tried"]["v"] == "gives a plain float, not a Value"
        assert result["ops"]["exp"]["spelled"] == "a.tanh()"
        assert result["unmatched"] == ["exp"]
        assert "--map mish=nothing: there is no such method or function" in result["notes"]
    with loaded("dim_tensor.py", map={"sum": "nothing"}) as (_, result):
        assert "--map sum=nothing: there is no such method or function" in result["notes"]
    assert error("plain_value.py", map={"backward": "forwards"})["kind"] == "no backward"


def test_zeroing_and_a_second_backward() -> None:
    program = scalar_program()
    program.statements += [ZeroGrad(), Apply("mul", (Ref(0), Ref(0)), {}, (6,)), Backward((6,), (None,))]
    with loaded("plain_value.py") as (started, _):
        (trace,) = started.run(program)
    assert array(trace["gradients"]["5"]["0"]) == 3.0
    assert trace["gradients"]["5"]["1"] is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")
def test_bad_manners_are_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints, a closed stdout, forks, sys.exit, a changed recursion limit, a repr that raises."""
    again = tmp_path / "a fork went on"
    monkeypatch.setenv("FORKED_AGAIN", str(again))
    with loaded("rude.py") as (started, result):
        assert result["ops"]["exp"]["tried"]["v"] == "raises SystemExit: 3"
        assert result["ops"]["cos"]["tried"]["v"] == "gives a Value whose repr raises ValueError"
        one = [leaf("a", 0.5)]
        exits, complex_, limited = started.run(
            *[Program(one, [Apply(op, (Ref(0),), {}, (1,))]) for op in ("exp", "sin", "tanh")]
        )
        assert exits["failure"]["type"] == "SystemExit"
        assert complex_["values"]["1"] == {"unreadable": "a Value whose repr raises ValueError"}
        assert limited["failure"] is None
        program = scalar_program("sub")
        agrees(*started.run(program), program)
    assert not again.exists()


def test_nan_and_infinity_travel() -> None:
    with loaded("plain_value.py") as (started, _):
        program = Program([leaf("a", np.inf), leaf("b", -0.0)], [Apply("mul", (Ref(0), Ref(1)), {}, (2,))])
        (trace,) = started.run(program)
    assert [trace["values"][k] for k in "012"] == ["inf", "-0.0", "nan"]


class Asked:
    """A child as the judge has it."""

    name = "child"
    foreign = True

    def __init__(self, started: Child) -> None:
        self.started = started

    def ops(self) -> frozenset[str]:
        """All of them: what it has not is Unsupported."""
        return frozenset(TABLE)

    def run(self, program: Program) -> Trace:
        """What the child shows of a program."""
        return read_trace(self.started.run(program)[0], program)


@pytest.mark.parametrize(("file", "name"), [("scalar.py", "Value"), ("tensor.py", "Tensor")])
def test_our_own_engines_run_as_anyone_elses(file: str, name: str) -> None:
    """Many ops, and several backwards: what the child asks and shows must be right wherever the engine is."""
    path = ROOT / "engine" / "paragrad" / "engine" / file
    with loaded(path, **{"class": name}) as (started, result):
        scalar = result["kind"] == "scalar"
        ops = [TABLE[op] for op in sorted(result["ops"]) if TABLE[op].sample is not None]
        assert len(ops) > (20 if scalar else 70)
        make = scalar_graph if scalar else graph
        profile = Profile(dtype="float64", values="normal")
        programs = []
        for seed in range(80):
            rng = random.Random(seed)
            programs.append(make(rng, Values(seed, rng), profile, ops))
        compared = 0
        for program, trace in zip(programs, started.run(*programs), strict=True):
            failure = trace["failure"]
            if failure is None:
                judgement = judge(program, read_trace(trace, program), PyTorch().run(program), Asked(started))
                assert not judgement.findings, [f.message for f in judgement.findings]
                compared += 1
            else:
                assert failure["type"] == "Unsupported", failure
        assert compared > 20


def test_what_hangs_is_said_and_stays_bound() -> None:
    with loaded("hangs.py") as (started, result):
        assert result["ops"]["exp"]["tried"]["v"].startswith("hangs for over")
        assert {"what": "trial", "found": "a*b, a+b, a-b: it raises TimeoutError: it hangs"} in result["probe"]
        program = Program([leaf("a", 2.0)], [Apply("mul", (Ref(0), Ref(0)), {}, (1,))])
        agrees(*started.run(program), program)


def test_progress_is_told_when_asked() -> None:
    with loaded("plain_value.py") as (started, _):
        started.send("run", programs=[to_json(scalar_program())], progress=True)
        answers = [started.receive() for _ in range(4)]
    assert [answer.get("at") for answer in answers] == [0, 1, 2, None]
    assert answers[3]["trace"]["failure"] is None
