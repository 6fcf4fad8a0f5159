"""Sentences on a series within its control limits."""

from collections.abc import Sequence

from core.analytics.series import MetricSeries
from core.base import text
from core.base.control_limits import SETTLED, Rule, Signal
from core.charts import limits_words

# The rules, in words.
RULES = "a point beyond the limits, and eight or more in a row on one side of the mean"


def finding(series: MetricSeries) -> str:
    """The title over a chart: Tests created: 2026-W46 is above the limits."""
    return f"{series.metric.label}: {short_finding(series)}"


def short_finding(series: MetricSeries) -> str:
    """The state of the newest period, and the number of earlier signals."""
    found = series.behaviour
    if found.centre is None:
        return f"no limits yet, {found.reason}"
    newest = found.newest()
    if newest:
        return _newest(series, newest)
    earlier = len(found.signals)
    rest = f", {text.times(earlier, 'earlier signal')}" if earlier else ""
    return f"within the usual limits{rest}"


def _newest(series: MetricSeries, newest: Sequence[Signal]) -> str:
    beyond = next((signal for signal in newest if signal.rule is Rule.BEYOND), None)
    signal = beyond or newest[0]
    period = series.points[signal.last].period
    good = {"up": "above", "down": "below"}.get(series.metric.better)
    turn = ", for the better" if signal.side == good else ", for the worse"
    if good is None:
        turn = ""
    if beyond:
        return f"{period} is {signal.side} the limits{turn}"
    return f"{signal.words}{turn}"


def subtitle(series: MetricSeries, *, brief: bool = False) -> str:
    """What is drawn: the line, the band with its sample, and the expected false alarms.

    `brief` leaves out the mean and the false alarms, which a page says once for several charts.
    """
    found, grain = series.behaviour, series.grain
    said = [f"By {grain}, {series.points[0].period} to {series.points[-1].period}"]
    if found.centre is not None:
        number = text.times(found.judged, f"finished {grain}")
        said.append(f"band: usual limits{_band(series)} from {number}")
        if found.is_provisional:
            said.append(f"provisional until there are {SETTLED}")
        if not brief:
            mean = round(found.centre, 1) if found.centre > 1 else found.centre
            said.append(f"dashed: mean {text.amount(mean, series.metric.unit)}")
            if found.spread > 1:
                said.append(f"widened {found.spread:.1f} times as {grain}s vary more than chance")
            said.append(chance([series]))
    if series.beside and series.beside.points:
        said.append(f"grey: {series.beside.label}")
    if any(not point.is_whole for point in series.points):
        said.append(f"pale: {waiting(series)}")
    return "; ".join(said)


def _band(series: MetricSeries) -> str:
    known = {limits for limits in series.behaviour.limits if limits}
    if len(known) == 1:
        return f" ({limits_words(*known.pop(), series.metric.unit)})"
    return f" for each {series.grain}'s sample"


def chance(found: Sequence[MetricSeries]) -> str:
    """The expected false alarms of these charts."""
    expected = sum(series.behaviour.alarms for series in found)
    if expected < 0.3:
        often = f"about 1 in {round(1 / expected)} such charts" if expected else "none expected"
        return f"false alarms: {often}"
    return f"about {expected:.1f} false alarms expected"


def chance_of_all(found: Sequence[MetricSeries]) -> str:
    """The expected false alarms of several charts, as a sentence."""
    expected = sum(series.behaviour.alarms for series in found)
    return f"About {expected:.1f} false alarms are expected in these charts." if expected else ""


def waiting(series: MetricSeries) -> str:
    """Why some periods are not judged."""
    if series.maturing_days:
        return f"not over, or bugs still being decided ({series.maturing_days} days)"
    return "not over yet"


def alt_text(series: MetricSeries) -> str:
    """The chart in words."""
    marked = []
    for signal in series.behaviour.signals:
        periods = dict.fromkeys(series.points[n].period for n in (signal.first, signal.last))
        marked.append(f"{' to '.join(periods)} {signal.words}")
    known = [point for point in series.points if point.value is not None]
    unit = series.metric.unit
    last = f"; last {known[-1].period} {text.amount(known[-1].value, unit)}" if known else ""
    return f"{series.metric.label} by {series.grain}, {'; '.join(marked) or 'no signal'}{last}"


def by_point(series: MetricSeries) -> list[str]:
    """For each point the signals that it is part of."""
    signals = series.behaviour.signals
    return [
        "; ".join(signal.words for signal in signals if signal.first <= n <= signal.last)
        for n in range(len(series.points))
    ]


def news(found: Sequence[MetricSeries]) -> str:
    """Whether a signal fired in the newest finished period of these series, as a sentence."""
    fired = [series for series in found if series.behaviour.newest()]
    judged = [series for series in found if series.behaviour.centre is not None]
    grain = found[0].grain
    if not judged:
        return f"No limits yet: too few finished {grain}s."
    if not fired:
        number = text.number(len(judged))
        which = f"all {number} trends" if len(judged) == len(found) else f"{number} of the trends"
        which = "the trend" if len(found) == 1 else which
        verb = "is" if len(judged) == 1 else "are"
        return f"No new signal: {which} {verb} within the usual limits."
    said = text.listed(
        [f"{text.lower_first(series.metric.label)} ({short_finding(series)})" for series in fired]
    )
    number = text.upper_first(text.number(len(fired)))
    soft = "; limits are provisional" if any(s.behaviour.is_provisional for s in fired) else ""
    return f"{number} signal{'s' if len(fired) > 1 else ''}: {said}{soft}."
