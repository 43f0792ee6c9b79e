"""Engines that run Programs, one file each. `pytorch` is the reference, `own` the subject.

Only these two run in our process; any other engine is `foreign`: it runs in a child process, which `worker` holds.
"""
