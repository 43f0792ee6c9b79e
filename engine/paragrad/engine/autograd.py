"""backward() and grad(): what torch.autograd offers, on top of the walk in `graph.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from paragrad.engine.graph import Node, Walk, leading_to
from paragrad.engine.ops.arithmetic import add
from paragrad.engine.recording import edge
from paragrad.engine.state import set_grad_enabled, state
from paragrad.engine.tensor import Tensor


def seed(root: Tensor, gradient: Tensor | None) -> Tensor:
    """The gradient to start from at `root`: the one given, or 1 for a single element.

    Raises RuntimeError where torch does: a root that requires no grad, no gradient for many elements, other shapes.
    """
    if not root.requires_grad:
        raise RuntimeError("a tensor that does not require grad and has no grad_fn has no backward")
    if gradient is None:
        if root.numel() != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs: this one has shape {root.shape}, "
                "give backward() a gradient of that shape"
            )
        return Tensor(np.ones(root.shape, root.dtype))
    if gradient.shape != root.shape:
        raise RuntimeError(
            f"the gradient must have the shape of the tensor it belongs to: got {gradient.shape} for {root.shape}"
        )
    return gradient if gradient.dtype == root.dtype else gradient.to(root.dtype)


def _wrap(array: Any, parent: Any) -> Tensor:
    """A saved array as the tensor it was: the leaf itself, an output of its node, or a constant."""
    if isinstance(parent, Tensor):
        return parent
    return Tensor(array, parent is not None, parent)


def _through_hooks(hooks: dict[int, Any] | None, gradient: Any, create_graph: bool) -> Any:
    """What hooks make of a gradient. They are the caller's code: they may use Tensors, and record with create_graph."""
    if not hooks:
        return gradient
    tensor = gradient if create_graph else Tensor(np.asarray(gradient))
    with state.another_context(), set_grad_enabled(create_graph):
        for hook in list(hooks.values()):
            replaced = hook(tensor)
            tensor = tensor if replaced is None else replaced
    return tensor if create_graph else tensor.array


def _alone(gradient: Any, create_graph: bool) -> Tensor:
    """A gradient as a Tensor that shares memory with nothing; with create_graph it is one, and stays in its graph."""
    return gradient if create_graph else Tensor(np.array(gradient))


def _walk(
    roots: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    targets: set[Any] | None,
) -> tuple[Walk, dict[Any, Any]]:
    """Walk back from `roots`; return the walk, with leaves' gradients pending, and those of nodes in `targets`."""
    walk = Walk(create_graph, _wrap)
    wanted = None if targets is None else leading_to([edge(root) for root in roots], targets)
    captured: dict[Any, Any] = {}
    seeds = []
    for root, gradient in zip(roots, gradients, strict=True):
        start = seed(root, gradient)
        seeds.append((edge(root), start if create_graph else start.array))

    def see(node: Node, gradient: Any) -> Any:
        if node.watch is not None:
            gradient = _through_hooks(node.watch.hooks, gradient, create_graph)
            if targets is None and node.watch.retainer is not None and (tensor := node.watch.retainer()) is not None:
                tensor.grad = _alone(gradient, create_graph)
        if targets is not None and node in targets:
            captured[node] = gradient
        return gradient

    retain = create_graph if retain_graph is None else retain_graph
    if create_graph:
        with set_grad_enabled(True):
            walk.run(seeds, wanted, retain, see)
    else:
        state.quietly(walk.run, seeds, wanted, retain, see)
    for leaf, gradient in walk.pending.items():
        if leaf.hooks:
            walk.pending[leaf] = _through_hooks(leaf.hooks, gradient, create_graph)
            walk.shared.add(leaf)  # a hook may have kept what it was shown
    return walk, captured


