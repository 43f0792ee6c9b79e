"""Formulas as MathML, by docutils' own converter: MathJax, Sphinx's default, is fetched from another host."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

LOG = logging.getLogger(__name__)
LABELLED = re.compile(r"<msub>(\s*<munder>)(.*?<mo)(>⏟</mo>)\s*</munder>(.*?)</msub>", re.DOTALL)
"""A brace and its label: the converter makes the brace as small as a letter and puts the label to its right."""
APPLIED = re.compile(r"<mo>&ApplyFunction;</mo>(?=\s*<m[in])")
"""Between a function's name and its argument, where browsers leave no space: sin x, not sinx."""


def mended(formula: str) -> str:
    """Braces as wide as what they hold with labels below them, and a space after the name of a function."""
    formula = LABELLED.sub(r'<munder><munder>\2 stretchy="true"\3</munder>\4</munder>', formula)
    return APPLIED.sub('<mspace width="0.17em"></mspace>', formula)


def converted(node: nodes.math | nodes.math_block, as_block: bool) -> str:
    """The formula as MathML. One that can't be converted is a warning, which ends a build with -W."""
    try:
        return mended(str(latex2mathml.tex2mathml(node.astext(), as_block=as_block)))
    except MathError as error:
        LOG.warning("%s in the formula %r: write it in other LaTeX", error, node.astext(), location=node)
        return ""


def inline(translator: HTML5Translator, node: nodes.math) -> None:
    """A formula in a line of text."""
    translator.body.append(converted(node, as_block=False))
    raise nodes.SkipNode


def block(translator: HTML5Translator, node: nodes.math_block) -> None:
    """A formula on lines of its own."""
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(converted(node, as_block=True))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", inline_renderers=(inline, None), block_renderers=(block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
