"""Moments and lengths of time as a person reads or hears them, in his own zone with its abbreviation."""

from __future__ import annotations

from datetime import datetime, tzinfo

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def written(moment: datetime, zone: tzinfo) -> str:
    """`Monday, March 2, 2026, 9:00 AM CST`."""
    local = moment.astimezone(zone)
    day = f"{WEEKDAYS[local.weekday()]}, {MONTHS[local.month - 1]} {local.day}, {local.year}"
    return f"{day}, {clock_time(moment, zone)}"


def short(moment: datetime, zone: tzinfo) -> str:
    """For a text: `9:00 AM CST (Mon Mar 2)`."""
    local = moment.astimezone(zone)
    day = f"{WEEKDAYS[local.weekday()][:3]} {MONTHS[local.month - 1][:3]} {local.day}"
    return f"{clock_time(moment, zone)} ({day})"


def spoken(moment: datetime, zone: tzinfo) -> str:
    """For the ear: `nine A M` reads itself from `9 AM`; `Monday, March 2, at 9:30 AM`."""
    local = moment.astimezone(zone)
    day = f"{WEEKDAYS[local.weekday()]}, {MONTHS[local.month - 1]} {local.day}"
    return f"{day}, at {spoken_time(moment, zone)}"


def spoken_time(moment: datetime, zone: tzinfo) -> str:
    """`9 AM`, `9:30 AM`: without the zone, which a caller knows."""
    local = moment.astimezone(zone)
    hour = local.hour % 12 or 12
    minutes = f":{local.minute:02}" if local.minute else ""
    return f"{hour}{minutes} {'AM' if local.hour < 12 else 'PM'}"


def clock_time(moment: datetime, zone: tzinfo) -> str:
    """`9:00 AM CST`."""
    local = moment.astimezone(zone)
    return (
        f"{local.hour % 12 or 12}:{local.minute:02} {'AM' if local.hour < 12 else 'PM'} {abbreviation(local)}"
    )


def abbreviation(local: datetime) -> str:
    """`CST`; for zones that have only numbers, `UTC+03:00` instead of a bare `+03`."""
    name = local.tzname() or "UTC"
    if name[:1] not in "+-":
        return name
    offset = local.strftime("%z")
    return f"UTC{offset[:3]}:{offset[3:5]}"


def length(minutes: int) -> str:
    """`15 minutes`, `1 hour`, `1 hour 30 minutes`."""
    hours, rest = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(f"{hours} hour" + ("s" if hours != 1 else ""))
    if rest or not hours:
        parts.append(f"{rest} minute" + ("s" if rest != 1 else ""))
    return " ".join(parts)
