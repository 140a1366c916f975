"""Parts 1 and 2: kernels, and traces of one step taken apart µs by µs; and what other counts would give."""

import numpy as np

from workbench.checks import CheckFailed, as_choice, as_dict, as_number

KINDS = ("compute", "memory", "input", "host")
KERNELS = ("matmul", "attention", "gelu", "layer norm", "softmax", "optimizer")
PEAK_FLOP_S, BANDWIDTH_BYTE_S = 100e12, 2e12  # of the made device


def random_trace(rng, *, kernels, workers, waits, scale=1.0):
    """One step in the middle of a run.

    Args:
        kernels: how many; some are bound by compute and some by memory, whatever their name is.
        workers: whether processes of their own prepare the batches. Else the program does it.
        waits: whether the program waits for each kernel. Else kernels run on two streams, and one of the step before
            still runs at the start.
        scale: makes everything longer.

    Returns:
        dict(events=…, step_us=…, peak_flop_s=…, bandwidth_byte_s=…), the arguments of where_time_goes.
    """

    def us(low, high):
        return max(1, round(float(rng.uniform(low, high)) * scale))

    events, streams, now = [], {"stream 0": 0, "stream 1": 0}, 0

    def add(lane, name, start_us, length_us, **more):
        events.append({"lane": lane, "name": name, "start_us": start_us, "end_us": start_us + length_us, **more})
        return start_us + length_us

    if not waits:
        length_us = us(8, 14)
        streams["stream 0"] = add("stream 0", "optimizer", 0, length_us, **_work(rng, "memory", length_us))
    now = add("program", "next batch", now, us(20, 30))
    names = ["matmul", "matmul", *rng.choice(KERNELS, size=kernels - 2)]
    bounds = ["compute", "memory", *rng.choice(["compute", "memory"], size=kernels - 2)]
    for place in rng.permutation(kernels):
        now = add("program", "launch", now, us(2, 5))
        stream = "stream 0" if waits or len(events) % 3 else "stream 1"
        start_us, length_us = max(now, streams[stream]), us(6, 16)
        work = _work(rng, str(bounds[place]), length_us)
        streams[stream] = add(stream, str(names[place]), start_us, length_us, **work)
        if waits:
            now = add("program", "synchronize", now, streams[stream] - now)
    if not waits:
        now = add("program", "synchronize", now, max(1, max(streams.values()) - now))
    now = add("program", "write log", now, us(3, 9))
    if workers:
        add("worker 0", "prepare batch", 0, now)
        add("worker 1", "prepare batch", us(1, 4), now - us(6, 9))
    limits = {"peak_flop_s": PEAK_FLOP_S, "bandwidth_byte_s": BANDWIDTH_BYTE_S}
    return {"events": events, "step_us": now, **limits}


def _work(rng, bound, length_us):
    """FLOPs and bytes of a kernel that runs so long, below the roof, and clearly to one side of the ridge."""
    longer_s = float(rng.uniform(0.5, 0.9)) * length_us / 1e6
    shorter_s = float(rng.uniform(0.15, 0.75)) * longer_s
    compute_s, memory_s = (longer_s, shorter_s) if bound == "compute" else (shorter_s, longer_s)
    return {"flops": round(compute_s * PEAK_FLOP_S), "bytes": round(memory_s * BANDWIDTH_BYTE_S)}


def trace_of(job):
    """A trace of one step of this run as it is today; its four times are those of the profile."""
    rng = np.random.default_rng(round(1e3 * job["host_ms"]))
    names = {"compute": ["matmul", "attention", "matmul"], "memory": ["layer norm", "matmul", "gelu", "optimizer"]}
    pieces = {}
    for kind in names:
        pieces[kind] = _pieces_us(rng, 1e3 * job[f"{kind}_ms"], len(names[kind]))
    host_us = _pieces_us(rng, 1e3 * job["host_ms"], 8)
    order = [("memory", 0), ("compute", 0), ("memory", 1), ("compute", 1), ("memory", 2), ("compute", 2), ("memory", 3)]
    input_us = round(1e3 * job["input_ms"])
    events, now = [{"lane": "program", "name": "next batch", "start_us": 0, "end_us": input_us}], input_us
    for (kind, place), launch_us in zip(order, host_us, strict=False):
        start_us, end_us = now + launch_us, now + launch_us + pieces[kind][place]
        kernel = {"lane": "stream 0", "name": names[kind][place], "start_us": start_us, "end_us": end_us}
        events.append({"lane": "program", "name": "launch", "start_us": now, "end_us": start_us})
        events.append({**kernel, **_work(rng, kind, end_us - start_us)})
        events.append({"lane": "program", "name": "synchronize", "start_us": start_us, "end_us": end_us})
        now = end_us
    events.append({"lane": "program", "name": "write log", "start_us": now, "end_us": now + host_us[-1]})
    limits = {"peak_flop_s": PEAK_FLOP_S, "bandwidth_byte_s": BANDWIDTH_BYTE_S}
    return {"events": events, "step_us": now + host_us[-1], **limits}


def _pieces_us(rng, total_us, count):
    """Whole microseconds that add up to the total."""
    cuts = np.round(np.cumsum(rng.dirichlet(np.full(count, 8.0))) * total_us).astype(int)
    return [int(piece) for piece in np.diff(cuts, prepend=0)]


def each_microsecond(trace):
    """For each microsecond of the step: is a kernel at work of this kind, does the program get its batch?"""
    rows = {name: np.zeros(trace["step_us"], dtype=bool) for name in ("compute", "memory", "batch", "workers")}
    for event in trace["events"]:
        lane = event["lane"].split()[0]
        name = {"worker": "workers", "stream": bound_of(event, trace)}.get(lane)
        name = "batch" if event["name"] == "next batch" else name
        if name:
            rows[name][event["start_us"] : event["end_us"]] = True
    return rows


