"""One module a command: `add_arguments(parser)` and `run(args) -> exit code`.

The command line imports only the module it needs, so each may import what it uses at its top.
"""
