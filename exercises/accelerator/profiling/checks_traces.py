"""Traces whose truth is known because it was decided before the events were: parts 1 to 3."""

from workbench.checks import CheckFailed, as_dict, as_number, close


def event(name, cat, tid, ts, dur):
    return {"name": name, "cat": cat, "tid": tid, "ts": ts, "dur": dur}


def describe(events):
    """The events as a short text: lane, name, from–to."""
    lanes = {}
    for e in events:
        lanes.setdefault(e["tid"], []).append(f"{e['name']} {e['ts']:g}–{e['ts'] + e['dur']:g}")
    return "; ".join(f"{lane}: {', '.join(parts)}" for lane, parts in lanes.items())


def shuffled(rng, events):
    return [events[i] for i in rng.permutation(len(events))]


# ---- part 1: calls that are made up from the outside in; each stretch is given to one name as it is made


class Calls:
    """A trace of nested calls that grows, and the self time of each name as it was decided."""

    def __init__(self, rng, unit=1, names=("step", "forward", "linear", "matmul", "norm")):
        self.rng, self.unit, self.names = rng, unit, names
        self.events, self.selves = [], {name: 0 for name in names}

    def call(self, tid, ts, depth):
        """Makes a call that starts at ts, with what it calls; returns when it ends."""
        name = self.names[int(self.rng.integers(len(self.names)))]
        now = self.work(name, ts, at_least=0)
        last_at_least = 1 if now == ts else 0  # so that no call has the same start and end as its caller
        for _ in range(int(self.rng.integers(0, 4)) if depth else 0):
            now = self.work(name, self.call(tid, now, depth - 1), at_least=0)
        now = self.work(name, now, at_least=last_at_least)
        self.events.append(event(name, "cpu_op", tid, ts, now - ts))
        return now

    def work(self, name, now, at_least):
        own = self.unit * int(self.rng.integers(at_least, 4))
        self.selves[name] += own
        return now + own

    def truth(self):
        seen = {e["name"] for e in self.events}
        return {name: own for name, own in self.selves.items() if name in seen}


def small_calls(rng, lanes):
    """Few calls, at least three deep, all lanes from about the same time on."""
    while True:
        calls = Calls(rng)
        for lane in lanes:
            calls.call(lane, int(rng.integers(0, 4)), depth=3)
        if 5 <= len(calls.events) <= 12 and max(deepness(calls.events)) >= 3:
            return calls


def deepness(events):
    """For each event, how many events of its lane it lies in, itself included."""
    return [len(around(events, e)) for e in events]


def around(events, inner):
    ends = inner["ts"] + inner["dur"]
    lane = [e for e in events if e["tid"] == inner["tid"]]
    return [e for e in lane if e["ts"] <= inner["ts"] and ends <= e["ts"] + e["dur"]]


def named_times(submission, function, events):
    """What total_times or self_times returns: name → number, for each name of the trace."""
    given = describe(events)
    answer = submission.call(function, events, given=given)
    try:
        times = as_dict(answer, keys=sorted({e["name"] for e in events}), name=f"what {function} returns")
        return {name: as_number(times[name], name=f"the time of {name!r}") for name in {e["name"] for e in events}}
    except CheckFailed as failure:
        failure.add_given(given)
        raise


def check_times(submission, function, events, want, beliefs, otherwise=""):
    """Each name has the time that was decided; the belief that gives the answer is told, else `otherwise`."""
    times = named_times(submission, function, events)
    wrong = sorted(name for name in want if not close(times[name], want[name]))
    if wrong:
        told = [text for believed, text in beliefs if all(close(times[n], believed(events)[n]) for n in want)]
        if not told and not otherwise and min(times.values()) < 0:
            told = ["a time cannot be below 0: was more taken away from an event than lies in it?"]
        raise CheckFailed(
            perhaps(told) or otherwise,
            expected=f"{wrong[0]}: {want[wrong[0]]:g} µs",
            came=f"{wrong[0]}: {times[wrong[0]]:g} µs",
            given=describe(events),
        )


def summed(events, time_of):
    times = {}
    for e in events:
        times[e["name"]] = times.get(e["name"], 0) + time_of(e)
    return times


def total_belief(events):
    return summed(events, lambda e: e["dur"])


def all_inside_belief(events):
    """Subtracts calls of calls, too."""

    def time_of(outer):
        inside = [e["dur"] for e in events if e is not outer and outer in around(events, e)]
        return outer["dur"] - sum(inside)

    return summed(events, time_of)


def last_only_belief(events):
    return {e["name"]: e["dur"] for e in events}


