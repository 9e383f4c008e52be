"""One widget that draws every pane of a screen, a line at a time.

A screen is a list of blocks: panes with a place. Showing a new list repaints only the cells that
differ from what was shown before; nothing is laid out, mounted or parsed on a step.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from textual import events
from textual.filter import ANSIToTruecolor
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from luf_tui.ui.drawing.paint import Styles, mark_at, paint, plain
from luf_tui.ui.drawing.spans import differing
from luf_tui.view.compose import NOTHING, Block, Selected, across, line, rows
from luf_tui.view.marks import Mark, Row

WHEEL_ROWS = 3


@frozen
class Hit:
    """What is under the mouse."""

    pane: str
    row: int
    """Row of the pane, -1 on the frame."""
    column: int
    mark: Mark | None


class Grid(Widget):
    """Draws blocks. Knows nothing of what they mean."""

    DEFAULT_CSS = """
    Grid { width: 1fr; height: 1fr; }
    """

    class Pressed(Message):
        """A click on a pane."""

        def __init__(self, hit: Hit, *, twice: bool) -> None:
            super().__init__()
            self.hit = hit
            self.twice = twice

    class Scrolled(Message):
        """A wheel turned over a pane that cannot scroll: `rows` is negative for up."""

        def __init__(self, pane: str, rows: int) -> None:
            super().__init__()
            self.pane = pane
            self.rows = rows

    def __init__(self, styles: Styles) -> None:
        super().__init__()
        self.painted_with = styles
        self.blocks: tuple[Block, ...] = ()
        self.selected: Selected = NOTHING
        self._tops: dict[str, int] = {}
        self._held: set[str] = set()
        """Panes scrolled by hand since their current row last moved."""
        self._strips: dict[int, Strip] = {}
        self._drawn = Size(0, 0)
        """The size that the lines kept were drawn in."""
        self._on_line: dict[int, list[Block]] = {}
        self._index: dict[str, int] = {}

    # -- showing ----------------------------------------------------------------------------

    def use(self, styles: Styles) -> None:
        """Draw with the styles of another theme."""
        self.painted_with = styles
        self._repaint()

    def show(self, blocks: Sequence[Block], selected: Selected = NOTHING) -> None:
        """Show these blocks, repainting what differs from those shown before."""
        before, self.blocks = self.blocks, tuple(blocks)
        refs, self.selected = self.selected ^ selected, selected
        if len(before) != len(self.blocks) or any(
            a.place != b.place for a, b in zip(before, self.blocks, strict=True)
        ):
            self._lay_out()
            return
        dirty = [
            region
            for old, new in zip(before, self.blocks, strict=True)
            if old is not new
            for region in self._differences(old, new, refs)
        ]
        self._index_lines()
        self._touch(dirty)

    def _lay_out(self) -> None:
        self._index = {block.pane.name: n for n, block in enumerate(self.blocks)}
        self._index_lines()
        for block in self.blocks:
            self._follow(block, None)
        self._touch([self.size.region])

    def _index_lines(self) -> None:
        lines: dict[int, list[Block]] = {}
        for block in sorted(self.blocks, key=lambda one: (one.over, one.x)):
            for y in range(block.y, block.y + block.height):
                lines.setdefault(y, []).append(block)
        self._on_line = lines

    def _repaint(self) -> None:
        self._strips.clear()
        self.refresh()

    def _kept(self) -> dict[int, Strip]:
        """The lines drawn so far, none of them in another size than there is now: blocks for a new
        size may be shown a moment before there is one.
        """
        if self._drawn != self.size:
            self._drawn = self.size
            self._strips.clear()
        return self._strips

    def _touch(self, regions: Sequence[Region]) -> None:
        if not regions:
            return
        dirty: list[Region] = []
        kept, width = self._kept(), self.size.width
        for y in sorted({y for region in regions for y in region.line_range}):
            old = kept.pop(y, None)
            if old is None:
                dirty.append(Region(0, y, width, 1))
                continue
            spans = differing(old, self._drawn_line(y))
            dirty += [Region(first, y, end - first, 1) for first, end in spans]
        if dirty:
            self.refresh(*dirty)

    def _differences(self, old: Block, new: Block, refs: Selected) -> Iterator[Region]:
        """Regions in which a block looks different now."""
        top = self.top_of(old.pane.name)
        scrolled = self._follow(new, old)
        lengths = len(old.pane.rows) != len(new.pane.rows)
        whole = scrolled or old.focus != new.focus
        if new.frame and (whole or lengths or old.pane.title != new.pane.title):
            yield Region(new.x, new.y, new.width, 1 if not whole and not lengths else new.height)
            if whole or lengths:
                return
        first = self.top_of(new.pane.name)
        assert whole or first == top
        inside = 1 if new.frame else 0
        for n in range(new.rows):
            one, two = old.row(first + n), new.row(first + n)
            if whole or (one is not two and one != two) or _names(two, refs):
                yield Region(new.x, new.y + inside + n, new.width, 1)

    # -- scrolling --------------------------------------------------------------------------

    def top_of(self, pane: str) -> int:
        """The first row of a pane that is shown."""
        return self._tops.get(pane, 0)

    def _follow(self, block: Block, old: Block | None) -> bool:
        """Keep the current row of a pane in sight. True if the pane scrolled."""
        pane, name = block.pane, block.pane.name
        top = was = self.top_of(name)
        current = pane.current
        if old is None or old.pane.current != current:
            self._held.discard(name)
        if current is not None and name not in self._held:
            top = pane.top(block.rows)
        top = max(0, min(top, len(pane.rows) - block.rows))
        self._tops[name] = top
        return top != was

    def scroll_pane(self, pane: str, rows: int) -> bool:
        """Scroll a pane by rows, negative for up. False if it could not move."""
        number = self._index.get(pane)
        if number is None:
            return False
        block = self.blocks[number]
        last = max(0, len(block.pane.rows) - block.rows)
        top = max(0, min(self.top_of(pane) + rows, last))
        if top == self.top_of(pane):
            return False
        self._tops[pane] = top
        self._held.add(pane)
        self._touch([Region(block.x, block.y, block.width, block.height)])
        return True

    def reveal(self, pane: str, row: int) -> None:
        """Scroll a pane as little as needed to show one of its rows."""
        number = self._index.get(pane)
        if number is not None:
            block = self.blocks[number]
            top = self.top_of(pane)
            self.scroll_pane(pane, min(0, row - top) + max(0, row - top - block.rows + 1))

    # -- drawing ----------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of a region, without the borders and padding that a grid never has."""
        self._kept()
        strips = [self._drawn_line(y) for y in crop.line_range]
        start, end = crop.column_span
        if (start, end) == (0, self._drawn.width):
            return strips
        return [strip.crop(start, end) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """One line of the screen."""
        self._kept()
        return self._drawn_line(y)

    def _drawn_line(self, y: int) -> Strip:
        """One line, as the app's filters (of NO_COLOR, say) leave it.

        A theme has the colours of the terminal only where that has no others, so the filter that
        translates those is left out.
        """
        strip = self._strips.get(y)
        if strip is None:
            strip = self._composed(y)
            for line_filter in self.get_line_filters():
                if not isinstance(line_filter, ANSIToTruecolor):
                    strip = strip.apply_filter(line_filter, self.background_colors[1])
            self._strips[y] = strip
        return strip

    def _composed(self, y: int) -> Strip:
        width = self._drawn.width
        beneath: list[tuple[Block, Row]] = []
        above: list[Block] = []
        for block in self._on_line.get(y, ()):
            if block.over:
                above.append(block)
            else:
                beneath.append((block, self._line_of(block, y)))
        strip = Strip(paint(across(beneath, width), self.painted_with), width)
        for block in above:
            styles = self.painted_with.raised or self.painted_with
            inner = Strip(paint(self._line_of(block, y), styles), block.width)
            end = block.x + block.width
            strip = Strip.join([strip.crop(0, block.x), inner, strip.crop(end, width)])
        return strip if strip.cell_length <= width else strip.crop(0, width)

    def _line_of(self, block: Block, y: int) -> Row:
        return line(block, y - block.y, self.top_of(block.pane.name), self.selected)

    def picture(self) -> list[Row]:
        """The rows of what is shown, without what stands over it."""
        beneath = [block for block in self.blocks if not block.over]
        width, height = self.size
        return rows(
            beneath,
            width,
            height,
            selected=self.selected,
            top_of=lambda block: self.top_of(block.pane.name),
        )

    # -- the mouse --------------------------------------------------------------------------

    def hit(self, x: int, y: int) -> Hit | None:
        """What is at a cell of the widget."""
        for block in reversed(self._on_line.get(y, ())):
            if block.x <= x < block.x + block.width:
                inset = (2, 1) if block.frame else (0, 0)
                row, column = y - block.y - inset[1], x - block.x - inset[0]
                if not 0 <= row < block.rows:
                    mark = mark_at(block.pane.title, column) if row < 0 else None
                    return Hit(block.pane.name, -1, column, mark)
                row += self.top_of(block.pane.name)
                return Hit(block.pane.name, row, column, mark_at(block.row(row), column))
        return None

    def on_click(self, event: events.Click) -> None:
        """Tell the screen what was clicked."""
        hit = self.hit(event.x, event.y)
        if hit is not None:
            self.post_message(self.Pressed(hit, twice=event.chain > 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the pane under the mouse, or tell the screen that it does not scroll."""
        self._wheel(event, WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the pane under the mouse, or tell the screen that it does not scroll."""
        self._wheel(event, -WHEEL_ROWS)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        event.stop()
        hit = self.hit(event.x, event.y)
        if hit is None:
            return
        block = self.blocks[self._index[hit.pane]]
        if len(block.pane.rows) > block.rows:
            self.scroll_pane(hit.pane, rows)
        else:
            self.post_message(self.Scrolled(hit.pane, rows))

    # -- text -------------------------------------------------------------------------------

    def text_of(self, pane: str) -> str:
        """A pane as text, all rows of it."""
        number = self._index.get(pane)
        if number is None:
            return ""
        shown = self.blocks[number].pane
        return "\n".join([plain(shown.title), *(plain(row) for row in shown.rows)])


def _names(row: Row, refs: Selected) -> bool:
    return bool(refs) and any(mark.ref is not None and mark.ref in refs for mark in row)
