"""Runs make_buckets, and looks at the order and the filling of the buckets."""

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


def check_order(buckets, want, given):
    came = [number for bucket in buckets for number in bucket]
    why = "" if came == want else order_looks_like(came, want)
    expect(came == want, expected=f"the order {want}", came=f"{came}, in {buckets}", given=given, why=why)


def order_looks_like(came, want):
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
    return "these are not the parameters in the order in which their gradients become complete"


def check_filling(buckets, bytes_of, cap_bytes, given):
    """No bucket too full, none empty, none closed while the next parameter still had room."""
    filled = [sum(bytes_of[number] for number in bucket) for bucket in buckets]
    came = f"buckets {buckets} with {filled} bytes"
    for i, bucket in enumerate(buckets):
        expect(bucket, expected="no empty bucket", came=came, given=given, why=f"bucket {i} is empty")
        fits = filled[i] <= cap_bytes or len(bucket) == 1
        why = f"bucket {i} is too full"
        expect(fits, expected=f"at most {cap_bytes} bytes in a bucket", came=came, given=given, why=why)
        if i + 1 < len(buckets):
            room = filled[i] + bytes_of[buckets[i + 1][0]] > cap_bytes
            why = f"parameter {buckets[i + 1][0]} had room in bucket {i}"
            expect(room, expected="a new bucket only when the next does not fit", came=came, given=given, why=why)
