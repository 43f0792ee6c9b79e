// A scalar autograd engine in JavaScript, and the loop that lets paragrad check it. See docs/protocol.md.
//
//     paragrad check --exec "node docs/examples/engine.mjs"

import { createInterface } from "node:readline";

// ---- The engine ----

class Value {
  constructor(data, operands = []) {
    this.data = data;
    this.grad = null;
    this.operands = operands; // pairs of a Value and its pullback, from this gradient to that one's share
    this.order = Value.made++;
  }
}
Value.made = 0;

const OPS = {
  add: (a, b) => new Value(a.data + b.data, [[a, (g) => g], [b, (g) => g]]),
  sub: (a, b) => new Value(a.data - b.data, [[a, (g) => g], [b, (g) => -g]]),
  mul: (a, b) => new Value(a.data * b.data, [[a, (g) => g * b.data], [b, (g) => g * a.data]]),
  div: (a, b) => new Value(a.data / b.data, [[a, (g) => g / b.data], [b, (g) => (-g * (a.data / b.data)) / b.data]]),
  neg: (a) => new Value(-a.data, [[a, (g) => -g]]),
  exp: (a) => new Value(Math.exp(a.data), [[a, (g) => g * Math.exp(a.data)]]),
  log: (a) => new Value(Math.log(a.data), [[a, (g) => g / a.data]]),
  tanh: (a) => new Value(Math.tanh(a.data), [[a, (g) => g * (1 - Math.tanh(a.data) ** 2)]]),
  relu: (a) => new Value(a.data <= 0 ? 0 : a.data, [[a, (g) => (a.data <= 0 ? 0 : g)]]),
};

function backward(roots, seeds) {
  const reached = new Set(roots);
  for (const value of reached) for (const [operand] of value.operands) reached.add(operand);
  for (const value of reached) value.grad ??= 0;
  roots.forEach((root, k) => (root.grad += seeds[k]));
  for (const value of [...reached].sort((a, b) => b.order - a.order))
    for (const [operand, pullback] of value.operands) operand.grad += pullback(value.grad);
}

// ---- Numbers that JSON does not have are strings ----

const WORDS = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const read = (x) => (x in WORDS ? WORDS[x] : Number(x));

function write(x) {
  if (Number.isFinite(x)) return Object.is(x, -0) ? "-0.0" : x;
  return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

const shown = (x) => (x === null ? null : write(x));

// ---- A program: variables are numbered, the inputs first, then each statement's output ----

function run(program, progress) {
  const inputs = program.inputs.map((input) => new Value(read(input.storage[0])));
  const variables = [...inputs];
  const needed = program.inputs.map((input) => input.requires_grad); // of which variables a gradient is asked
  const trace = { values: {}, gradients: {}, parameters: {}, inputs_after: {}, failure: null };
  program.statements.forEach((statement, position) => {
    if (trace.failure) return;
    progress(position);
    try {
      if ("op" in statement) {
        const operand = (a) => ("ref" in a ? variables[a.ref] : new Value(read(a.float ?? a.int)));
        variables.push(OPS[statement.op](...statement.args.map(operand)));
        needed.push(statement.args.some((a) => "ref" in a && needed[a.ref]));
      } else if ("backward" in statement) {
        for (const value of variables.slice(inputs.length)) value.grad = null; // only leaves accumulate
        const seeds = statement.cotangents.map((c) => (c === null ? 1 : variables[c].data));
        backward(statement.backward.map((r) => variables[r]), seeds);
        const gradients = variables.map((value, k) => [k, shown(value.grad)]).filter(([k]) => needed[k]);
        trace.gradients[position] = Object.fromEntries(gradients);
      } else if ("zero_grad" in statement) {
        for (const value of inputs) value.grad = null;
      } else {
        // No fault of the engine's: it has no optimizers and no second derivatives.
        throw Object.assign(new Error(`no ${Object.keys(statement)}`), { name: "Unsupported" });
      }
    } catch (error) {
      trace.failure = { statement: position, type: error.name, message: error.message };
    }
  });
  variables.forEach((value, k) => (trace.values[k] = shown(value.data)));
  inputs.forEach((value, k) => (trace.inputs_after[k] = shown(value.data)));
  return trace;
}

// ---- The conversation ----

console.log = console.error; // standard output is for answers only

const spell = { add: "a + b", sub: "a - b", mul: "a * b", div: "a / b", neg: "-a" };
const hello = {
  protocol: 1,
  engine: "engine.mjs",
  kind: "scalar",
  requires_grad: false,
  ops: Object.fromEntries(
    Object.entries(OPS).map(([op, f]) => [op, { spelled: spell[op] ?? `${op}(a)`, arity: f.length, numbers: "both" }]),
  ),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, nonce, method, programs, progress } = JSON.parse(line);
  const answer = (rest) => process.stdout.write(JSON.stringify({ id, nonce, ...rest }) + "\n");
  if (method === "hello") answer({ result: hello });
  if (method === "source") answer({ result: null });
  if (method === "bye") break;
  programs?.forEach((program, index) => {
    const tell = progress ? (at) => answer({ index, at }) : () => {};
    answer({ index, trace: run(program, tell) });
  });
}
