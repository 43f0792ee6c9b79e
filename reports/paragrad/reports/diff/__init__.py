"""`paragrad diff`: `command` does what was asked, `sources` finds the computation, `body` makes the record of it."""
