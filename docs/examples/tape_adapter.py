import tape

paragrad_adapter = 1
kind = "scalar"
row = lambda x: x if isinstance(x, tape.Row) else tape.Row(x)
ops = {
    "add": lambda input, other: tape.plus(row(input), row(other)),
    "mul": lambda input, other: tape.times(row(input), row(other)),
    "tanh": tape.hyperbolic,
}
leaf = lambda number, requires_grad: tape.Row(number)
value = lambda x: x.number


def vjp(function, leaves):
    roots = function(leaves)

    def pullback(cotangents):
        found = tape.sweep([(root, c.number) for root, c in zip(roots, cotangents)])
        return [found[leaf] for leaf in leaves]

    return roots, pullback