def bound_of(event, trace):
    """Which of its two times is longer; "" for what is no kernel."""
    if "flops" not in event:
        return ""
    compute_s, memory_s = event["flops"] / trace["peak_flop_s"], event["bytes"] / trace["bandwidth_byte_s"]
    return "compute" if compute_s > memory_s else "memory"


def check_bound(submission, bound):
    """One random kernel on a random device: the longer of its two times tells what bounds it."""
    rng = submission.rng
    peak_flop_s, bandwidth_byte_s = float(10 ** rng.uniform(12, 15)), float(10 ** rng.uniform(11, 12.7))
    longer_s = float(rng.uniform(1e-5, 1e-2))
    shorter_s = longer_s * float(rng.uniform(0.1, 0.9))
    compute_s, memory_s = (longer_s, shorter_s) if bound == "compute" else (shorter_s, longer_s)
    flops, moved = round(compute_s * peak_flop_s), round(memory_s * bandwidth_byte_s)
    given = f"{flops:.3g} FLOPs, {moved:.3g} bytes, {peak_flop_s:.3g} FLOP/s, {bandwidth_byte_s:.3g} byte/s"
    answer = submission.call("bound_by", flops, moved, peak_flop_s, bandwidth_byte_s, given=given)
    came = as_choice(answer, ("compute", "memory"), name="what bound_by returns")
    if came != bound:
        why = f"alone, the FLOPs take {1e6 * compute_s:.3g} µs and the bytes {1e6 * memory_s:.3g} µs"
        if came == ("compute" if flops > moved else "memory"):
            why += "; are the names the right way round? Or were FLOPs compared with bytes? Compare their times"
        raise CheckFailed(why, expected=bound, came=came, given=given)


def counted_us(trace):
    """Each microsecond goes to the first that holds: compute, memory, input, host."""
    rows, counts = each_microsecond(trace), dict.fromkeys(KINDS, 0)
    for compute, memory, batch in zip(rows["compute"], rows["memory"], rows["batch"], strict=True):
        counts["compute" if compute else "memory" if memory else "input" if batch else "host"] += 1
    return counts


def other_counts(trace):
    """What some people count, and what to tell them: (kind, µs, text)."""
    rows, kernels = each_microsecond(trace), [event for event in trace["events"] if "flops" in event]
    lengths = {id(event): event["end_us"] - event["start_us"] for event in trace["events"]}
    busy = rows["compute"] | rows["memory"]

    def total(chosen):
        return sum(lengths[id(event)] for event in chosen)

    for kind in ("compute", "memory"):
        summed = total(event for event in kernels if bound_of(event, trace) == kind)
        yield kind, summed, "kernels of two streams run at the same time, and this time was counted twice"
    text = "while a compute-bound kernel runs, a memory-bound one beside it gets nothing: each moment counts once"
    yield "memory", int(rows["memory"].sum()), text
    by_name = {kind: np.zeros_like(busy) for kind in ("compute", "memory")}
    for event in kernels:
        kind = "compute" if event["name"] in ("matmul", "attention") else "memory"
        by_name[kind][event["start_us"] : event["end_us"]] = True
    text = "perhaps you go by names: a matmul of a small matrix can wait for the memory. Compare its two times"
    yield "compute", int(by_name["compute"].sum()), text
    yield "compute", int(rows["memory"].sum()), "compute and memory are swapped: more FLOPs for each byte is compute"
    yield "compute", int((rows["memory"] & ~rows["compute"]).sum()), "perhaps the ridge is upside down"
    text = "the whole of `next batch` was counted, but the device worked during a part of it"
    yield "input", int(rows["batch"].sum()), text
    text = "the time of the workers was counted, but they work beside the device: only what the device waits is lost"
    yield "input", int(rows["workers"].sum()), text
    yield "input", int((rows["workers"] & ~busy).sum()), text
    program = [event for event in trace["events"] if event["lane"] == "program" and event["name"] != "next batch"]
    launches = [event for event in program if event["name"] == "launch"]
    for chosen in (program, launches):
        text = "the work of the program was added up, but the device works at the same time: count when it is idle"
        yield "host", total(chosen), text


def check_trace(submission, trace):
    want, shown = counted_us(trace), show_trace(trace)
    answer = submission.call("where_time_goes", **trace, given=shown)
    answer = as_dict(answer, keys=KINDS, name="what where_time_goes returns")
    came = {kind: as_number(answer[kind], name=f"the time of {kind!r}") for kind in KINDS}
    for kind in KINDS:
        if abs(came[kind] - want[kind]) > 1e-6:
            told = [text for other, us, text in other_counts(trace) if other == kind and abs(us - came[kind]) < 1e-6]
            if sum(came.values()) > trace["step_us"] + 1e-6:
                told.append(f"your four times add up to {sum(came.values()):g} µs, and the step has {trace['step_us']}")
            raise CheckFailed(
                "; or: ".join(list(dict.fromkeys(told))[:2]) or f"the time of {kind!r} differs",
                expected=f"{kind}: {want[kind]} µs, counted µs by µs",
                came=f"{kind}: {came[kind]:g} µs",
                given=shown,
            )


def show_trace(trace):
    """The events, short enough for a message."""
    short = {"program": "P", "stream 0": "S0", "stream 1": "S1", "worker 0": "W0", "worker 1": "W1"}
    told = []
    for event in trace["events"]:
        bound = f" [{bound_of(event, trace)}]" if "flops" in event else ""
        told.append(f"{short[event['lane']]} {event['start_us']}–{event['end_us']} {event['name']}{bound}")
    return f"{trace['step_us']} µs: " + "; ".join(told)
