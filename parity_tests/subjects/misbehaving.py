"""A small scalar engine that does something terrible in tanh of 13; which, says the variable PARAGRAD_FAULT."""

import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path


def loop():
    while True:
        pass


def walk():
    """Visit a ladder of diamonds without a visited set: 2**60 steps."""

    def visit(depth):
        if depth:
            visit(depth - 1)
            visit(depth - 1)

    visit(60)


def allocate():
    held = []
    for _ in range(1000):
        held.append(b"x" * 10_000_000)
        time.sleep(0.005)  # some seconds for 10 GB, to leave the machine its memory


def allocate_at_once():
    return b"x" * 10_000_000_000


def segfault():
    import ctypes

    ctypes.string_at(0)


def leave():
    os._exit(3)


def fork():
    if os.fork() == 0:
        return "a forked child"  # which goes on with the program, and tries to answer
    return None


def shout():
    for _ in range(100):
        print("x" * 1_000_000)


def close_descriptor():
    os.close(1)


def close_stdout():
    sys.stdout.close()


def close_everything():
    for descriptor in (0, 1, 2):
        os.close(descriptor)


def close_every_descriptor():
    os.closerange(0, 4096)


def quit():
    sys.exit(5)


def interrupt():
    raise KeyboardInterrupt


def shrink_stack():
    sys.setrecursionlimit(60)


def leave_threads():
    for _ in range(20):
        threading.Thread(target=time.sleep, args=(1000,)).start()


def patch():
    import json

    json.dumps = json.loads = sys.stdout = sys.stdin = sys.exit = None
    sys.modules["json"] = sys.modules["os"] = None


def leave_processes():
    """Start a process that outlives this one, and tell its number."""
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], stdin=subprocess.DEVNULL)
    raise RuntimeError(started.pid)


def leave_orphan():
    """Start a process, write its number to the file in PARAGRAD_NOTE, and be gone."""
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
    with Path(os.environ["PARAGRAD_NOTE"]).open("a") as note:
        print(started.pid, file=note)
    os._exit(3)


def deadlock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def die_later():
    """Leave a thread behind that ends the process, some programs later."""
    threading.Timer(0.05, os._exit, (7,)).start()


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no words")

    __repr__ = __str__


def unspeakable():
    raise Unspeakable


class Value:
    """A number with a gradient."""

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def tanh(self):
        value = math.tanh(self.data)
        if self.data == 13.0:
            fault = os.environ.get("PARAGRAD_FAULT", "")
            if fault == "nan":
                value = math.nan
            elif fault == "wordless":
                value = Wordless()
            elif fault:
                globals()[fault]()
        return Value(value, ((self, 1 - value * value),))

    def __repr__(self):
        if os.environ.get("PARAGRAD_FAULT") == "wordless":
            raise RuntimeError("no words")
        return f"Value({self.data})"

    def backward(self):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent, _ in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


class Wordless(float):
    """A number that can't be shown."""

    def __new__(cls):
        return super().__new__(cls, 1.0)

    def __repr__(self):
        raise RuntimeError("no words")

    __str__ = __float__ = __repr__
