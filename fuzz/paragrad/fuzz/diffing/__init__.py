"""paragrad diff, without its face: a computation from an expression, a file or a saved Program, compared node by node.

`language` reads expressions, `literals` the values of names, `lettering` names the nodes, `recorded` reads what a file
built; all make a Computation. `comparison` runs and judges it; `terms` splits each gradient into its contributions and
`local` says their derivatives in symbols; `differences` are the finite differences; `nearest` picks the part to show.
"""
