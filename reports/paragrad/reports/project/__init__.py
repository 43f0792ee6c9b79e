"""A project of an engine's author: `[tool.paragrad]` in its pyproject.toml, findings that are known, the baseline.

`settings` reads the table, `known` says which findings may stay and why, `baseline` keeps them in
`.paragrad/baseline.json`. Nothing is written anywhere else.
"""
