"""Plots as inline SVG, one file a kind. Colours are CSS classes, so that light, dark and print need no second plot.

A mark is an element of class `mark` with a `<title>`: the browser shows it without a script, and `script.js` shows it
at once, by mouse and by arrow keys.
"""
