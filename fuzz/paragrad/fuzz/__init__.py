"""paragrad.fuzz: random Programs, the engines that run them, the judge of what comes out, and the shrinker.

Where to put what: a new kind of program is a file in `strategies/`, an engine a file in `engines/`, anything about
tolerance belongs to `judge/` and nowhere else.
"""
