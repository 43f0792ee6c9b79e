"""The op table by family. Importing this package fills `table.TABLE`.

Where to put a new op: in the family it belongs to, beside its relatives. Nothing else needs to change: Tensor's method,
the functional name, the fuzzer's choice, the torch oracle, the per-op test and the reports' row follow from the entry.
"""

from paragrad.engine.ops import (
    arithmetic,
    comparison,
    contraction,
    exponential,
    extremum,
    indexing,
    joining,
    losses,
    peaks,
    power,
    reduction,
    shape,
    slicing,
    softmax,
    transposing,
)

__all__ = [
    "arithmetic",
    "comparison",
    "contraction",
    "exponential",
    "extremum",
    "indexing",
    "joining",
    "losses",
    "peaks",
    "power",
    "reduction",
    "shape",
    "slicing",
    "softmax",
    "transposing",
]
