"""`stop before STEP`: a line is cut at every micro-step that it makes, and goes on from there."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from luf_tui.engine.director import Director, StepInfo
from luf_tui.engine.operation import OPERATIONS, step_name
from luf_tui.engine.operations.flush import FlushTlbFunc
from luf_tui.engine.operations.process import Switch
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.script.program import Op, Program
from luf_tui.script.verbs import by_cpu
from luf_tui.script.verbs.by_process import Resume
from tests.conftest import ROOT
from tests.engine_runs import Run

FOLDERS = ("allocator", "as-posted", "hazards", "museum", "races", "tiering")
PATHS = [path for name in FOLDERS for path in sorted((ROOT / "scenarios" / name).glob("*.luf"))]
SWITCHES = (by_cpu.Run, by_cpu.Idle)


def steps(program: Program) -> Iterator[tuple[int, Op, int, int]]:
    """The micro-steps that lines make in their own context or in a handler for them: the number of
    the line, the line, the operation and the micro-step. That the scheduler brings a task in before
    its line begins is no step of the line.
    """
    director = Director(program, make_policy("luf"))
    m = director.machine
    for move in director.play_on():
        item = program.items[move.item]
        if not isinstance(move, StepInfo) or not isinstance(item, Op) or not move.op:
            continue
        own = m.ctx[move.ctx] is (m.task_ctx(m.task[item.task]) if item.task >= 0 else m.boot_ctx)
        brought = move.op == Switch.NUMBER and not isinstance(item.args, SWITCHES)
        if (own or move.ctx < m.config.cpus) and not brought:
            yield move.item, item, move.op, move.pos


def played(program: Program, *items: object) -> Director:
    """What a program's lines come to, and further ones."""
    director = Director(evolve(program, items=items), make_policy("luf"))
    for _ in director.play_on():
        pass
    return director


def begun_anew(item: Op) -> bool:
    """Whether a line begins something and comes to its end as it stands."""
    return not item.stop and not isinstance(item.args, Resume | by_cpu.Deliver)


def cuts() -> dict[tuple[type, int, int], tuple[Program, int]]:
    """Of each verb and each micro-step that it makes anywhere, the first line in which it does."""
    found: dict[tuple[type, int, int], tuple[Program, int]] = {}
    for path in PATHS:
        program = load(str(path))
        for number, item, op, pos in steps(program):
            if begun_anew(item):
                found.setdefault((type(item.args), op, pos), (program, number))
    return found


def wrong(program: Program, number: int, name: str) -> str:
    """What is wrong where a line is to be cut at a step and to go on then; empty if nothing."""
    before, item = program.items[:number], program.items[number]
    assert isinstance(item, Op)
    resume = evolve(item, text=f"{item.text.split()[0]} resume", args=Resume())
    cut = played(program, *before, evolve(item, stop=name))
    m = cut.machine
    tops = [cut.k.top(ctx) for ctx in m.ctx]
    at = [step_name(top.NUMBER, top.pos) for top in tops if top]
    asked = any(cpu.ipis for cpu in m.cpu) and name == FlushTlbFunc.receive.name
    if not any(ctx.stop for ctx in m.ctx) or (name not in at and not asked):
        return "does not stop"
    whole = played(program, *before, item).machine.cells.values
    again = played(program, *before, evolve(item, stop=name), resume).machine.cells.values
    return "" if list(whole) == list(again) else "comes to something else"


def test_every_line_is_cut_at_every_micro_step_and_goes_on_from_there() -> None:
    found = {
        f"{kind.__name__}: {OPERATIONS[op].NAME}, {step_name(op, pos)}": told
        for (kind, op, pos), (program, number) in cuts().items()
        if (told := wrong(program, number, step_name(op, pos)))
    }

    assert {} == found


def test_a_handler_is_cut_where_its_cpu_is_told_to_answer() -> None:
    script = (
        "cpu2 read app.text.0\ncpu1 read app.text.0\ncpu1 munmap text stop before wait\n"
        "cpu2 deliver stop before {}\n"
    )
    taken, flushed = Run(script.format("flush"), "eager"), Run(script.format("ack"), "eager")
    gone_on = Run(script.format("flush") + "cpu2 deliver\ncpu1 resume\n", "eager")

    cached = [sum(entry.mm is not None for entry in run.m.tlb_of(2)) for run in (taken, flushed)]
    assert [1, 0] == cached
    assert [0b100, 0b100] == [run.m.shootdown[1].waiting for run in (taken, flushed)]
    assert not any(ctx.depth for ctx in gone_on.m.ctx)


def test_what_no_task_performs_goes_on_by_whoever_began_it() -> None:
    begun = "cpu0 run thief stop before switch\nkswapd drain\n"
    stands, done = Run(begun), Run(begun + "cpu0 resume\nkernel tick stop before tick\n")
    ended = Run("kernel tick stop before tick\nkernel resume\n")

    assert (1, "kswapd") == (stands.m.boot_ctx.depth, running(stands, 0))
    assert (1, "thief") == (done.m.boot_ctx.depth, running(done, 0))
    assert (0, [1, 1]) == (ended.m.boot_ctx.depth, [mm.trim for mm in ended.m.mm])


def running(run: Run, cpu: int) -> str:
    """Which task a CPU runs."""
    task = run.m.cpu[cpu].task
    return run.m.config.tasks[task.index].name if task else ""


def test_a_task_that_comes_in_by_a_line_pays_what_its_cpu_had_borrowed() -> None:
    """finish_task_switch(), as it is where the scheduler brings a task in (OP-19)."""
    script = "cpu1 read app.text.0\ncpu2 read app.text.0\ncpu1 idle\nkswapd reclaim app.text.0\n"
    by_line = Run(script + "cpu1 run thief\n")
    cut = Run(script + "cpu1 run thief stop before drop\n")
    resumed = Run(script + "cpu1 run thief stop before switch\ncpu1 resume\n")

    assert [1, 0, 1] == [len(run.events("pay")) for run in (by_line, cut, resumed)]
