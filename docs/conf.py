"""The site: `nox -s docs` builds it into build/docs, without a network, and warnings are errors.

Pages are Markdown (MyST). A page whose cells are ```{code-cell} is executed. An exception in a cell is a warning with
the cell and its traceback; the other pages go on, so that one build tells all that is wrong, and then it fails.
What can be made from the code (ops, commands, docstrings) is made at each build, by `_extensions/`, and not committed.
"""

import hashlib
import logging
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOTS = [str(ROOT / name) for name in ("engine", "fuzz", "reports")]
sys.path[:0] = [*ROOTS, str(Path(__file__).parent / "_extensions")]
# The cells run in processes of their own, and this checkout is what they are to import.
os.environ["PYTHONPATH"] = os.pathsep.join([*ROOTS, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(name, "1")
# Cells see no settings or start-up files of whoever builds, and kernels say nothing unless something is wrong.
IPYTHON = ROOT / "build" / "docs-ipython"
(IPYTHON / "profile_default").mkdir(parents=True, exist_ok=True)
(IPYTHON / "profile_default" / "ipython_kernel_config.py").write_text(
    "c.IPKernelApp.log_level = 40\nc.HistoryManager.enabled = False\n", encoding="utf-8"
)
os.environ["IPYTHONDIR"] = str(IPYTHON)
logging.getLogger("traitlets").setLevel(logging.WARNING)


def sources() -> str:
    """A digest of all code that a cell may run: outputs that were kept hold for it and for no other."""
    digest = hashlib.sha256()
    roots = [*ROOTS, str(Path(__file__).parent / "learn")]
    for path in sorted(
        path for root in roots for path in Path(root).rglob("*") if path.suffix in {".py", ".json", ".csv"}
    ):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


project = "paragrad"
copyright = "the paragrad authors"
html_title = "paragrad"
language = "en"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "mathml",
    "plain_docstrings",
    "op_pages",
    "command_pages",
    "repository_links",
]
exclude_patterns = ["examples", "_extensions", "learn/broken"]

myst_enable_extensions = ["dollarmath", "attrs_block"]
myst_heading_anchors = 4
nb_execution_mode = "cache"
nb_execution_cache_path = str(ROOT / "build" / "docs-executed" / sources())
nb_execution_raise_on_error = False  # or the traceback is lost in the process that read the page
nb_execution_show_tb = True
nb_execution_timeout = 120
nb_merge_streams = True

html_theme = "furo"
html_show_sphinx = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "_static/favicon.svg"
html_math_renderer = "mathml"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
python_display_short_literal_types = True