def one_lane_belief(events):
    """Takes what runs on another lane for a call, if it lies inside."""
    merged = [{**e, "tid": ""} for e in events]
    return all_inside_belief(merged)


TOTAL_BELIEFS = [(last_only_belief, "a name has several events: their times belong together")]
SELF_BELIEFS = [
    (total_belief, "this is the total time; what a call spends in the calls that it makes is not its own"),
    (
        all_inside_belief,
        "a call inside a call inside a call was taken away twice: each event has one caller, the innermost around it",
    ),
    (one_lane_belief, "what runs on another lane at the same time was not called by this event"),
    (last_only_belief, "a name has several events: their times belong together"),
]


def perhaps(told):
    """The first two beliefs that give an answer; "" when none is known."""
    some = list(dict.fromkeys(told))[:2]
    return f"perhaps: {'; or: '.join(some)}" if some else ""


# ---- parts 2 and 3: a device told moment by moment


def paint(intervals, start, end):
    """For each µs from start to end, whether one of the intervals covers it; all are whole numbers."""
    return [any(ts <= now and now + 1 <= ts + dur for ts, dur in intervals) for now in range(start, end)]


def intervals(events, *, cat=None, name=None):
    chosen = [e for e in events if (cat is None or e["cat"] == cat) and (name is None or e["name"] == name)]
    return [(e["ts"], e["dur"]) for e in chosen]


def busy_moments(events, start, end):
    return paint(intervals(events, cat="kernel"), start, end)


def waiting_moments(events, start, end):
    return paint(intervals(events, name="wait for batch"), start, end)


def painted_idle(events, start, end):
    busy = busy_moments(events, start, end)
    return busy.count(False) / len(busy)


def painted_stall(events, start, end):
    moments = zip(waiting_moments(events, start, end), busy_moments(events, start, end), strict=True)
    return sum(waiting and not busy for waiting, busy in moments)


def stream_kernels(rng, tid, length, unit=1):
    """Kernels of one stream, one after another, from before 0 to after `length` units."""
    now, kernels = -int(rng.integers(0, 5)), []
    while now < length + 2:
        dur = int(rng.integers(1, 9))
        kernels.append(event("matmul", "kernel", tid, now * unit, dur * unit))
        now += dur + int(rng.choice([0, 1, 3, 7, 12]))
    return kernels


def small_device(rng, length=40):
    """A short trace of a device with two streams, copies, and a program that waits; whole numbers of µs."""
    events = stream_kernels(rng, "stream 7", length) + stream_kernels(rng, "stream 9", length)
    copy, wait, second = (int(rng.integers(2, length - 12)) for _ in range(3))
    events += [event("copy", "gpu_memcpy", "stream 11", copy, 6), event("linear", "cpu_op", "main", copy + 1, 9)]
    events += [event("wait for batch", "user_annotation", "main", wait, int(rng.integers(5, 12)))]
    if second > wait + 13:
        events.append(event("wait for batch", "user_annotation", "main", second, 10))
    return shuffled(rng, events)


def clipped_sum(spans, start, end):
    return sum(max(0, min(ts + dur, end) - max(ts, start)) for ts, dur in spans)


def added_idle(events, start, end):
    return 1 - clipped_sum(intervals(events, cat="kernel"), start, end) / (end - start)


def unclipped_idle(events, start, end):
    return 1 - busy_moments(events, start - 100, end + 100).count(True) / (end - start)


def mean_idle(events, start, end):
    lanes = {e["tid"] for e in events if e["cat"] == "kernel"}
    each = [painted_idle([e for e in events if e["tid"] == lane], start, end) for lane in lanes]
    return sum(each) / len(each) if each else 1.0


def with_copies_idle(events, start, end):
    return painted_idle([{**e, "cat": "kernel"} if e["cat"] == "gpu_memcpy" else e for e in events], start, end)


def with_cpu_idle(events, start, end):
    return painted_idle([{**e, "cat": "kernel"} for e in events], start, end)


def from_first_to_last_idle(events, start, end):
    spans = intervals(events, cat="kernel")
    first, last = min(ts for ts, _ in spans), max(ts + dur for ts, dur in spans)
    return painted_idle(events, max(first, start), min(last, end)) if max(first, start) < min(last, end) else 1.0


def busiest_stream_idle(events, start, end):
    lanes = {e["tid"] for e in events if e["cat"] == "kernel"}
    return min((painted_idle([e for e in events if e["tid"] == lane], start, end) for lane in lanes), default=1.0)


