"""Names and numbers while a scenario is read: processes, regions, files, tasks, contents."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import count, islice

from attrs import define, evolve, field

from luf_tui.errors import Problem, Span, nearest
from luf_tui.machine.config import (
    X86,
    FileConfig,
    MachineConfig,
    Node,
    ProcessConfig,
    TaskConfig,
)
from luf_tui.script.declaration import Lost
from luf_tui.script.vocabulary import CEILINGS, KERNEL_ACTORS, LINES


def page_number(word: str) -> int:
    """The number after a region's or a file's name; -1 if it is none."""
    return int(word) if word.isascii() and word.isdigit() else -1


class Wrong(Exception):
    """One problem with the line being read; the reader goes on with the next line."""

    def __init__(
        self, message: str, span: Span, hint: str = "", missing: Lost | None = None
    ) -> None:
        super().__init__(message)
        self.problem = Problem(message, span, hint)
        self.missing = missing
        """The name that was not found, where that is what is wrong."""


@define
class Region:
    """A named range of virtual pages."""

    vpn: int
    pages: int


@define
class Process:
    """A process of the script: its regions and the names of its pages."""

    name: str
    regions: dict[str, Region] = field(factory=dict)
    pages: list[str] = field(factory=list)


@define
class Thread:
    """A task of the script: (process, CPU), or a kernel actor with process -1."""

    actor: str
    process: int
    cpu: int


@define
class Scope:
    """Everything named so far."""

    cpus: int = 4
    sizes: dict[str, int] = field(factory=dict)
    switches: dict[str, bool] = field(factory=dict)
    chosen: dict[str, str] = field(factory=dict)
    processes: list[Process] = field(factory=list)
    files: list[FileConfig] = field(factory=list)
    threads: list[Thread] = field(factory=list)
    objects: list[str] = field(factory=list)
    contents: dict[str, int] = field(factory=lambda: {"zero": 0, "poison": 1})
    """Labels and their codes, in order of first use."""
    versions: dict[str, int] = field(factory=dict)
    """The last version that a page's stores without a label were given."""
    aliases: dict[str, str] = field(factory=dict)
    homes: dict[str, int] = field(factory=dict)
    running: dict[int, int] = field(factory=dict)
    """CPU to the thread that the script put there last."""
    racing: dict[str, None] = field(factory=dict)
    """Who has lines in a race and is no task, in that order."""
    raced: bool = False
    """Whether a line of a race is being read, where no line comes after another for good."""
    forever: bool = False
    """Whether a line of a forever block is being read: `fresh` is no label there."""
    uses_fresh: bool = False

    # -- CPUs, tasks, processes ---------------------------------------------------------------

    def cpu(self, word: str, span: Span) -> int:
        """The number of a CPU word such as `cpu1`."""
        match = re.fullmatch(r"cpu([0-9]{1,3})", word)
        if not match:
            raise Wrong(f"'{word}' is no CPU", span, f"CPUs are cpu0 to cpu{self.cpus - 1}")
        number = int(match.group(1))
        if number >= self.cpus:
            hint = f"CPUs are cpu0 to cpu{self.cpus - 1}; raise `machine cpus`"
            raise Wrong(f"there is no {word}", span, hint, ("machine", "cpus"))
        return number

    def process(self, word: str, span: Span) -> int:
        """The number of a process."""
        names = [process.name for process in self.processes]
        if word not in names:
            hint = nearest(word, names)
            raise Wrong(f"no process is called '{word}'", span, hint, ("process", word))
        return names.index(word)

    def thread(self, process: int, cpu: int) -> int:
        """The task of a process on a CPU, made when first asked for."""
        return self._thread(Thread(self.processes[process].name, process, cpu))

    def thread_of(self, process: int, home: str, span: Span) -> int:
        """The task of a process that a CPU's number stands for: `app/1` was put on cpu1 first."""
        name = self.processes[process].name
        cpu = self.cpu(f"cpu{home}", span)
        wanted = Thread(name, process, cpu)
        if wanted not in self.threads:
            hint = f"put one there first: `cpu{cpu} run {name}`"
            raise Wrong(f"'{name}' has no thread of cpu{cpu}", span, hint, ("running", name))
        return self.threads.index(wanted)

    def kernel_thread(self, actor: str) -> int:
        """The task of a kernel actor."""
        return self._thread(Thread(actor, -1, self.homes.get(actor, 0)))

    def _thread(self, wanted: Thread) -> int:
        if wanted not in self.threads:
            self.threads.append(wanted)
        return self.threads.index(wanted)

    def actor(self, word: str, span: Span) -> tuple[int, int]:
        """The task and CPU that an actor word stands for; (-1, cpu) where no task runs."""
        if re.fullmatch(r"cpu[0-9]+", word):
            cpu = self.cpu(word, span)
            return self.running.get(cpu, -1), cpu
        if word in KERNEL_ACTORS:
            task = self.kernel_thread(word)
            return task, self.threads[task].cpu
        names = [process.name for process in self.processes]
        if word in names:
            number = names.index(word)
            on = [c for c, t in sorted(self.running.items()) if self.threads[t].process == number]
            return (self.running[on[0]], on[0]) if on else (-1, -1)
        hint = self.hint_of_actor(word)
        raise Wrong(f"nobody is called '{word}'", span, hint, ("process", word))

    def actors(self) -> list[str]:
        """Everyone who can act."""
        names = [process.name for process in self.processes]
        return [*names, *KERNEL_ACTORS, *(f"cpu{n}" for n in range(self.cpus))]

    def hint_of_actor(self, word: str, others: Iterable[str] = ()) -> str:
        """The actor, or one of other words, that a word may have meant; or all actors."""
        known = [*self.actors()[: -self.cpus], f"cpu0 to cpu{self.cpus - 1}"]
        close = nearest(word, [*others, *self.actors()])
        return close if close.startswith("did") else f"actors are {', '.join(known)}"

    def new_name(self, kind: str, word: str, span: Span) -> None:
        """Raises Wrong when a process or a file cannot be called so."""
        taken = self.processes if kind == "process" else self.files
        if any(thing.name == word for thing in taken):
            raise Wrong(f"there is a {kind} '{word}' already", span)
        if word in KERNEL_ACTORS or word in (*LINES, "anon") or re.match(r"cpu|.*[./]", word):
            raise Wrong(f"a {kind} cannot be called '{word}'", span, "it means something else")

    # -- pages ----------------------------------------------------------------------------------

    def map_region(self, process: int, name: str, pages: int, at: str, span: Span) -> int:
        """Give a region its virtual pages; over an old region when `at` names one."""
        owner = self.processes[process]
        if at:
            old = owner.regions.get(at)
            if old is None:
                hint = nearest(at, owner.regions)
                raise Wrong(f"'{owner.name}' has no region '{at}'", span, hint, ("region", at))
            if pages > old.pages:
                raise Wrong(f"'{at}' has only {old.pages} pages", span)
            vpn = old.vpn
            owner.pages[vpn : vpn + pages] = [f"{name}.{n}" for n in range(pages)]
        else:
            if name in owner.regions:
                raise Wrong(f"'{owner.name}' has a region '{name}' already", span, "use `at`")
            owner.pages += [""] * (-len(owner.pages) % (self.sizes.get("huge-pages", 0) or 1))
            vpn = len(owner.pages)
            owner.pages += [f"{name}.{n}" for n in range(pages)]
        owner.regions[name] = Region(vpn, pages)
        return vpn

    def range_of(self, word: str, process: int, span: Span) -> tuple[int, int, int]:
        """(process, first virtual page, pages) of `text`, `text.0` or `thief.text.0`.

        Without a process to go by, the region must be unambiguous.
        """
        word = self.aliases.get(word, word)
        parts = word.split(".")
        names = [p.name for p in self.processes]
        if len(parts) > 1 and parts[0] in names and not self._is_region(process, parts[0]):
            process, parts = names.index(parts[0]), parts[1:]
        if process < 0:
            owners = [n for n, p in enumerate(self.processes) if parts[0] in p.regions]
            if len(owners) > 1:
                choices = " or ".join(f"{names[n]}.{word}" for n in owners)
                raise Wrong(f"'{word}' is not one page", span, f"say {choices}")
            if not owners:
                hint = self._nearest_region(parts[0])
                missing = ("region", parts[0])
                raise Wrong(f"no region is called '{parts[0]}'", span, hint, missing)
            process = owners[0]
        owner = self.processes[process]
        region = owner.regions.get(parts[0])
        if region is None:
            hint = nearest(parts[0], owner.regions)
            message = f"'{owner.name}' has no region '{parts[0]}'"
            raise Wrong(message, span, hint, ("region", parts[0]))
        if len(parts) == 1:
            return process, region.vpn, region.pages
        number = page_number(parts[1]) if len(parts) == 2 else -1
        if not 0 <= number < region.pages:
            hint = f"its pages are {parts[0]}.0 to {parts[0]}.{region.pages - 1}"
            raise Wrong(f"'{parts[0]}' has no page '{'.'.join(parts[1:])}'", span, hint)
        return process, region.vpn + number, 1

    def _is_region(self, process: int, word: str) -> bool:
        return process >= 0 and word in self.processes[process].regions

    def _nearest_region(self, word: str) -> str:
        return nearest(word, (name for p in self.processes for name in p.regions))

    def page_of(self, word: str, process: int, span: Span) -> tuple[int, int]:
        """(process, virtual page) of one page."""
        owner, vpn, pages = self.range_of(word, process, span)
        if pages != 1:
            raise Wrong(f"'{word}' has {pages} pages", span, f"name one: {word}.0")
        return owner, vpn

    # -- files ----------------------------------------------------------------------------------

    def file(self, word: str, span: Span) -> int:
        """The number of a file."""
        names = [f.name for f in self.files]
        if word not in names:
            hint = nearest(word, names)
            raise Wrong(f"no file is called '{word}'", span, hint, ("file", word))
        return names.index(word)

    def is_file_page(self, word: str) -> bool:
        """Whether a word is a page of a file."""
        name, _, number = word.partition(".")
        return page_number(number) >= 0 and any(f.name == name for f in self.files)

    def file_page(self, word: str, span: Span) -> int:
        """The page-cache position of `lib.0`."""
        name, _, said = word.partition(".")
        f = self.files[self.file(name, span)]
        number = page_number(said)
        if not 0 <= number < f.pages:
            hint = f"its pages are {name}.0 to {name}.{f.pages - 1}"
            raise Wrong(f"file '{name}' has no page '{said}'", span, hint)
        return f.first + number

    def make_remote(self, name: str) -> None:
        """A file is on a filesystem whose server may change it."""
        self.files = [evolve(f, remote=True) if f.name == name else f for f in self.files]

    # -- contents -------------------------------------------------------------------------------

    def new_content(self, label: str) -> int:
        """The code of a content label, made when first used."""
        return self.contents.setdefault(label, len(self.contents))

    def next_version(self, page: str) -> int:
        """The code of a content of its own, for a store without a label: `heap.0 v2`."""
        number = self.versions.get(page, 1) + 1
        while f"{page} v{number}" in self.contents:
            number += 1
        self.versions[page] = number
        return self.new_content(f"{page} v{number}")

    def content(self, label: str, span: Span) -> int:
        """The code of a label that must exist; `lib.0` alone is its first version."""
        if label not in self.contents and f"{label} v1" in self.contents:
            label = f"{label} v1"
        if label not in self.contents:
            hint = nearest(label, self.contents)
            raise Wrong(f"nothing ever holds '{label}'", span, hint, ("label", label))
        return self.contents[label]

    # -- the result -----------------------------------------------------------------------------

    def node(self, word: str, span: Span) -> int:
        """The number of a node."""
        names = [spec.name for spec in self.nodes()]
        if word not in names:
            raise Wrong(f"no node is called '{word}'", span, nearest(word, names), ("node", word))
        return names.index(word)

    def nodes(self) -> tuple[Node, ...]:
        """The nodes the machine line asks for; DRAM is tier 0, CXL tier 1."""
        found = [Node("dram", self.sizes.get("dram", 8))]
        if self.sizes.get("cxl", 0):
            found.append(Node("cxl", self.sizes["cxl"], tier=1))
        return tuple(found)

    def no_huge_pages(self) -> str:
        """What on a machine with large entries does not go with them, and what does; empty if all
        does.
        """
        sizes = self.sizes
        size = sizes.get("huge-pages", 0)
        if not size:
            return ""
        if size < 2 or size & (size - 1):
            return "a large entry maps 2, 4, 8 … pages"
        if size > 1 << sizes.get("max-order", 2):
            return f"the buddy allocator has no such block; `max-order {size.bit_length() - 1}`"
        if size > sizes.get("tlb", 8):
            return f"a CPU's TLB has a place for each of its pages; `tlb {size}`"
        if sizes.get("cxl", 0) and sizes.get("dram", 8) % size:
            return f"folios begin at multiples of {size}, and so must the node behind DRAM"
        if sizes.get("table-span", 0) or self.switches.get("secondary_tlb"):
            return "large entries go with neither `table-span` nor `secondary-tlb`"
        return ""

    def task_names(self) -> Iterable[str]:
        """A process's only task has its name; several are told apart by CPU."""
        for thread in self.threads:
            alike = [t for t in self.threads if t.actor == thread.actor]
            yield thread.actor if len(alike) == 1 else f"{thread.actor}/{thread.cpu}"

    def config(self, fields: dict[str, int]) -> MachineConfig:
        """The machine's configuration."""
        tasks = tuple(
            TaskConfig(name, thread.process, thread.cpu)
            for name, thread in zip(self.task_names(), self.threads, strict=True)
        )
        arch = self.chosen.get("arch", X86)
        pages = max((len(p.pages) for p in self.processes), default=1) or 1
        config = MachineConfig(
            arch=arch,
            nodes=self.nodes(),
            processes=tuple(ProcessConfig(p.name, tuple(p.pages)) for p in self.processes),
            tasks=tasks,
            actors=tuple(self.racing),
            files=tuple(self.files),
            objects=tuple(self.objects),
            contents=tuple(self.contents),
            pages=pages + -pages % (self.sizes.get("huge-pages", 0) or 1),
            **{"ceiling": CEILINGS[arch], **fields},  # type: ignore[arg-type]
            **self.switches,  # type: ignore[arg-type]
        )
        if not self.uses_fresh:
            return config
        numbers = (number for number in count(1) if f"fresh-{number}" not in self.contents)
        fresh = tuple(f"fresh-{number}" for number in islice(numbers, config.holders + 1))
        return evolve(config, contents=(*config.contents, *fresh), fresh=len(fresh))
