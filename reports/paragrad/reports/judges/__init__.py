"""The judge measured against four other ways to judge gradients: `paragrad judges`.

`detection` plants faults in graphs of 80 ops and counts who finds them; `rivals` are the others; `smallest` looks for
the smallest fault that ours finds at all; `cost` is its time beside that of the engines; `plot` and `page` show it.
"""
