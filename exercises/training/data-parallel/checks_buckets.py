"""Runs make_buckets, and looks at the order and the filling of the buckets."""

from itertools import pairwise

from checks_advice import explained

from workbench.checks import as_list, as_number, expect

SAME_OBJECT = "p in a_list and p == q compare the numbers of the tensors. To find the same object again, compare id(p)"
ADVICE = {"is ambiguous": SAME_OBJECT, "must match the size of tensor": SAME_OBJECT}


def run_buckets(submission, shapes, cap_bytes, given, *, uses=None, frozen=(), dtype="float32"):
    """The learner's buckets as lists of numbers of parameters. Fails unless they are lists of parameters."""
    with explained(ADVICE):
        seen = submission.run(
            "buckets",
            returns=["numbers"],
            shapes=[list(shape) for shape in shapes],
            trainable=[number not in frozen for number in range(len(shapes))],
            uses=list(range(len(shapes))) if uses is None else uses,
            cap_bytes=cap_bytes,
            dtype=dtype,
            given=given,
        )
    buckets = as_list(seen["numbers"], name="what make_buckets returns")
    buckets = [as_list(bucket, name="a bucket") for bucket in buckets]
    for numbers in buckets:
        for number in numbers:
            known = as_number(number, kind="int", name="a parameter's number") >= 0
            came, why = "copies, names or other objects", "a bucket holds something that is not in params"
            expect(known, expected="lists of the parameters themselves", came=came, given=given, why=why)
    return [[int(number) for number in bucket] for bucket in buckets]


def check_plain(submission, sizes, cap, dtype, item_bytes):
    """Order and filling, where none is tied or frozen. Parameters of one dimension; `sizes` and `cap` in numbers."""
    bytes_of, cap_bytes = [item_bytes * size for size in sizes], item_bytes * cap
    given = f"{dtype} parameters of {bytes_of} bytes, cap_bytes={cap_bytes}"
    buckets = run_buckets(submission, [(size,) for size in sizes], cap_bytes, given, dtype=dtype)
    check_order(buckets, [*range(len(sizes))][::-1], given)
    check_filling(buckets, bytes_of, cap_bytes, given, item_bytes=item_bytes)


def check_order(buckets, want, given, *, tied=()):
    came = [number for bucket in buckets for number in bucket]
    why = "" if came == want else order_looks_like(buckets, came, want, tied)
    expect(came == want, expected=f"the order {want}", came=f"{came}, in {buckets}", given=given, why=why)


def order_looks_like(buckets, came, want, tied):
    """A wrong order in words that answer the mistake behind it."""
    missing = [number for number in want if number not in came]
    for number in came:
        if number not in want:
            return f"parameter {number} is frozen: it belongs in no bucket"
        if came.count(number) > 1:
            return f"parameter {number} is in the buckets {came.count(number)} times"
    if missing and came == want[: len(came)]:
        return f"the last parameters, {missing}, are in no bucket: was the last bucket forgotten?"
    if missing:
        return f"the parameters {missing} are in no bucket"
    if came == want[::-1]:
        return "this is the order of the forward pass; the walk begins at the end of the list"
    if [number for bucket in buckets for number in bucket[::-1]] == want:
        return "the buckets are in the right order, but inside each one the order is reversed"
    if [number for bucket in buckets[::-1] for number in bucket] == want:
        return "the buckets are in reverse order"
    for number in tied:
        if [other for other in came if other != number] == [other for other in want if other != number]:
            early = came.index(number) < want.index(number)
            more = "too early: the walk meets it again later" if early else "too late: the walk meets it earlier"
            return f"p{number} is tied, and stands {more}"
    place = {number: i for i, number in enumerate(want)}
    if all(bucket == sorted(bucket, key=place.get) for bucket in buckets):
        early, late = next((a, b) for a, b in pairwise(came) if place[a] > place[b])
        return f"p{early} is in front of p{late}, though the walk meets p{late} first: look only at the open bucket"
    return "these are not the parameters in the order in which their gradients become complete"


def check_filling(buckets, bytes_of, cap_bytes, given, *, item_bytes=4):
    """No bucket too full, none empty, none closed while the next parameter still had room."""
    expected, why, guess = filling_fault(buckets, bytes_of, cap_bytes, item_bytes)
    from_the_first = [bucket[::-1] for bucket in buckets[::-1]]
    if why and not filling_fault(from_the_first, bytes_of, cap_bytes, item_bytes)[1]:
        guess = "perhaps the buckets were filled from the first parameter on, and then reversed"
    filled = [sum(bytes_of[number] for number in bucket) for bucket in buckets]
    why = f"{why}: {guess}" if guess else why
    expect(not why, expected=expected, came=f"buckets {buckets} with {filled} bytes", given=given, why=why)


def filling_fault(buckets, bytes_of, cap_bytes, item_bytes):
    """Of the first bucket that is filled wrongly: what is expected, what is wrong, a guess why; else empty texts."""
    for i, bucket in enumerate(buckets):
        filled = sum(bytes_of[number] for number in bucket)
        if not bucket:
            return "no empty bucket", f"bucket {i} is empty", ""
        if filled > cap_bytes and len(bucket) > 1:
            guess = ""
            if filled <= cap_bytes * item_bytes:
                guess = "perhaps numbers are counted, or the bytes of another dtype"
            if filled - bytes_of[bucket[-1]] < cap_bytes:
                guess = "perhaps you close a bucket after it has passed the limit; look before"
            return f"at most {cap_bytes} bytes in a bucket", f"bucket {i} is too full", guess
        after = buckets[i + 1][:1] if i + 1 < len(buckets) else []
        if after and filled + bytes_of[after[0]] <= cap_bytes:
            guess = "exactly full is not too full" if filled + bytes_of[after[0]] == cap_bytes else ""
            return "a new bucket only when the next does not fit", f"parameter {after[0]} had room in bucket {i}", guess
    return "", "", ""
