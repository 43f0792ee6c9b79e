"""`paragrad diff`: `command` does what was asked, `sources` finds the computation, `body` makes the record of it, and
`output` writes the record and its page.
"""
