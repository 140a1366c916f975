"""Runs make_buckets, and looks at the order and the filling of the buckets."""

from workbench.checks import as_list, as_number, expect


def run_buckets(submission, shapes, cap_bytes, *, uses=None, frozen=(), dtype="float32"):
    """The learner's buckets as lists of numbers of parameters. Fails unless they are lists of parameters."""
    seen = submission.run(
        "buckets",
        returns=["numbers"],
        shapes=[list(shape) for shape in shapes],
        trainable=[number not in frozen for number in range(len(shapes))],
        uses=list(range(len(shapes))) if uses is None else uses,
        cap_bytes=cap_bytes,
        dtype=dtype,
    )
    buckets = as_list(seen["numbers"], name="what make_buckets returns")
    buckets = [as_list(bucket, name="a bucket") for bucket in buckets]
    for numbers in buckets:
        for number in numbers:
            known = as_number(number, kind="int", name="a parameter's number") >= 0
            why = "a bucket holds something that is not in params"
            expect(known, expected="lists of the parameters themselves", came="copies, names or other objects", why=why)
    return [[int(number) for number in bucket] for bucket in buckets]


def check_order(buckets, want, given):
    came = [number for bucket in buckets for number in bucket]
    why = "these are not the parameters in the order in which their gradients become complete"
    expect(came == want, expected=f"the order {want}", came=f"{came}, in {buckets}", given=given, why=why)


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
