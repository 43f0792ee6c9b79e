"""Optimizers with torch.optim's names, options, errors and arithmetic.

Each update takes the steps of torch's single-tensor implementation (torch/optim/sgd.py, adam.py) in their order, so
that rounding is the same but for torch's fused multiply-adds, and writes into the parameters and into scratch arrays
that all parameters of one shape share: after the first step no array is made.
"""

from __future__ import annotations

import collections
import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from paragrad.engine import dtypes
from paragrad.engine.autograd import forget
from paragrad.engine.dtypes import Array
from paragrad.engine.nn.loading import as_array
from paragrad.engine.state import enable_grad
from paragrad.engine.tensor import Tensor

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]

Group = dict[str, Any]


class Optimizer:
    """Parameters in groups, each with its options, and what is remembered of each parameter between steps.

    A subclass checks its options and says in `update` how one parameter moves.
    """

    def __init__(self, params: Iterable[Tensor] | Iterable[Group], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("params must be an iterable of Tensors or dicts, not one Tensor: put it into a list")
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = collections.defaultdict(dict)
        self.param_groups: list[Group] = []
        self._scratch: dict[Any, Array] = {}
        groups: list[Any] = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own; those that are not named are the optimizer's defaults.

        Raises TypeError for what is no Tensor, ValueError for what is no leaf or is in another group already.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group).__name__}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError("optimizer parameters need an order, which a set does not keep between runs: use a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {type(param).__name__}")
            if not (param.is_leaf or param.retains_grad):
                raise ValueError(f"can't optimize a non-leaf Tensor: {param.grad_fn} made one of the params")
        held = {id(param) for group in self.param_groups for param in group["params"]}
        if held & {id(param) for param in params} or len({id(param) for param in params}) < len(params):
            raise ValueError("some parameters appear more than once in the optimizer")
        self.param_groups.append({**self.defaults, **param_group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the parameters' gradients, or fill them with zeros."""
        for group in self.param_groups:
            forget(group["params"], set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move every parameter that has a gradient. Returns what `closure`, called before, returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with np.errstate(all="ignore"):
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        self.update(param, param.array, param.grad.array, group)
        return loss

    def update(self, param: Tensor, value: Array, grad: Array, group: Group) -> None:
        """Move one parameter, whose numbers are `value`, in place."""
        raise NotImplementedError

    def scratch(self, like: Array, number: int) -> Array:
        """An array of the shape and dtype of `like` whose content lasts until the next update."""
        key = (like.shape, like.dtype.char, number)
        found = self._scratch.get(key)
        if found is None:
            found = self._scratch[key] = np.empty_like(like)
        return found

    def ascent(self, value: Array, grad: Array, group: Group, weight_decay: float) -> Array:
        """The gradient with its sign turned under `maximize`, plus weight_decay · value; in scratch 0 if changed."""
        if group["maximize"]:
            grad = np.negative(grad, out=self.scratch(value, 0))
        if weight_decay != 0:
            decay = np.multiply(value, weight_decay, out=self.scratch(value, 1))
            grad = np.add(grad, decay, out=self.scratch(value, 0))
        return grad

    def state_dict(self) -> dict[str, Any]:
        """State and groups as plain data in torch's form, with parameters numbered; tensors are not copied."""
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for param in group["params"]:
                numbers[id(param)] = len(numbers)
        return {
            "state": {numbers[id(param)]: dict(state) for param, state in self.state.items()},
            "param_groups": [
                {k: [numbers[id(p)] for p in v] if k == "params" else v for k, v in group.items()}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over a state, ours or torch's. Raises ValueError where its groups don't fit this optimizer's."""
        saved = [dict(group) for group in state_dict["param_groups"]]
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"loaded state dict has {len(saved)} parameter groups, this optimizer has {len(self.param_groups)}"
            )
        params: dict[int, Tensor] = {}
        for k, (theirs, ours) in enumerate(zip(saved, self.param_groups, strict=True)):
            if len(theirs["params"]) != len(ours["params"]):
                raise ValueError(
                    f"loaded state dict has {len(theirs['params'])} parameters in group {k}, "
                    f"this optimizer has {len(ours['params'])}"
                )
            params.update(zip(theirs["params"], ours["params"], strict=True))
        self.state.clear()
        for number, state in state_dict["state"].items():
            param = params[number]
            self.state[param] = {name: _restored(name, value, param) for name, value in state.items()}
        self.param_groups = [
            {**self.defaults, **copy.deepcopy(theirs), "params": ours["params"]}
            for theirs, ours in zip(saved, self.param_groups, strict=True)
        ]

    def __repr__(self) -> str:
        lines = []
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines.extend(f"    {name}: {group[name]}" for name in sorted(group) if name != "params")
        return f"{type(self).__name__} (\n" + "".join(f"{line}\n" for line in lines) + ")"


def _restored(name: str, value: Any, param: Tensor) -> Any:
    """One remembered thing as a copy: in the parameter's dtype, but for the count of steps."""
    if value is None or (isinstance(value, bool | int | float) and name != "step"):
        return value
    return Tensor(np.array(as_array(value), dtypes.get_default_dtype() if name == "step" else param.dtype))


def _check(what: str, value: float) -> None:
    """Raise ValueError, in torch's words, for an option below 0 or NaN."""
    if not float(value) >= 0.0:
        raise ValueError(f"Invalid {what}: {value}")


class SGD(Optimizer):
    """param -= lr · step, where step is the gradient, or with momentum its running sum.

    grad = gradient + weight_decay · param; buf = momentum · buf + (1 - dampening) · grad (the first time: grad);
    step = grad + momentum · buf with nesterov, else buf.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        _check("learning rate", lr)
        _check("momentum value", momentum)
        _check("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**options, "nesterov": nesterov, "maximize": maximize})

    def update(self, param: Tensor, value: Array, grad: Array, group: Group) -> None:
        """See the class."""
        grad = self.ascent(value, grad, group, group["weight_decay"])
        momentum = group["momentum"]
        if momentum != 0:
            state = self.state[param]
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buf = grad.copy()
                state["momentum_buffer"] = Tensor(buf)
            else:
                buf = buffer.array
                np.multiply(buf, momentum, out=buf)
                share = 1 - group["dampening"]
                np.add(buf, grad if share == 1 else np.multiply(grad, share, out=self.scratch(value, 1)), out=buf)
            if group["nesterov"]:
                ahead = np.multiply(buf, momentum, out=self.scratch(value, 1))
                grad = np.add(grad, ahead, out=self.scratch(value, 0))
            else:
                grad = buf
        np.subtract(value, np.multiply(grad, float(group["lr"]), out=self.scratch(value, 1)), out=value)


class Adam(Optimizer):
    """param -= lr · m̂ / (√v̂ + eps), where m̂ and v̂ are running means of the gradient and its square.

    m = β₁·m + (1 - β₁)·grad and v = β₂·v + (1 - β₂)·grad², each divided by 1 - βᵗ because they start at 0. The
    gradient takes weight_decay · param with it; with `decoupled_weight_decay` the parameter shrinks by itself instead.
    With `amsgrad` v is the largest so far. Source: Kingma and Ba 2015; Loshchilov and Hutter 2019; Reddi et al. 2018.
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        _check("learning rate", lr)
        _check("epsilon value", eps)
        for k, beta in enumerate(betas):
            if not 0.0 <= beta < 1.0:
                raise ValueError(f"Invalid beta parameter at index {k}: {beta}")
        _check("weight_decay value", weight_decay)
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        options |= {"maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay}
        super().__init__(params, options)

    def update(self, param: Tensor, value: Array, grad: Array, group: Group) -> None:
        """See the class."""
        lr, (beta1, beta2), decay = float(group["lr"]), group["betas"], group["weight_decay"]
        if group["decoupled_weight_decay"]:
            if decay != 0:
                np.multiply(value, 1 - lr * decay, out=value)
            decay = 0
        grad = self.ascent(value, grad, group, decay)
        state = self.state[param]
        if not state:
            names = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")
            state["step"] = Tensor(np.zeros((), dtypes.get_default_dtype()))
            state.update({name: Tensor(np.zeros_like(value)) for name in names})
        count = state["step"].array
        count += 1
        step = float(count)
        mean, square = state["exp_avg"].array, state["exp_avg_sq"].array
        scratch = self.scratch(value, 1)
        _lerp(mean, grad, 1 - beta1, scratch)
        np.multiply(grad, 1 - beta2, out=scratch)
        np.multiply(scratch, grad, out=scratch)
        np.multiply(square, beta2, out=square)
        np.add(square, scratch, out=square)
        if group["amsgrad"]:
            square = np.maximum(state["max_exp_avg_sq"].array, square, out=state["max_exp_avg_sq"].array)
        denominator = np.sqrt(square, out=scratch)
        np.divide(denominator, (1 - beta2**step) ** 0.5, out=denominator)
        np.add(denominator, group["eps"], out=denominator)
        change = np.multiply(mean, lr / (1 - beta1**step), out=self.scratch(value, 0))
        np.divide(change, denominator, out=change)
        np.subtract(value, change, out=value)


def _lerp(start: Array, end: Array, weight: float, scratch: Array) -> None:
    """Move `start` to start + weight · (end - start), as torch.lerp does: from the end that is nearer."""
    np.subtract(end, start, out=scratch)
    if weight < 0.5:
        np.multiply(scratch, weight, out=scratch)
        np.add(start, scratch, out=start)
    else:
        np.multiply(scratch, 1 - weight, out=scratch)
        np.subtract(end, scratch, out=start)


class AdamW(Adam):
    """Adam whose weight decay shrinks the parameter by lr · weight_decay, apart from the gradient."""

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[Group],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)
