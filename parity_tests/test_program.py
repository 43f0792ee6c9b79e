"""Programs: JSON both ways to the bit, clear errors, and the same Programs for the same seed in any process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest

from paragrad.fuzz.encoding import ProgramError, dumps, loads
from paragrad.fuzz.program import Apply, Backward, Dtype, Input, Program, Ref
from paragrad.fuzz.strategies.families import FAMILIES, Batch, ops_of
from paragrad.fuzz.strategies.profile import DTYPES, VALUES, Profile

DIGESTS = """
import hashlib
from paragrad.fuzz.strategies.families import FAMILIES, Batch, ops_of
from paragrad.fuzz.strategies.profile import Profile
for family in FAMILIES:
    profile = Profile("mixed", "special", "any", True, True)
    texts = [p.digest() for p in Batch(family, profile, 12345, ops_of(family, None)).programs()]
    print(family, hashlib.sha256("".join(texts).encode()).hexdigest())
"""


def awkward() -> Program:
    """A Program with every kind of argument, and numbers that JSON has no words for."""
    numbers = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, 0.1])
    inputs = [
        Input("x0", numbers, (2, 3), True, (-1, 2), 1),
        Input.of("x1", np.array([2**62, -(2**62)])),
        Input.of("c0", np.ones((2, 3))),
    ]
    call = Apply("getitem", (Ref(0), (slice(None, 2, 1), Ellipsis, None, 1, Ref(1))), {}, (3,))
    cast = Apply("to", (Ref(0), Dtype("float32")), {"a": True, "b": None, "c": "mean", "d": float("-inf")}, (4,))
    return Program(inputs, [call, cast, Backward((3,), (2,), True, False)])


def test_json_keeps_every_bit() -> None:
    program = awkward()
    text = dumps(program)
    again = loads(text)
    assert dumps(again) == text
    assert json.loads(text)["schema"] == "paragrad.program/1"
    for before, after in zip(program.inputs, again.inputs, strict=True):
        assert before.storage.dtype == after.storage.dtype
        assert before.storage.tobytes() == after.storage.tobytes()
    assert repr(again.statements) == repr(program.statements)


@pytest.mark.parametrize("family", list(FAMILIES))
@pytest.mark.parametrize("dtype", DTYPES)
def test_drawn_programs_survive_json(family: str, dtype: str) -> None:
    for values in VALUES:
        batch = Batch(family, Profile(dtype, values, "any", True, True), 7, ops_of(family, None))
        for program in batch.programs():
            assert loads(dumps(program)).digest() == program.digest()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(schema="paragrad.program/2"), "schema is 'paragrad.program/2'"),
        (lambda d: d.pop("inputs"), "missing 'inputs'"),
        (lambda d: d["inputs"][0].update(dtype="float16"), "unknown dtype 'float16'"),
        (lambda d: d["inputs"][2].update(shape=[7]), "needs 7 elements, got 6"),
        (lambda d: d["inputs"][0].update(offset=5), "reaches outside"),
        (lambda d: d["statements"][0].update(op="frobnicate"), "unknown op 'frobnicate'"),
        (lambda d: d["statements"][0].update(args=[{"ref": 99}]), "variable 99 does not exist"),
        (lambda d: d["statements"][0].update(args=[{"complex": 1}]), "unknown tag 'complex'"),
        (lambda d: d["statements"][0].update(outputs=[9]), "numbered from 3"),
        (lambda d: d["statements"].append({"dance": 1}), "unknown statement"),
        (lambda d: d["statements"].append({"optimizer_step": None}), "without an optimizer"),
    ],
)
def test_broken_programs_are_refused_by_name(change: object, message: str) -> None:
    document = json.loads(dumps(awkward()))
    change(document)  # type: ignore[operator]
    with pytest.raises(ProgramError, match=message):
        loads(json.dumps(document))


def test_not_json() -> None:
    with pytest.raises(ProgramError, match="not JSON"):
        loads("{")


def test_same_seed_same_programs_in_any_process() -> None:
    outputs = []
    for hash_seed in ("0", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", DIGESTS], env=environment, capture_output=True, text=True, check=True, timeout=120
        )
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1]
    assert outputs[0].count("\n") == len(FAMILIES)


@pytest.mark.parametrize("family", list(FAMILIES))
def test_a_batch_has_at_least_sixteen_structures(family: str) -> None:
    rng = random.Random(0)
    for _ in range(4):
        batch = Batch(family, Profile("float32"), rng.getrandbits(64), ops_of(family, None))
        assert len({program.structure() for program in batch.programs()}) >= 16


def test_views_are_real() -> None:
    spec = Input("x", np.arange(12.0), (2, 3), False, (-4, 1), 8)
    assert spec.array().tolist() == [[8.0, 9.0, 10.0], [4.0, 5.0, 6.0]]
    assert spec.array().strides == (-32, 8)
    spec.array()[:] = 0
    assert spec.storage.tolist() == list(range(12))
