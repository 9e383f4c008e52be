"""`python -m tests.promela CPUS/PAGES/FRAMES`: count what the engine reaches, as JSON."""

from __future__ import annotations

import argparse
import gc
import json

from tests.promela.machine import Sizes
from tests.promela.naming import PLAIN, RENAMED
from tests.promela.programs import BUGS, LITMUS
from tests.promela.search import Search


def main() -> None:
    """Search one configuration; the options are the model's -D."""
    parser = argparse.ArgumentParser(prog="python -m tests.promela", description=__doc__)
    parser.add_argument("sizes", nargs="?", default="2/2/3", help="default: %(default)s")
    parser.add_argument("--bug", type=int, choices=BUGS, help="a broken variant")
    parser.add_argument("--prog", type=int, choices=LITMUS, help="a litmus program")
    parser.add_argument(
        "--renamed",
        choices=RENAMED,
        default=PLAIN,
        help="visit one of the states that are the same but for their frames, or for all names",
    )
    args = parser.parse_args()
    gc.disable()  # what a search makes stays to its end, and looking through it costs a tenth
    sizes = Sizes(*map(int, args.sizes.split("/")))
    programs = LITMUS[args.prog] if args.prog else ()
    found = Search(sizes, BUGS.get(args.bug, ""), programs, args.renamed).run()
    told = {"states": found.states, "visited": found.visited, "transitions": found.transitions}
    told |= {"actions": len(found.path), "depth": found.depth, "rows": found.rows}
    told["turns"] = found.turns
    print(json.dumps(told))


if __name__ == "__main__":
    main()
