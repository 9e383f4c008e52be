"""The operations of the kernel. Importing this package registers every one of them, and with it
how its verbs begin.
"""

from importlib import import_module
from pkgutil import iter_modules

from luf_tui.engine.operation import op_name, step_label, step_name

__all__ = ["op_name", "step_label", "step_name"]

for _module in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
