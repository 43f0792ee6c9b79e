"""Engines that run Programs, one file each. `pytorch` is the reference, `own` the subject.

Only these two run in our process; any other engine runs in a worker of its own.
"""
