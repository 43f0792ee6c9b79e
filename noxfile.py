"""One command a job: `nox -l` lists them, `nox -s NAME -- OPTIONS` passes options on.

`env` builds the one environment that all torch sessions share, because torch is large. Dependencies are declared in
pyproject.toml only. No session pins a Python: the one that runs nox is used. Nothing but pip's own index is contacted,
unless PARAGRAD_TORCH_INDEX names a further one, such as PyTorch's own for its small CPU build.
"""

import os
import shutil
import sys
from pathlib import Path

import nox

nox.needs_version = ">=2025.10.16"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"  # `nox -N -s env` starts afresh
nox.options.sessions = ["lint", "numpy_only", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
TORCH_INDEX = os.environ.get("PARAGRAD_TORCH_INDEX", "")
# More threads are slower on these sizes, and sums are then no longer repeatable.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
ONE_THREAD = dict.fromkeys(THREADS, "1")
CHECKS = {name: sorted(map(str, Path("parity_tests", name).glob("check_*.py"))) for name in ("browser", "site")}
GRACE = 30.0  # seconds after Ctrl-C in which a run saves what it found; nox gives 0.3


def groups(*names: str) -> tuple[str, ...]:
    """The requirements of pyproject's dependency groups."""
    return nox.project.dependency_groups(PYPROJECT, *names)


def in_env(session: nox.Session, *args: str, success_codes: tuple[int, ...] = (0,)) -> None:
    """Run `python ARGS` in the shared environment, by the full path of its interpreter."""
    python = session.env_dir.with_name("env") / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    session.run(str(python), *args, env=ONE_THREAD, external=True, interrupt_timeout=GRACE, success_codes=success_codes)


def with_peers(session: nox.Session) -> None:
    """Install the peers into the shared environment; without a network, go on with those that are there."""
    in_env(session, "-m", "pip", "install", "--quiet", *groups("peers"), success_codes=(0, 1))


def measured_sizes(session: nox.Session) -> str:
    """Run pytest-benchmark over the sizes; return the file it wrote."""
    Path("build").mkdir(exist_ok=True)
    told = "build/sizes.json"
    in_env(session, "-m", "pytest", "-q", "parity_tests/benchmarks/bench_sizes.py", f"--benchmark-json={told}")
    return told


@nox.session
def env(session: nox.Session) -> None:
    """Install torch, the tools and paragrad itself into the environment that the torch sessions share."""
    # What was installed: this checkout (a copied one would test the original) with this pyproject.toml.
    stamp = Path(session.bin).parent / "paragrad-installed.txt"
    wanted = f"{Path.cwd()}\n{Path('pyproject.toml').read_text(encoding='utf-8')}"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        session.log("pyproject.toml is as it was installed; `nox -N -s env` starts afresh")
        return
    stamp.unlink(missing_ok=True)
    session.log("installing; the first time downloads torch, which can take minutes")
    session.install(*groups("torch"), *(["--extra-index-url", TORCH_INDEX] if TORCH_INDEX else []), silent=False)
    pip = ["python", "-m", "pip", "install", "--editable", ".", *groups("dev")]
    if session.run_install(*pip, silent=True) is not None:  # None: nox was told to install nothing
        stamp.write_text(wanted, encoding="utf-8")


@nox.session(venv_backend="none", requires=["env"])
def parity(session: nox.Session) -> None:
    """Fuzz our engine against torch, report accuracy and speed: -- --programs 2000 --seconds 60 --seed 7."""
    sizes = [] if "--quick" in session.posargs else ["--sizes", measured_sizes(session)]
    in_env(session, "-m", "paragrad", "parity", *sizes, *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def tests(session: nox.Session) -> None:
    """Run parity_tests with pytest, in parallel: -- -k softmax, or -- -n 0 --pdb to look inside."""
    in_env(session, "-m", "pytest", "--numprocesses=auto", "--maxprocesses=8", "--dist=worksteal", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def browser(session: nox.Session) -> None:
    """Open the HTML reports and the site that `docs` built in Chromium (PARAGRAD_CHROMIUM, or on PATH), and look."""
    in_env(session, "-m", "pip", "install", "--quiet", *groups("browser"))
    in_env(session, "-m", "pytest", *CHECKS["browser"], *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def docs(session: nox.Session) -> None:
    """Build the site into build/docs, its cells executed, follow its links over http, run every block of its pages."""
    in_env(session, "-m", "pip", "install", "--quiet", *groups("docs"))
    sphinx = ["-m", "sphinx", "-W", "--keep-going", "--quiet", "-E", "-j", "auto", "-d", "build/docs-doctrees"]
    shutil.rmtree("build/docs", ignore_errors=True)  # a page that is no more would stay
    in_env(session, *sphinx, "-b", "html", "docs", "build/docs")
    in_env(session, "-m", "pytest", "--numprocesses=auto", "--maxprocesses=8", *CHECKS["site"], *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def bench(session: nox.Session) -> None:
    """Measure speed against torch and the peers, interleaved, one thread, and write the record."""
    with_peers(session)
    in_env(session, "-m", "paragrad", "bench", "--sizes", measured_sizes(session), *session.posargs)


@nox.session(name="false-alarms", venv_backend="none", requires=["env"])
def false_alarms(session: nox.Session) -> None:
    """Judge 10,000,000 gradient elements of sound engines, torch's among them: -- --elements 100000 --seed 1."""
    with_peers(session)
    in_env(session, "-m", "paragrad", "false-alarms", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def peers(session: nox.Session) -> None:
    """Check the engines known by name (JAX, HIPS autograd, MyGrad, micrograd) and write the scoreboard: -- --docs."""
    with_peers(session)
    in_env(session, "-m", "paragrad", "peers", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def gate(session: nox.Session) -> None:
    """Fail on what got less exact than the baseline or slower than the base commit: -- --accuracy --only softmax."""
    in_env(session, "-m", "paragrad", "gate", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def judges(session: nox.Session) -> None:
    """Plant faults in graphs of 80 ops and count which of five judges finds them: -- --docs renews docs/judge.md."""
    in_env(session, "-m", "paragrad", "judges", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def mutants(session: nox.Session) -> None:
    """Test the tester: plant faults in our own engine and count what the judge finds: -- --quick, or --only softmax."""
    in_env(session, "-m", "paragrad", "mutants", *session.posargs)


@nox.session(venv_backend="none", requires=["env"])
def lint(session: nox.Session) -> None:
    """Check style, format and types (ruff, mypy strict)."""
    in_env(session, "-m", "ruff", "check")
    in_env(session, "-m", "ruff", "format", "--check")
    in_env(session, "-m", "mypy")


@nox.session(venv_backend="none", requires=["env"])
def fix(session: nox.Session) -> None:
    """Rewrite the code as `lint` wants it, where ruff can."""
    in_env(session, "-m", "ruff", "check", "--fix")
    in_env(session, "-m", "ruff", "format")


@nox.session
def numpy_only(session: nox.Session) -> None:
    """Prove that paragrad.engine works in an environment with NumPy and nothing else."""
    session.install(*(name for name in PYPROJECT["project"]["dependencies"] if name.startswith("numpy")))
    session.install("--no-deps", ".")
    session.run("python", "parity_tests/numpy_only.py", env=ONE_THREAD)