def independent_idle(events, start, end):
    idle = 1.0
    for lane in {e["tid"] for e in events if e["cat"] == "kernel"}:
        idle *= painted_idle([e for e in events if e["tid"] == lane], start, end)
    return idle


def previous_end_idle(events, start, end):
    spans = sorted(intervals(events, cat="kernel"))
    gaps, busy_until = 0, start
    for ts, dur in spans:
        gaps += max(0, min(ts, end) - max(busy_until, start))
        busy_until = ts + dur
    return (gaps + max(0, end - busy_until)) / (end - start)


IDLE_BELIEFS = [
    (lambda *a: 1 - painted_idle(*a), "this is the share in which the device is busy"),
    (lambda *a: 100 * painted_idle(*a), "a share is a number from 0 to 1, not per cent"),
    (lambda *a: painted_idle(*a) * (a[2] - a[1]), "these are µs; a share was asked for"),
    (added_idle, "durations were added: while two kernels run at once, the time passes only once"),
    (
        lambda *a: max(0, added_idle(*a)),
        "durations were added: while two kernels run at once, the time passes only once",
    ),
    (unclipped_idle, "a kernel reaches out of the window: only what lies in the window counts"),
    (mean_idle, "this is the mean of the streams: the device is idle only when all of its streams are"),
    (busiest_stream_idle, "this is the busiest stream alone: others may work where it rests"),
    (independent_idle, "shares of streams were multiplied: when each of them rests is no accident"),
    (previous_end_idle, "each kernel was compared with the one before; an earlier one may still run"),
    (with_copies_idle, "a copy was taken for a kernel: while the device only copies, it computes nothing"),
    (with_cpu_idle, "events of other categories were taken for kernels"),
    (from_first_to_last_idle, "the window may begin or end with idle time, which counts"),
]


def every_wait(events, start, end):
    return sum(waiting_moments(events, start, end))


def every_idle(events, start, end):
    return busy_moments(events, start, end).count(False)


def untouched_waits(events, start, end):
    """Only waits during which no kernel runs at all."""
    busy = intervals(events, cat="kernel")
    waits = intervals(events, name="wait for batch")
    free = [(ts, dur) for ts, dur in waits if not any(k < ts + dur and ts < k + length for k, length in busy)]
    return clipped_sum(free, start, end)


def unclipped_stall(events, start, end):
    return painted_stall(events, start - 100, end + 100)


def kernels_subtracted(events, start, end):
    spans = [
        (max(ts, a), min(ts + dur, a + b) - max(ts, a))
        for a, b in intervals(events, name="wait for batch")
        for ts, dur in intervals(events, cat="kernel")
    ]
    return every_wait(events, start, end) - clipped_sum([s for s in spans if s[1] > 0], start, end)


def first_wait(events, start, end):
    waits = sorted((e for e in events if e["name"] == "wait for batch"), key=lambda e: e["ts"])
    return painted_stall([e for e in events if e["name"] != "wait for batch"] + waits[:1], start, end)


def smaller_sum(events, start, end):
    return min(every_wait(events, start, end), every_idle(events, start, end))


def copies_compute(events, start, end):
    return painted_stall([{**e, "cat": "kernel"} if e["cat"] == "gpu_memcpy" else e for e in events], start, end)


STALL_BELIEFS = [
    (every_wait, "this is all the waiting: while the device still computes, a wait costs nothing"),
    (every_idle, "this is all the idle time: some of it has other reasons than the data"),
    (unclipped_stall, "only what lies in the window counts"),
    (untouched_waits, "a wait that is partly hidden behind a kernel still costs its other part"),
    (kernels_subtracted, "kernels that run at once were taken away twice from a wait"),
    (first_wait, "the program may wait several times in the window: each wait counts"),
    (smaller_sum, "the sums of waiting and of idle time do not say how much of them is at the same moments"),
    (copies_compute, "a copy was taken for a kernel: while the device only copies, it computes nothing"),
    (lambda *a: painted_stall(*a) / (a[2] - a[1]), "this is a share; µs were asked for"),
]


def check_window(submission, function, events, window, want, beliefs):
    """idle_share or input_stall over one window; a belief that gives the answer is named."""
    start, end = window
    given = f"window {start:g}–{end:g}; {describe(events)}"
    answer = submission.call(function, events, start, end, given=given)
    try:
        got = as_number(answer, name=f"what {function} returns")
    except CheckFailed as failure:
        failure.add_given(given)
        raise
    if not close(got, want):
        told = [text for believed, text in beliefs if close(got, believed(events, start, end))]
        raise CheckFailed(perhaps(told), expected=f"{want:.6g}", came=f"{got:.6g}", given=given)
