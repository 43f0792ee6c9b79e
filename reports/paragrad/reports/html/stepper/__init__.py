"""A diff record as a page that one steps through: forward, then backward, one node at a time.

Everything is made here, from the record: `steps` says what each step shows, `graph` draws the whole, `excerpt` finds
the node's place in the source, `table` lists every step for whom no script runs. The page's script only shows one step
after the other.
"""
