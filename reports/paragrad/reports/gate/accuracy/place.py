"""Where numbers come from: the facts that decide their last digits."""

from __future__ import annotations

import os
import platform
import re

import numpy as np
import torch

from paragrad.reports import machine
from paragrad.reports.gate.accuracy.rows import Place

SETTINGS = re.compile(r"(NPY_|OPENBLAS_CORETYPE|ATEN_CPU)")
"""Environment variables that choose kernels; allocators, which `machine.SETTINGS` has, too, change no digit."""


def here() -> Place:
    """This machine."""
    facts = machine.machine()
    simd = np.show_config(mode="dicts")["SIMD Extensions"]
    libc = " ".join(platform.libc_ver())
    return {
        "cpu": facts["cpu"],
        "system": f"{platform.system()} {platform.machine()} {libc}".strip(),
        "simd": f"numpy {' '.join(simd.get('found', []))}, torch {torch.backends.cpu.get_cpu_capability()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": torch.__version__,
        "blas": ", ".join(f"{name}: {blas}" for name, blas in sorted(facts["blas"].items())),
        "threads": ", ".join(f"{name}: {count}" for name, count in sorted(facts["threads"].items())),
        "settings": " ".join(f"{name}={value}" for name, value in sorted(os.environ.items()) if SETTINGS.match(name)),
    }


def differing(one: Place, other: Place) -> list[str]:
    """What is not the same in two places, a line each."""
    before, after = dict(one), dict(other)
    return [
        f"{name} {before[name] or '-'} there, {after[name] or '-'} here"
        for name in before
        if before[name] != after[name]
    ]
