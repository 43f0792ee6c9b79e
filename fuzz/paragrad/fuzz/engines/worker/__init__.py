"""A foreign engine in a child process, seen from the parent: start, speak, watch, kill, start again.

`interpreter` chooses the Python, `process` owns the child and its pipes, `limits` watches its time and memory,
`posix` adds what only POSIX systems have and may be missing, `protocol` turns messages into Traces, `session` is one
conversation with one child. `paragrad.fuzz.engines.foreign` makes an Engine of them.

Nothing here needs fork, signals or select: pipes are read by threads, limits are enforced through psutil.
"""
