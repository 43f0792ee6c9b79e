"""Accuracy against a committed baseline: `reports/baseline/accuracy.json`.

Three designs were weighed. The accuracy record itself as baseline: its distributions change with every program that is
drawn otherwise, and it holds neither verdicts nor mutants. The base commit measured again in a worktree: exact on any
machine, but it takes twice the time, and nothing that is reviewed says what was given up. Chosen: one table a kind of
thing (`rows.py`), one row a line, each kind with its own idea of worse (`compare.py`), so that a diff of the file is
the list of what was accepted.

`measured` measures, `baseline.read` and `baseline.write` keep, `compare.compare` holds one against the other.
"""
