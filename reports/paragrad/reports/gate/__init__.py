"""`paragrad gate`: nothing got less exact than the baseline has it, nothing got slower than the base commit."""
