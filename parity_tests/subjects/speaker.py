"""An engine that speaks the protocol by itself: misbehaving.Value, with a few ways to answer wrongly (its argument)."""

import json
import os
import sys
import time

from misbehaving import Value

WRONG_HELLO = {
    "version": {"protocol": 7},
    "kind": {"protocol": 1, "kind": "vector", "ops": {}},
    "ops": {"protocol": 1, "kind": "scalar", "ops": "all"},
}
# Kept, for a subject may patch them.
dumps, loads, write, pid, getpid = json.dumps, json.loads, os.write, os.getpid(), os.getpid


def encoded(value):
    return {"dtype": "float64", "shape": [], "data": [value if value - value == 0 else repr(value)]}


def trace(program, tell):
    """Run a program on Values."""
    result = {"values": {}, "gradients": {}, "parameters": {}, "inputs_after": {}, "failure": None}
    variables = [Value(float(spec["storage"][0])) for spec in program["inputs"]]
    for position, statement in enumerate(program["statements"]):
        tell(position)
        try:
            if "op" in statement:
                first, *rest = [
                    variables[a["ref"]] if "ref" in a else float(a.get("float", a.get("int")))
                    for a in statement["args"]
                ]
                op = statement["op"]
                variables.append(first.tanh() if op == "tanh" else first + rest[0] if op == "add" else first * rest[0])
            elif "backward" in statement:
                (root,) = statement["backward"]
                variables[root].backward()
                shown = {str(k): encoded(v.grad) for k, v in enumerate(variables)}
                result["gradients"][str(position)] = shown
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            try:
                words = str(error)
            except Exception:  # noqa: BLE001 - as above
                words = "no words"
            result["failure"] = {"statement": position, "type": type(error).__name__, "message": words}
            break
    for k, variable in enumerate(variables):
        try:
            result["values"][str(k)] = encoded(variable.data)
        except Exception:  # noqa: BLE001 - as above
            result["values"][str(k)] = {"unreadable": "no words"}
    return result


def answers(request, mode):
    """The answers to a request to run, without id and nonce."""
    for index, program in enumerate(request["programs"]):

        def tell(position, index=index):
            if request.get("progress"):
                send(request, {"index": index, "at": position})

        if mode == "slow":
            time.sleep(0.7)
        answer = {"index": index, "trace": trace(program, tell)}
        if mode == "null":
            answer["trace"]["values"]["0"]["data"] = [None]
        if mode == "long":
            answer["padding"] = "x" * 3_000_000
        if mode == "skips":
            answer["index"] += 1
        if mode == "gives-up":
            answer = {"error": {"kind": "ours", "message": "a fault of the child's own"}}
        yield answer
        if mode == "twice":
            yield answer


def send(request, answer):
    line = dumps({"id": request["id"], "nonce": request["nonce"], **answer}).encode() + b"\n"
    if getpid() != pid:
        os._exit(0)
    while line:
        line = line[write(private, line) :]


mode = sys.argv[1] if len(sys.argv) > 1 else ""
private, requests = os.dup(1), os.fdopen(os.dup(0), "rb")
os.dup2(2, 1)
if mode == "silent":
    time.sleep(1000)
if mode == "mute":
    os.close(private)
    time.sleep(1000)
if mode == "ends":
    sys.exit("no engine today")
for line in requests:
    request = loads(line)
    if request["method"] == "hello":
        good = {"protocol": 1, "engine": "speaker", "kind": "scalar", "ops": ["add", "mul", "tanh", "frobnicate"]}
        if mode == "refuses":
            send(request, {"error": {"kind": "no class", "message": "speaker has no class Valve"}})
        else:
            send(request, {"result": WRONG_HELLO.get(mode, good)})
    elif request["method"] == "run":
        for answer in answers(request, mode):
            if mode == "junk":
                write(private, b'not JSON\n{"id": 1}\n{"id": []}\n[]\n\xff\xfe\n')
            send(request, answer)
    elif request["method"] == "source":
        send(request, {"result": {"file": "speaker.py", "line": 7, "text": "def tanh"}})
    else:
        break
os._exit(0)