def backward(
    tensors: Sequence[Tensor] | Tensor,
    grad_tensors: Sequence[Tensor | None] | Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | Tensor | None = None,
) -> None:
    """Add to `.grad` of every leaf (or of `inputs` only) the gradient of Σ ⟨grad_tensors, tensors⟩.

    `create_graph` records the backward pass, so that gradients can be differentiated again. Unless `retain_graph`
    (by default: create_graph) is true, what the graph saved is freed and a second backward raises RuntimeError.
    """
    roots = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    alone = grad_tensors is None or isinstance(grad_tensors, Tensor)
    gradients: Any = [grad_tensors] * len(roots) if alone else grad_tensors
    wanted = [inputs] if isinstance(inputs, Tensor) else inputs
    targets = None if wanted is None else {edge(t) for t in wanted}
    walk, captured = _walk(roots, gradients, retain_graph, create_graph, targets)
    if wanted is None:
        for leaf, gradient in walk.pending.items():
            accumulate(leaf, gradient, walk, create_graph)
        return
    for tensor in wanted:
        gradient = captured.get(tensor.node) if tensor.node is not None else walk.pending.get(tensor)
        if gradient is not None:
            accumulate(tensor, gradient, walk, create_graph)


def accumulate(leaf: Tensor, gradient: Any, walk: Walk, create_graph: bool) -> None:
    """Add `gradient` to `leaf.grad`, in place where that is a plain array; the first one is taken or copied.

    What is taken shares memory with nothing: not with another leaf's grad, the cotangent, or a saved value.
    """
    if leaf.grad is None:
        if create_graph:
            leaf.grad = gradient
        else:
            own = type(gradient) is np.ndarray and leaf not in walk.shared and gradient.flags.c_contiguous
            leaf.grad = Tensor(gradient if own else np.array(gradient, order="C"))
    elif create_graph or leaf.grad.requires_grad:
        leaf.grad = add(leaf.grad, gradient if create_graph else Tensor(np.asarray(gradient)))
    else:
        held = leaf.grad.array
        state.quietly(np.add, held, gradient, out=held)


def grad(
    outputs: Sequence[Tensor] | Tensor,
    inputs: Sequence[Tensor] | Tensor,
    grad_outputs: Sequence[Tensor | None] | Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of Σ ⟨grad_outputs, outputs⟩ with respect to `inputs`, touching nobody's `.grad`.

    Raises RuntimeError for an input that was not used in the graph, unless `allow_unused`: then it is None.
    """
    roots = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    gradients = grad_outputs if isinstance(grad_outputs, Sequence) else [grad_outputs] * len(roots)
    for tensor in wanted:
        if not tensor.requires_grad:
            raise RuntimeError(f"an input of shape {tensor.shape} does not require grad")
    walk, captured = _walk(roots, gradients, retain_graph, create_graph, {edge(t) for t in wanted})
    results: list[Tensor | None] = []
    for tensor in wanted:
        gradient = captured.get(tensor.node) if tensor.node is not None else walk.pending.get(tensor)
        if gradient is None and not allow_unused:
            raise RuntimeError(
                f"an input of shape {tensor.shape} appears not to have been used in the graph: "
                "allow_unused=True gives None for it"
            )
        results.append(None if gradient is None else _alone(gradient, create_graph))
    return tuple(results)


def forget(tensors: Iterable[Tensor], set_to_none: bool = True) -> None:
    """Forget the gradients of `tensors`, or fill them with zeros in place: what every zero_grad() does."""
    for tensor in tensors:
        if set_to_none or tensor.grad is None:
            tensor.grad = None
        else:
            if tensor.grad.requires_grad:
                tensor.grad = tensor.grad.detach()
            tensor.grad.array.fill(0)


def _backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | Tensor | None = None,
) -> None:
    """Add to `.grad` of every leaf (or of `inputs`) the gradient of ⟨gradient, self⟩. See `autograd.backward`."""
    backward([self], [gradient], retain_graph, create_graph, inputs)


setattr(Tensor, "backward", _backward)  # noqa: B010 - as functional.py gives all others
