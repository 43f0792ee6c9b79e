"""What each step shows: forward through the nodes as they were computed, then backward in the record's order."""

from __future__ import annotations

from collections.abc import Sequence

from paragrad.reports.bodies.diff import DiffBody, DiffCompared, DiffNode, DiffTerm
from paragrad.reports.html.stepper.data import Contribution, Phase, Side, Step
from paragrad.reports.html.stepper.excerpt import excerpt
from paragrad.reports.html.stepper.graph import Drawing
from paragrad.reports.html.stepper.numbers import exact, rows, shown
from paragrad.reports.html.words import number

TONES = {"identical": "good", "rounding": "good", "bug": "bad"}
"""Of verdicts; the others are no fault of this number, and no proof either."""
SAID = {
    "identical": "the same bits",
    "rounding": "equal but for rounding",
    "convention": "torch chose otherwise at a kink",
    "ill-conditioned": "nobody can tell at these numbers",
    "inherited": "right at the numbers that came in, which are not torch's",
    "bug": "wrong",
    "hidden": "not shown by the engine",
}


class Steps:
    """The steps of the nodes that the page shows; `labels` are those of all nodes of the record."""

    def __init__(self, nodes: Sequence[DiffNode], body: DiffBody, drawing: Drawing) -> None:
        self.body = body
        self.drawing = drawing
        self.forward = sorted(nodes, key=lambda node: node["number"])
        by_number = {node["number"]: node for node in nodes}
        self.backward = [by_number[k] for k in body["order"] if k in by_number and by_number[k]["gradient"] is not None]
        self.labels = {node["number"]: node["label"] for node in body["nodes"]}
        self.root = "L" if body["root"] is None else self.labels.get(body["root"], "L")

    def all(self) -> list[Step]:
        """Every step, in order."""
        forward = [self.valued(node, k) for k, node in enumerate(self.forward, 1)]
        return forward + [self.graded(node, k) for k, node in enumerate(self.backward, 1)]

    def difference(self) -> str:
        """The step at which the first difference shows; "" under parity, and where its node is not on the page."""
        if self.body["star"] is None or not self.body["findings"]:
            return ""
        gradient = self.body["findings"][0]["kind"] == "gradient"
        for phase, nodes in (("backward", self.backward), ("forward", self.forward)):
            numbers = [node["number"] for node in nodes]
            if self.body["star"] in numbers and (gradient or phase == "forward"):
                return name(phase, numbers.index(self.body["star"]) + 1)
        return ""

    def valued(self, node: DiffNode, k: int) -> Step:
        """A step of the forward: a node gets its value."""
        side = compared("value", node["value"], None)
        counter = f"forward {k} of {len(self.forward)}: {made(node)}"
        operands = tuple(self.operand(o["parameter"], o["node"]) for o in node["operands"])
        edges = tuple(f"edge-{e}" for e in self.drawing.into(node))
        return self.step("forward", k, counter, node, edges, [side], operands=operands)

    def operand(self, parameter: str, number: int) -> tuple[str, str]:
        """What a node is made of: the parameter, and the node with its value."""
        used = next((node for node in self.body["nodes"] if node["number"] == number), None)
        label = self.labels.get(number, "a node that is not shown")
        return parameter, label if used is None else f"{label} = {shown(used['value']['mine'])}"

    def graded(self, node: DiffNode, k: int) -> Step:
        """A step of the backward: a node's gradient is complete."""
        assert node["gradient"] is not None
        side = compared("gradient", node["gradient"], node["difference"])
        counter = f"backward {k} of {len(self.backward)}: {made(node)}"
        edges = tuple(f"edge-{e}" for e in self.drawing.flows[node["number"]] if e is not None)
        sides = [compared("value", node["value"], None), side]
        given = "" if node["given"] is None else shown(node["given"])
        terms = tuple(self.contribution(node, term) for term in node["terms"])
        return self.step(
            "backward", k, counter, node, edges, sides, total=self.total(node), given=given, contributions=terms
        )

    def step(
        self, phase: Phase, k: int, counter: str, node: DiffNode, edges: tuple[str, ...], sides: list[Side],
        operands: tuple[tuple[str, str], ...] = (), total: tuple[str, ...] = (), given: str = "",
        contributions: tuple[Contribution, ...] = (),
    ) -> Step:  # fmt: skip
        """A step of either direction."""
        starred = node["number"] == self.body["star"]
        last = sides[-1]
        said = [f"{counter[0].upper()}{counter[1:]}.", "Here is the first difference." if starred else ""]
        one = node["value"] if phase == "forward" or node["gradient"] is None else node["gradient"]
        sides_told = f"The {last.what} is {shown(one['mine'])}, torch has {shown(one['torch'])}"
        said += [f"{sides_told}: {last.verdict}, {SAID[last.verdict]}."]
        said += [f"{last.fraction} of the bound." if last.fraction else ""]
        said += [". ".join(total) + "." if total else ""]
        return Step(
            name(phase, k), phase, counter, f"node-{node['number']}", edges, starred, " ".join(filter(None, said)),
            excerpt(node, self.body["source"]), node["meaning"], tuple(sides), operands, total, given, contributions,
        )  # fmt: skip

    def total(self, node: DiffNode) -> tuple[str, ...]:
        """The gradient as the sum over its edges: in symbols, then in numbers."""
        left = f"d{self.root}/d{node['label']}"
        terms, given = node["terms"], node["given"]
        if not terms:
            return () if given is None else (f"{left} = {shown(given)}, where the backward starts",)
        symbols = [self.chain(node, term) for term in terms]
        numbers = [product(term) for term in terms]
        if given is not None:
            symbols.insert(0, "what was there")
            numbers.insert(0, shown(given))
        found = " + ".join(numbers)
        whole = shown(terms[-1]["accumulated"])
        return f"{left} = {' + '.join(symbols)}", f"{left} = {found}" + (f" = {whole}" if found != whole else "")

    def chain(self, node: DiffNode, term: DiffTerm) -> str:
        """A term in symbols: dL/du · du/dv."""
        user = self.labels.get(term["user"], f"v{term['user']}")
        return f"d{self.root}/d{user} · d{user}/d{node['label']}"

    def contribution(self, node: DiffNode, term: DiffTerm) -> Contribution:
        """A term as the page shows it."""
        user = self.labels.get(term["user"], f"v{term['user']}")
        symbol = f"d{user}/d{node['label']}" + (f" = {term['symbol']}" if term["symbol"] else "")
        local = "a matrix" if term["local"] is None else shown(term["local"])
        mine = "" if term["mine"] is None else shown(term["mine"])
        if term["right"] is False and term["mine"] is None:
            mine = "nothing"
        return Contribution(
            user, self.chain(node, term), symbol, shown(term["upstream"]), local, shown(term["expected"]), mine,
            shown(term["accumulated"]), term["rule"], term["undone"], term["right"] is False,
        )  # fmt: skip


