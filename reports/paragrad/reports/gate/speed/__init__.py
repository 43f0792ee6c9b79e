"""The speed gate: the working tree's engine against the base commit's, on this machine, in one run. `run.py` answers.

Where to put what: a benchmark goes into `benchmarks.py`; `base.py` finds the base commit and lays it out; `worker.py`
is the process that runs one tree's engine, `process.py` speaks with it; `measure.py` measures side by side;
`statistics.py` makes intervals and power of the ratios, `verdict.py` an answer of those; `thresholds.py` reads the file
that says how much slower is too slow.

This package imports nothing when it is imported: a worker must not load torch, nor another tree's engine.
"""
