"""`python -m paragrad`: the command line, where the console script is not on PATH."""

import sys

from paragrad.reports.cli import main

if __name__ == "__main__":
    sys.exit(main())
