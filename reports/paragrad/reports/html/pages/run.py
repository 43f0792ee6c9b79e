"""The facts that a number is worth nothing without: who ran what where, and how much of it was judged."""

from __future__ import annotations

from paragrad.reports.html.blocks import Facts, Section
from paragrad.reports.html.words import LACKING, plural
from paragrad.reports.record import Record
from paragrad.reports.render.markdown import option


def section(record: Record) -> Section:
    """The same facts as on the Markdown page."""
    machine, counts, commit = record["machine"], record["counts"], record["commit"]
    filtered = ", ".join(f"{reason}: {n:,}" for reason, n in counts["filtered"].items()) or "0"
    changed = ", with changes" if commit and commit["dirty"] else ""
    pairs = [
        ("CPU", f"{machine['cpu']}, {plural(machine['cores'], 'core')}"),
        ("BLAS", ", ".join(f"{name}: {blas}" for name, blas in machine["blas"].items())),
        ("threads", ", ".join(f"{name}: {n or 'its own choice'}" for name, n in machine["threads"].items())),
        ("allocator and other settings", ", ".join(f"{k}={v}" for k, v in machine["settings"].items()) or "defaults"),
        ("system", machine["os"]),
        ("versions", ", ".join(f"{name} {version or LACKING}" for name, version in record["versions"].items())),
        ("commit", f"{commit['id'][:12]}{changed}" if commit else LACKING),
        ("seed", LACKING if record["seed"] is None else str(record["seed"])),
        (
            "options",
            "; ".join(f"{name}: {option(name, value)}" for name, value in record["options"].items()) or LACKING,
        ),
        ("requested", f"{counts['requested']:,}"),
        ("judged", f"{counts['judged']:,}"),
        ("filtered", filtered),
        ("crashed", f"{counts['crashed']:,}"),
        ("not run", f"{counts['not_run']:,}"),
    ]
    return Section("run", "The run", [Facts([*pairs])])
