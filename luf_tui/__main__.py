"""`python -m luf_tui`."""

import sys

from luf_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
