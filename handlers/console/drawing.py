"""Small drawings as SVG, without any script or inline style: the line of time of a call, and bars of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from markupsafe import Markup

from thserver.domain.conferences import Interval
from thserver.services.call_story import Moment, Stay, Story
from thserver.wording import times

WIDTH, LABELS, RIGHT = 1000, 116, 24
TOP, LANE, BAR, RADIUS = 58, 46, 16, 10
# Rings and arrivals this long before the start belong to the call, not to what was before it.
NEAR = timedelta(minutes=30)
LET_IN = frozenset({"Welcome", "RoomInUse", "SeveralFit", "PinNeeded", "NotVerified"})
# Whether marks would cover each other.
CLOSE = 2 * RADIUS + 12
TICKS_IN_MIN = (1, 2, 5, 10, 15, 30, 60, 120, 240)
MOST_TICKS = 7
MONEY = frozenset({"billed", "charged", "entered", "refund_asked", "credits"})
ON_THE_LINE = frozenset({"joined", "left"})
PERSONAL = frozenset({"text", "letter", "rang"})


@dataclass(frozen=True, slots=True)
class Lane:
    """A row of the drawing: the booking, one person, or the money."""

    key: int | str
    name: str


class Scale:
    """Where a moment is drawn. Before and after the call moments stand one beside the other, whether hours or
    weeks lie between them; the call itself is drawn as time passes."""

    def __init__(self, moments: Sequence[datetime], call: Interval | None) -> None:
        self.call = call
        low, high = call if call is not None else (max(moments), max(moments))
        before = sorted({each for each in moments if each < low or call is None})
        after = sorted({each for each in moments if each > high and call is not None})
        self._before = {moment: place for place, moment in enumerate(before)}
        self._after = {moment: place for place, moment in enumerate(after)}
        room = WIDTH - LABELS - RIGHT
        weights = [
            0.0 if not self._before else 1.0 if call is None else 0.3,
            0.0 if call is None else 0.45,
            0.25 if self._after else 0.0,
        ]
        shares = [room * weight / sum(weights) for weight in weights]
        self.edges = (LABELS, LABELS + shares[0], LABELS + shares[0] + shares[1], float(WIDTH - RIGHT))

    @property
    def first_before(self) -> datetime | None:
        return next(iter(self._before), None)

    @property
    def first_after(self) -> datetime | None:
        return next(iter(self._after), None)

    def x(self, moment: datetime) -> float:
        first, begins, ends, last = self.edges
        if self.call is not None and self.call[0] <= moment <= self.call[1]:
            whole = (self.call[1] - self.call[0]).total_seconds() or 1
            return begins + (ends - begins) * (moment - self.call[0]).total_seconds() / whole
        if moment in self._before:
            return first + (begins - first) * (self._before[moment] + 0.5) / len(self._before)
        if moment in self._after:
            return ends + (last - ends) * (self._after[moment] + 0.5) / len(self._after)
        return begins if self.call is None or moment < self.call[0] else ends


def call_span(story: Story) -> Interval | None:
    """From the first who came, or the agreed time, to the last who left; while somebody is there or nobody has been,
    to the agreed end. None while nothing is agreed."""
    booking = story.booking
    known = [stay.joined for stay in story.stays] + [stay.left for stay in story.stays if stay.left]
    known += [each.ended for each in story.conferences if each.ended]
    if booking.starts is not None and booking.ends is not None:
        known.append(booking.starts)
        if not story.stays or any(stay.left is None for stay in story.stays):
            known.append(booking.ends)
    if not known:
        return None
    low, high = min(known), max(known)
    near = [
        each.at
        for each in story.moments
        if each.what == "rang" and each.facts["outcome"] in LET_IN and low - NEAR <= each.at <= high
    ]
    return min([low, *near]), high


def line_of_time(story: Story, names: dict[int, str], zone: tzinfo, title: str) -> Markup:
    """The story as a drawing; the marks bear the numbers of the moments in `story.moments`, from 1 on."""
    lanes = _lanes(story, names)
    places = {lane.key: place for place, lane in enumerate(lanes)}
    scale = Scale([each.at for each in story.moments], call_span(story))
    height = TOP + LANE * len(lanes) + 30
    parts = [Markup("<title>{}</title>").format(title)]
    parts += _ground(scale, lanes, height, zone, story)
    for start, end in story.talk:
        parts.append(_box("shared", scale.x(start), TOP, scale.x(end), TOP + LANE * len(lanes)))
    for stay in story.stays:
        if (place := places.get(stay.person_id if stay.person_id is not None else "unknown")) is not None:
            parts.append(_stay(stay, scale, place))
    parts += _marks(story.moments, places, scale)
    return Markup(
        '<svg class="line-of-time" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(title, WIDTH, height, Markup("").join(parts))


def _lanes(story: Story, names: dict[int, str]) -> list[Lane]:
    lanes = [Lane("booking", "Booking")]
    met = {stay.person_id for stay in story.stays} | {
        each.person_id for each in story.moments if each.what in PERSONAL
    }
    for person_id in dict.fromkeys((*story.booking.people_ids, *sorted(each for each in met if each))):
        if person_id in story.booking.people_ids or person_id in met:
            lanes.append(Lane(person_id, names.get(person_id, f"Person {person_id}")))
    if any(stay.person_id is None for stay in story.stays):
        lanes.append(Lane("unknown", "Somebody else"))
    if any(each.what in MONEY for each in story.moments):
        lanes.append(Lane("money", "Money"))
    return lanes


def _lane_of(moment: Moment) -> int | str:
    if moment.what in MONEY:
        return "money"
    if moment.what in ON_THE_LINE:
        return moment.person_id if moment.person_id is not None else "unknown"
    if moment.what in PERSONAL and moment.person_id is not None:
        return moment.person_id
    return "booking"


def _ground(scale: Scale, lanes: Sequence[Lane], height: float, zone: tzinfo, story: Story) -> list[Markup]:
    """Lanes and their names, the phases, and what time it was."""
    bottom = TOP + LANE * len(lanes)
    parts = []
    for place, lane in enumerate(lanes):
        y = TOP + LANE * (place + 0.5)
        name = lane.name if len(lane.name) <= 15 else lane.name[:14] + "…"
        parts.append(_line("lane", LABELS, y, WIDTH - RIGHT, y))
        parts.append(_text("lane-name", 8, y + 4, name))
    _, begins, ends, last = scale.edges
    if scale.call is None:
        return parts
    booking = story.booking
    if booking.starts is not None and booking.ends is not None:
        until = min(booking.ends, scale.call[1])
        parts.insert(0, _box("planned", scale.x(booking.starts), TOP, scale.x(until), bottom))
    for x, share, name in (
        (LABELS, begins - LABELS, "Before"),
        (begins, ends - begins, "The call"),
        (ends, last - ends, "Afterwards"),
    ):
        if share > 1:
            parts.append(_text("phase", x + share / 2, 18, name, middle=True))
            if x > LABELS:
                parts.append(_line("phase-edge", x, 8, x, bottom))
    if last - ends > 1:
        parts.append(_line("phase-edge", ends, 8, ends, bottom))
    for moment in _ticks(scale.call):
        x = scale.x(moment)
        parts.append(_line("tick", x, TOP - 8, x, bottom))
        parts.append(_text("tick-time", x, TOP - 14, _clock(moment, zone), middle=True))
    for x, share, since in (
        (LABELS, begins - LABELS, scale.first_before),
        (begins, ends - begins, scale.call[0]),
        (ends, last - ends, scale.first_after),
    ):
        if since is not None:
            words = times.short(since, zone)
            parts.append(_text("tick-time", x + share / 2, height - 10, words, middle=True))
    return parts


def _ticks(call: Interval) -> list[datetime]:
    """Round times within the call, not too many."""
    low, high = call
    minutes = (high - low).total_seconds() / 60
    step = next((each for each in TICKS_IN_MIN if minutes / each <= MOST_TICKS), TICKS_IN_MIN[-1])
    start = low.replace(second=0, microsecond=0)
    start += timedelta(minutes=-start.minute % step if step <= 60 else -start.minute % 60)
    found: list[datetime] = []
    while start <= high and len(found) <= 2 * MOST_TICKS:
        if start >= low:
            found.append(start)
        start += timedelta(minutes=step)
    return found


def _clock(moment: datetime, zone: tzinfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.hour % 12 or 12}:{local.minute:02}"


def _stay(stay: Stay, scale: Scale, place: int) -> Markup:
    y = TOP + LANE * (place + 0.5)
    end = stay.left if stay.left is not None else (scale.call or (stay.joined, stay.joined))[1]
    x = scale.x(stay.joined)
    return _box("stay" if stay.left else "stay open", x, y - BAR / 2, max(scale.x(end), x + 3), y + BAR / 2)


def _marks(moments: Sequence[Moment], places: dict[int | str, int], scale: Scale) -> list[Markup]:
    """A mark for each moment; those that would cover each other share one."""
    groups: list[tuple[int, float, list[int], set[str]]] = []
    for number, moment in enumerate(moments, start=1):
        place = places.get(_lane_of(moment), 0)
        x = scale.x(moment.at)
        last = next((each for each in reversed(groups) if each[0] == place), None)
        if last is not None and abs(last[1] - x) < CLOSE:
            last[2].append(number)
            last[3].add(str(moment.what))
        else:
            groups.append((place, x, [number], {str(moment.what)}))
    parts = []
    for place, x, numbers, whats in groups:
        y = TOP + LANE * (place + 0.5)
        label = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}+"
        kind = "money" if whats <= MONEY else "said" if whats <= {"text", "letter"} else "line"
        half = RADIUS if len(label) < 3 else RADIUS + 5
        parts.append(_box(f"mark {kind}", x - half, y - RADIUS, x + half, y + RADIUS, round=RADIUS))
        parts.append(_text("mark-number", x, y + 3.6, label, middle=True))
    return parts


def bars(
    values: Sequence[float],
    labels: Sequence[str],
    *,
    title: str,
    top: str = "",
    lower: Sequence[float] | None = None,
) -> Markup:
    """Bars beside each other, `lower` as a part of each in another colour. `title` says in words what they show,
    `top` how much the tallest is; `labels` name the first, the middle and the last."""
    width, height, foot, head = 320.0, 104.0, 18.0, 20.0
    most = max([*values, 1e-9])
    each = width / max(len(values), 1)
    parts = [Markup("<title>{}</title>").format(title), _line("lane", 0, height, width, height)]
    if any(values):
        parts.append(_line("tick", 0, head - 4, width, head - 4))
        parts.append(_text("tick-time", 0, head - 8, top))
    for place, value in enumerate(values):
        tall = (height - head + 4) * value / most
        x, right = place * each + each * 0.14, (place + 1) * each - each * 0.14
        if value > 0:
            parts.append(_box("bar", x, height - max(tall, 2), right, height))
        if lower is not None and lower[place] > 0:
            part = (height - head + 4) * min(lower[place], most) / most
            parts.append(_box("bar bad", x, height - max(part, 2), right, height))
    anchors = ("start", "middle", "end")
    for place, label in enumerate(labels):
        parts.append(
            Markup('<text class="tick-time" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                _n(width * place / max(len(labels) - 1, 1)), _n(height + foot - 3), anchors[place], label
            )
        )
    return Markup(
        '<svg class="bars" role="img" aria-label="{}" viewBox="0 0 {} {}" '
        'xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(title, _n(width), _n(height + foot), Markup("").join(parts))


def _box(kind: str, x: float, y: float, right: float, bottom: float, *, round: float = 2) -> Markup:
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="{}"/>').format(
        kind, _n(x), _n(y), _n(max(right - x, 0)), _n(bottom - y), _n(round)
    )


def _line(kind: str, x: float, y: float, right: float, bottom: float) -> Markup:
    return Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(
        kind, _n(x), _n(y), _n(right), _n(bottom)
    )


def _text(kind: str, x: float, y: float, words: str, *, middle: bool = False) -> Markup:
    anchor = Markup(' text-anchor="middle"') if middle else ""
    return Markup('<text class="{}" x="{}" y="{}"{}>{}</text>').format(kind, _n(x), _n(y), anchor, words)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
