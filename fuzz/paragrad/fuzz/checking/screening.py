"""Programs and what an engine made of them, screened in batches, so that the judge is left with those that need it."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator

from paragrad.fuzz.judge import Judgement
from paragrad.fuzz.judge.screen import screen
from paragrad.fuzz.program import Program
from paragrad.fuzz.trace import Trace

SIZES = (8, 32, 128)
"""Programs in the first batches and in all further ones: small first, so that a first finding comes soon. What fails
ends a batch, so that what is drawn after it can depend on it, and not on the time that it took."""
Ran = tuple[Program, Trace]


def screened(ran: Iterable[Ran], foreign: bool) -> Iterator[tuple[Program, Trace, Judgement | None]]:
    """Each program and Trace with the Judgement where all is right; None where the judge is to look."""
    sizes = iter(SIZES)
    size = next(sizes)
    batch: list[Ran] = []
    gc.freeze()  # or the collector would go through all of torch again and again
    try:
        for pair in ran:
            batch.append(pair)
            if len(batch) >= size or pair[1].failure is not None:
                yield from _judged(batch, foreign)
                batch, size = [], next(sizes, size)
        yield from _judged(batch, foreign)
    finally:
        gc.unfreeze()


def _judged(batch: list[Ran], foreign: bool) -> Iterator[tuple[Program, Trace, Judgement | None]]:
    judgements = screen([program for program, _ in batch], [trace for _, trace in batch], foreign)
    for (program, trace), judgement in zip(batch, judgements, strict=True):
        yield program, trace, judgement
