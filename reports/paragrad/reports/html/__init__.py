"""Reports as HTML. `drawing` draws Programs."""
