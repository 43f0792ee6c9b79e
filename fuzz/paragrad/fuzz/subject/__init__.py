"""The child: it loads someone's engine, finds out how it is spoken to, and runs Programs on it.

Run by path in the subject's own interpreter (`PYTHON -B .../subject/__main__.py`), CPython 3.8 or later. Nothing here
imports anything but the standard library, these sibling files (under a private package name, so that they never meet a
subject's module called `load` or `engine`) and the subject. NumPy is used where the subject itself has imported it.

Where to put what: how a file becomes a module is in `load.py`; how a class is constructed and read in `construct.py`;
under which name and form an op is found in `bind.py` (any engine) and `arrange.py` (tensors), the usual names and the
truth of each op in `names.py`; gradients in `gradient.py`; running in `execute.py`; the protocol in `serve.py`.
"""
