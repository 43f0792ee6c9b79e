"""How paragrad speaks to tape.py."""

import tape

paragrad_adapter = 1
kind = "scalar"


def leaf(x, requires_grad=True):
    return x if isinstance(x, tape.Row) else tape.Row(x)


ops = {
    "add": lambda input, other: tape.plus(leaf(input), leaf(other)),
    "mul": lambda input, other: tape.times(leaf(input), leaf(other)),
    "tanh": tape.hyperbolic,
}


def value(x):
    return x.number


def vjp(function, leaves):
    roots = function(leaves)

    def pullback(weights):
        found = tape.sweep([(root, weights[k].number) for k, root in enumerate(roots)])
        return [found[leaf] for leaf in leaves]

    return roots, pullback