def name(phase: str, k: int) -> str:
    """The anchor of a step."""
    return f"{phase}-{k}"


def made(node: DiffNode) -> str:
    """A node and what it is: `e = a * b`, `a, an input`."""
    if node["made"]:
        return f"{node['label']} = {node['made']}"
    leaf = "an input" if node["op"] == "input" else f"a {node['op']}"
    return f"{node['label']}, {leaf}"


def product(term: DiffTerm) -> str:
    """upstream · local in numbers; of arrays their contribution."""
    local, upstream = term["local"], term["upstream"]
    if local is None or local["shape"] or upstream["shape"]:
        return shown(term["expected"])
    return " · ".join(f"({f})" if f.startswith("-") else f for f in (shown(upstream), shown(local)))


def compared(what: str, one: DiffCompared, difference: float | str | None) -> Side:
    """A number on both sides."""
    worst = ""
    if one["worst"] and one["worst_mine"] is not None:
        dtype = one["mine"]["dtype"]
        pair = exact(one["worst_mine"], dtype), exact(one["worst_torch"], dtype)
        worst = f"worst element {one['worst']}: mine {pair[0]}, torch {pair[1]}"
    shape = one["torch"]["shape"]
    element = "" if difference is None or not shape else str(one["worst"] or [0] * len(shape))
    error = one["error"]
    fraction = error if isinstance(error, str) else "" if error is None else number(error, 3)
    fraction = "" if one["verdict"] == "identical" else fraction  # it says no more than the word
    return Side(
        what,
        rows(one["mine"]),
        rows(one["torch"]),
        exact(difference),
        one["verdict"],
        TONES.get(one["verdict"], "open"),
        fraction,
        exact(error),
        worst,
        element,
    )
