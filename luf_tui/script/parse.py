"""A scenario: its lines in order, with every problem of the file told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import define, field

from luf_tui.errors import InputError, Problem, Span, expected, nearest
from luf_tui.machine.config import FileConfig
from luf_tui.script import conditions, operations, several
from luf_tui.script.declaration import Lost, Performer
from luf_tui.script.expected import who_does
from luf_tui.script.follow_on_errors import lost_with
from luf_tui.script.op_line import span_of
from luf_tui.script.program import Branch, Break, Condition, Expect, Item, Note, Op, Program, Race
from luf_tui.script.scope import Process, Scope, Wrong
from luf_tui.script.syntax import MOST_PROBLEMS, Line, parse_line, read_text, split, strip_comment
from luf_tui.script.values import Place, Rights
from luf_tui.script.verbs.by_process import Mmap
from luf_tui.script.vocabulary import CHOICES, FLAGS, KERNEL_ACTORS, LINES, SETTINGS

HEAP = 2
"""Pages of the anonymous region that every process begins with."""
BREAK = "break "
TURNS = 100_000
"""Turns that a schedule may have."""
IN_RACES = ("op", "expect", "allow", "schedule", "race", "forever", "end")
MACHINE_TURNS = {"evict", "prefetch", "drain", "switch"}


Policies = Callable[[str, Sequence[str], Span | None, Sequence[Span]], list[Problem]]
"""What is wrong with a policy and guards taken from it, and where they stand."""


def load(path: str, policies: Policies | None = None) -> Program:
    """Read and parse a scenario file. Raises InputError with every problem."""
    return parse(read_text(path), path, policies)


def parse(text: str, path: str = "scenario", policies: Policies | None = None) -> Program:
    """Parse a scenario. Raises InputError with every problem.

    Which policies there are is not known here. A program that names none is one all the same;
    where there are other problems `policies` is asked, so that all are told at once.
    """
    expected(text, str, "the text of a scenario is a text")
    lines, source = split(text)
    reader = Reader(path, source, policies)
    for line in lines:
        reader.read(line)
        if len(reader.problems) >= MOST_PROBLEMS:
            raise InputError(path, tuple(reader.problems), source, line.number)
    return reader.finish()


def parse_condition(program: Program, words: str) -> Condition:
    """A condition asked of a scenario from outside it, by a prompt. Raises InputError."""
    reader = Reader(program.path, program.source)
    for line in split("\n".join(program.source))[0]:
        reader.read(line)
    reader.problems.clear()
    asked = " ".join(strip_comment(words).split())
    reader.read(Line(1, f"{BREAK}{asked}", -len(BREAK)))
    found = reader.items[-1] if reader.items else None
    if not reader.problems and isinstance(found, Break) and found.condition is not None:
        return found.condition
    nothing = Problem("a condition is missing", hint="as in `stale cpu1 text.0`")
    raise InputError("condition", tuple(reader.problems) or (nothing,), (asked,))


def _check_moves(line: Line, op: Op, called: str) -> None:
    """Raises Wrong for a line that has no turns in a race or forever block."""
    verb = op.verb
    if verb.performer is Performer.CPU and not verb.begins:
        hint = "leave the line out: every CPU takes its IPIs there, in every order"
        raise Wrong(f"'{verb.word}' means nothing in a {called}", line.whole, hint)
    if verb.performer is Performer.TASK and op.task < 0:
        actor = line.text.split()[0]
        hint = f"put it on a CPU first: `cpu1 run {actor}`"
        raise Wrong(f"'{actor}' runs on no CPU, so it has no turns", line.whole, hint)


@define
class OpenRace:
    """A race or forever block whose `end` has not come yet."""

    line: Line
    forever: bool = False
    ops: list[Op] = field(factory=list)
    asked: list[tuple[Line, Any, str, int]] = field(factory=list)
    """Its expectations: line, tree, mood and the number of the line before."""
    choices: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()

    @property
    def called(self) -> str:
        """What it is called in messages."""
        return "forever block" if self.forever else "race"


class Reader:
    """Reads a scenario line by line."""

    def __init__(
        self, path: str, source: tuple[str, ...], policies: Policies | None = None
    ) -> None:
        self.policies = policies
        self.path = path
        self.source = source
        self.scope = Scope()
        self.fields: dict[str, int] = {}
        self.problems: list[Problem] = []
        self.items: list[Item] = []
        self.title = ""
        self.about: list[str] = []
        self.seed = 0
        self.policy = "luf"
        self.policy_span: Span | None = None
        self.without: tuple[str, ...] = ()
        self.without_spans: tuple[Span, ...] = ()
        self.race: OpenRace | None = None
        self.lost: set[Lost] = set()

    def read(self, line: Line) -> None:
        """Take one line in; a problem is noted, and reading goes on."""
        tree = parse_line(line)
        if isinstance(tree, Problem):
            self._lose(line.text, self._first_word(line, tree))
            return
        kind: Any = tree.children[0]
        handler: Callable[[Line, Any], None] = getattr(self, f"_{kind.data}")
        try:
            if self.race is not None and kind.data not in IN_RACES:
                called = self.race.called
                hint = f"a {called} has operations, `expect`, `allow` and `schedule`"
                raise Wrong(f"this does not belong into a {called}", line.whole, hint)
            handler(line, kind)
        except Wrong as wrong:
            told = wrong.missing is None or wrong.missing not in self.lost
            self._lose(line.text, wrong.problem if told else None)

    def _lose(self, text: str, problem: Problem | None) -> None:
        """Note a line's problem, unless it only follows from another, and what names go with it."""
        self.lost |= lost_with(text)
        if self.race is not None:
            self.lost.add(("race", "operation"))
        if problem is not None:
            self.problems.append(problem)

    def _first_word(self, line: Line, problem: Problem) -> Problem:
        """The problem with a line that no rule fits: its first word, if that is nobody's name."""
        word, *others = line.text.split()
        span = line.span(1, len(word) + 1)
        if word in LINES or word in self.scope.actors() or problem.span is None:
            return problem
        if word == "any":
            hint = "a line begins with `any cpu`, in a forever block"
            told = f"no line begins with '{' '.join([word, *others[:1]])}'"
            return problem if others[:1] == ["cpu"] else Problem(told, span, hint)
        if problem.span.column < span.end or ("process", word) in self.lost:
            return problem
        if form := who_does(word):
            return Problem(f"a line begins with who does '{word}'", span, f"the line is {form}")
        hint = self.scope.hint_of_actor(word, LINES)
        return Problem(f"no line begins with '{word}'", span, hint)

    def finish(self) -> Program:
        """The program, or InputError with all problems."""
        if self.race is not None and ("race", "end") not in self.lost:
            self.problems.append(
                Problem(f"this {self.race.called} has no `end`", self.race.line.whole)
            )
        if not self.items and not self.problems:
            hint = "see `luf-tui list` for scenarios to start from"
            self.problems.append(Problem("nothing happens in this scenario", hint=hint))
        if self.problems and self.policies is not None:
            at, places = self.policy_span, self.without_spans
            self.problems += self.policies(self.policy, self.without, at, places)
        if self.problems:
            ordered = sorted(self.problems, key=lambda p: p.span.line if p.span else 0)
            raise InputError(self.path, tuple(ordered), self.source)
        return Program(
            self.path,
            self.title or self.path,
            " ".join(self.about),
            self.scope.config(self.fields),
            self.policy,
            self.without,
            tuple(self.items),
            self.source,
            self.seed,
            self.policy_span,
            self.without_spans,
        )

    # -- what there is ------------------------------------------------------------------------

    def _title(self, line: Line, tree: Any) -> None:
        self.title = str(tree.children[0])

    def _tour(self, line: Line, tree: Any) -> None:
        number = tree.children[0]
        if int(number) < 1:
            raise Wrong("the stops of a tour are counted from 1", span_of(line, number))

    def _about(self, line: Line, tree: Any) -> None:
        self.about.append(str(tree.children[0]))

    def _note(self, line: Line, tree: Any) -> None:
        self.items.append(Note(line.whole, str(tree.children[0])))

    def _seed(self, line: Line, tree: Any) -> None:
        self.seed = int(tree.children[0])

    def _machine(self, line: Line, tree: Any) -> None:
        if self.items:
            raise Wrong("the machine must stand before what happens on it", line.whole)
        for setting in tree.children:
            try:
                self._setting(line, setting)
            except Wrong as wrong:
                self._lose(f"machine {setting.children[0]}", wrong.problem)
        trouble = self.scope.no_huge_pages()
        if trouble:
            message = f"this machine cannot have huge-pages {self.scope.sizes['huge-pages']}"
            raise Wrong(message, line.whole, trouble)

    def _setting(self, line: Line, setting: Any) -> None:
        name, *rest = setting.children
        word, span = str(name), span_of(line, name)
        if word in FLAGS:
            if rest:
                raise Wrong(f"'{word}' takes no value", span_of(line, rest[0]), f"only `{word}`")
            self.scope.switches[FLAGS[word]] = True
            return
        if word in CHOICES:
            self._choice(line, word, rest[0] if rest else name)
            return
        if word not in SETTINGS:
            hint = nearest(word, [*SETTINGS, *FLAGS, *CHOICES])
            raise Wrong(f"a machine has no '{word}'", span, hint)
        known = SETTINGS[word]
        if not rest or rest[0].type != "NUMBER":
            raise Wrong(f"'{word}' needs a number", span, known.about)
        value, span = int(rest[0]), span_of(line, rest[0])
        if not known.low <= value <= known.high:
            raise Wrong(f"{word} must be between {known.low} and {known.high}", span, known.about)
        if word == "cpus":
            self._cpus(value, span)
        self.scope.sizes[word] = value
        if word not in ("dram", "cxl"):
            self.fields[known.field] = value

    def _cpus(self, count: int, span: Span) -> None:
        for actor, cpu in self.scope.homes.items():
            if cpu >= count:
                hint = f"CPUs are cpu0 to cpu{count - 1}"
                raise Wrong(f"there is no cpu{cpu}, where {actor} is put above", span, hint)
        self.scope.cpus = count

    def _choice(self, line: Line, word: str, token: Any) -> None:
        known, choices = CHOICES[word]
        if str(token) not in choices:
            hint = nearest(str(token), choices) or f"one of {', '.join(choices)}"
            raise Wrong(f"'{word}' needs one of several words", span_of(line, token), hint)
        self.scope.chosen[known] = str(token)

    def _policy(self, line: Line, tree: Any) -> None:
        name, *guards = tree.children
        said = (str(name), tuple(str(guard) for guard in guards))
        if self.policy_span is not None and said != (self.policy, self.without):
            hint = f"line {self.policy_span.line} names another"
            raise Wrong("a second policy", line.whole, hint)
        self.policy, self.policy_span = str(name), span_of(line, name)
        self.without = said[1]
        self.without_spans = tuple(span_of(line, guard) for guard in guards)

    def _process(self, line: Line, tree: Any) -> None:
        name, *rest = tree.children
        word = str(name)
        span = span_of(line, name)
        self.scope.new_name("process", word, span)
        self.scope.processes.append(Process(word))
        number = len(self.scope.processes) - 1
        pages = int(rest[0]) if rest else HEAP
        if not 1 <= pages <= 512:
            raise Wrong("a heap has 1 to 512 pages", span_of(line, rest[0]))
        vpn = self.scope.map_region(number, "heap", pages, "", line.whole)
        heap = Mmap(-1, Rights(write=True), Place(number, vpn, pages))
        self.items.append(Op(line.whole, line.text, -1, -1, heap))

    def _file(self, line: Line, tree: Any) -> None:
        name, pages, *rest = tree.children
        word, span = str(name), span_of(line, name)
        self.scope.new_name("file", word, span)
        if not 1 <= int(pages) <= 512:
            raise Wrong("a file has 1 to 512 pages", span_of(line, pages))
        if rest and str(rest[0]) != "iomap":
            span = span_of(line, rest[0])
            raise Wrong(f"a file is not '{rest[0]}'", span, "iomap, or nothing")
        first = sum(f.pages for f in self.scope.files)
        self.scope.files.append(FileConfig(word, int(pages), first, iomap=bool(rest)))
        for number in range(int(pages)):
            self.scope.new_content(f"{word}.{number} v1")

    def _home(self, line: Line, tree: Any) -> None:
        actor, cpu = tree.children
        if str(actor) not in KERNEL_ACTORS:
            hint = nearest(str(actor), KERNEL_ACTORS)
            span = span_of(line, actor)
            raise Wrong(f"'{actor}' is no kernel actor", span, hint)
        number = self.scope.cpu(str(cpu), span_of(line, cpu))
        self.scope.homes[str(actor)] = number

    def _let(self, line: Line, tree: Any) -> None:
        name, meaning = tree.children
        word = str(meaning)
        if not self.scope.is_file_page(word):
            self.scope.range_of(word, -1, span_of(line, meaning))
        self.scope.aliases[str(name)] = word

    # -- what is asked, and what happens --------------------------------------------------------

    def _expect(self, line: Line, tree: Any) -> None:
        *moods, asked = tree.children
        mood = str(moods[0]) if moods else ""
        if self.race is not None:
            after = self._line_before(line, mood, self.race)
            self.race.asked.append((line, asked, mood, after))
        elif mood:
            hint = "put it behind `race`, or behind the line from which on it holds"
            message, missing = f"'{mood}' is about the orders of a race", ("race", "race")
            raise Wrong(message, span_of(line, moods[0]), hint, missing)
        else:
            condition = conditions.resolve(self.scope, line, asked)
            self.items.append(Expect(line.whole, line.text, condition))

    def _line_before(self, line: Line, mood: str, race: OpenRace) -> int:
        """The number of the line that an expectation in a race belongs to; 0 for none."""
        before = race.ops[-1] if race.ops else None
        if not mood and before is None:
            hint = "put it behind one, or say `expect always` or `expect sometimes`"
            missing = ("race", "operation")
            raise Wrong("it is judged when the line before it is over", line.whole, hint, missing)
        if before is not None and not before.verb.begins:
            hint = f"'{before.verb.word}' begins nothing in a race: put it behind another line"
            raise Wrong("the line before it has no end of its own", line.whole, hint)
        # the lines of a forever block come in any order, so none of them is a place to begin at
        whole = before is None or bool(mood and race.forever)
        return 0 if whole or before is None else before.span.line

    def _expected_in(self, race: OpenRace) -> Iterator[Expect]:
        """What is expected in a race, which may name bytes that a line below stores."""
        for line, tree, mood, after in race.asked:
            try:
                condition = conditions.resolve(self.scope, line, tree)
            except Wrong as wrong:
                told = wrong.missing is None or wrong.missing not in self.lost
                self._lose(line.text, wrong.problem if told else None)
            else:
                yield Expect(line.whole, line.text, condition, mood, inside=True, after=after)

    def _pause(self, line: Line, tree: Any) -> None:
        asked = tree.children
        condition = conditions.resolve(self.scope, line, asked[0]) if asked else None
        self.items.append(Break(line.whole, line.text, condition))

    def _op(self, line: Line, tree: Any) -> None:
        if self.race is not None and self.race.forever:
            self._op_forever(line, tree)
            return
        for token in several.places(tree):
            hint = "name one here; in `forever` … `end` a line may stand for several"
            message, missing = f"'{token}' belongs into a forever block", ("race", "race")
            raise Wrong(message, span_of(line, token), hint, missing)
        self.scope.raced = self.race is not None
        op = operations.resolve(self.scope, line, tree)
        if self.race is None:
            self.items.append(op)
        else:
            _check_moves(line, op, self.race.called)
            self.race.ops.append(op)

    def _op_forever(self, line: Line, tree: Any) -> None:
        self.scope.forever = self.scope.raced = True
        try:
            ops = several.expanded(self.scope, line, tree)
        finally:
            self.scope.forever = self.scope.raced = False
        first = ops[0]
        _check_moves(line, first, "forever block")
        if not first.verb.begins:
            hint = "whatever can go on does, in every order"
            raise Wrong(f"'{first.verb.word}' means nothing here", line.whole, hint)
        if first.stop:
            hint = "every line stops at every micro-step here; `stop before` is for other lines"
            raise Wrong("nothing has to stop here", line.whole, hint)
        self._open(line).ops += ops

    # -- every order ------------------------------------------------------------------------------

    def _race(self, line: Line, tree: Any) -> None:
        if self.race is not None:
            called = self.race.called
            raise Wrong(f"a race inside a {called}", line.whole, "`end` the first one")
        self.race = OpenRace(line)

    def _forever(self, line: Line, tree: Any) -> None:
        if self.race is not None:
            called = self.race.called
            raise Wrong(f"a forever block inside a {called}", line.whole, "`end` the first one")
        self.race = OpenRace(line, forever=True)

    def _open(self, line: Line) -> OpenRace:
        if self.race is None:
            hint = "`race` … `end`, or `forever` … `end`"
            raise Wrong("this belongs into a race", line.whole, hint, ("race", "race"))
        return self.race

    def _allow(self, line: Line, tree: Any) -> None:
        race = self._open(line)
        for token in tree.children:
            if str(token) not in MACHINE_TURNS:
                span, hint = span_of(line, token), nearest(str(token), MACHINE_TURNS)
                raise Wrong(f"'{token}' cannot be allowed", span, hint)
        race.choices += tuple(str(token) for token in tree.children)

    def _schedule(self, line: Line, tree: Any) -> None:
        race = self._open(line)
        for turn in tree.children:
            name, *count = turn.children
            times = int(count[0]) if count else 1
            if not 1 <= times <= TURNS - len(race.schedule):
                span = span_of(line, count[0] if count else name)
                raise Wrong(f"a schedule has 1 to {TURNS} turns", span)
            race.schedule += (str(name).replace("irq/", "irq "),) * times

    def _end(self, line: Line, tree: Any) -> None:
        race = self._open(line)
        self.race = None
        if not race.ops:
            missing = ("race", "operation")
            raise Wrong(f"an empty {race.called}", race.line.whole, missing=missing)
        names = list(self.scope.task_names())
        acts: dict[tuple[int, str], list[Op]] = {}
        for op in race.ops:
            acts.setdefault((op.task, op.actor), []).append(op)
        self.scope.racing.update((actor, None) for _, actor in acts if actor)
        branches = tuple(
            Branch(ops[0].span, actor or names[task], task, tuple(ops))
            for (task, actor), ops in acts.items()
        )
        whole = race.line.whole
        choices, words, expects = race.choices, race.schedule, tuple(self._expected_in(race))
        text = race.line.text
        self.items.append(Race(whole, text, branches, choices, words, race.forever, expects))
        self.items += expects
