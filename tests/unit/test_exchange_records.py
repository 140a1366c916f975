"""The records, on SQLite and, where it is installed, on a real PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from autograder.exchange.queries import open_engine
from autograder.exchange.records import Records
from autograder.exchange.refusals import Conflict, Malformed, NotThere
from tests.unit.exchange_helper import manifest
from tests.unit.postgres_here import missing, postgres_here

START = datetime(2027, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONE, TWO, THREE = manifest(a_ipynb=b"1"), manifest(a_ipynb=b"2", data=b"x"), manifest(a_ipynb=b"3")


class Clock:
    """A time that the test sets."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if reason := missing():
        pytest.skip(reason)
    with postgres_here(tmp_path_factory.mktemp("postgres", numbered=True)) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'exchange.sqlite'}"
        return
    server = request.getfixturevalue("postgres")
    yield server
    engine = sa.create_engine(server)
    with engine.begin() as to:
        to.execute(sa.text("DROP SCHEMA public CASCADE"))
        to.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def records(url: str, clock: Clock) -> Iterator[Records]:
    """With an assignment that is released."""
    engine = open_engine(url)
    made = Records(engine, attempts_kept=2, now=clock)
    made.release("dask", "arrays", ONE, "ines")
    yield made
    engine.dispose()


def test_what_is_released_is_listed_and_fetched(records: Records) -> None:
    (told,) = records.released("dask")
    assert (told["assignment"], told["files"]) == ("arrays", ["a.ipynb"])
    assert told["released_at"] == "2027-03-01T12:00:00.123456+00:00"
    assert records.released_files("dask", "arrays") == ONE
    assert records.released("torch") == []


def test_other_files_replace_a_release_only_if_that_is_wanted(records: Records) -> None:
    records.release("dask", "arrays", ONE, "ines")
    with pytest.raises(Conflict) as caught:
        records.release("dask", "arrays", TWO, "ines")
    assert "--force" in caught.value.mend
    records.release("dask", "arrays", TWO, "ines", force=True)
    assert records.released_files("dask", "arrays") == TWO
    assert not set(file.sha256 for file in ONE.files) & records.hashes()


def test_a_release_that_was_taken_back_takes_no_attempt_and_keeps_those_that_came(records: Records) -> None:
    records.submit("dask", "arrays", "ann", TWO)
    records.remove("dask", "arrays")
    for refused in (
        lambda: records.submit("dask", "arrays", "ann", THREE),
        lambda: records.released_files("dask", "arrays"),
        lambda: records.remove("dask", "arrays"),
    ):
        with pytest.raises(NotThere):
            refused()
    assert records.submitted_files("dask", "arrays", "ann", 1) == TWO
    records.release("dask", "arrays", ONE, "ines")
    assert records.submit("dask", "arrays", "ann", THREE)[0].attempt == 2


def test_a_receipt_says_who_what_and_when(records: Records) -> None:
    receipt, is_new = records.submit("dask", "arrays", "ann", TWO)
    assert is_new
    assert receipt.as_json() == {
        "course": "dask",
        "assignment": "arrays",
        "learner": "ann",
        "attempt": 1,
        "sha256": TWO.sha256,
        "size_bytes": 2,
        "files": 2,
        "received_at": "2027-03-01T12:00:00.123456+00:00",
        "due_at": None,
        "late": False,
    }
    assert records.receipt("dask", "arrays", "ann", 1) == receipt


def test_the_same_bytes_at_once_again_are_the_same_attempt(records: Records, clock: Clock) -> None:
    first, _ = records.submit("dask", "arrays", "ann", ONE)
    clock.moment += HOUR
    assert records.submit("dask", "arrays", "ann", ONE) == (first, False)


def test_going_back_to_earlier_bytes_is_an_attempt_of_its_own(records: Records) -> None:
    attempts = [records.submit("dask", "arrays", "ann", files)[0].attempt for files in (ONE, TWO, ONE)]
    assert attempts == [1, 2, 3]


def test_attempts_keep_their_order_when_the_clock_goes_back(records: Records, clock: Clock) -> None:
    first, _ = records.submit("dask", "arrays", "ann", ONE)
    clock.moment -= HOUR
    second, _ = records.submit("dask", "arrays", "ann", TWO)
    assert second.received_at > first.received_at


def test_learners_do_not_share_attempts(records: Records) -> None:
    assert records.submit("dask", "arrays", "ann", ONE)[0].attempt == 1
    assert records.submit("dask", "arrays", "ben", ONE)[0].attempt == 1
    assert [one["learner"] for one in records.listing(["dask"], learner="ben")] == ["ben"]
    assert records.listing(["torch"]) == []


@pytest.mark.parametrize(("until", "late"), [(None, True), (START + HOUR, True), (START + 3 * HOUR, False)])
def test_late_is_after_the_learners_own_due_date(
    records: Records, clock: Clock, until: datetime | None, late: bool
) -> None:
    records.set_due("dask", "arrays", START)
    if until:
        records.extend("dask", "arrays", "ann", until)
    clock.moment = START + 2 * HOUR
    receipt, _ = records.submit("dask", "arrays", "ann", ONE)
    assert (receipt.late, receipt.due_at) == (late, until or START)
    other, _ = records.submit("dask", "arrays", "ben", ONE)
    assert other.late


def test_on_the_very_moment_is_in_time(records: Records, clock: Clock) -> None:
    records.set_due("dask", "arrays", START)
    assert not records.submit("dask", "arrays", "ann", ONE)[0].late
    clock.moment = START + timedelta(microseconds=1)
    assert records.submit("dask", "arrays", "ann", TWO)[0].late


def test_an_extension_that_comes_later_changes_what_is_late_now_and_no_receipt(records: Records, clock: Clock) -> None:
    records.set_due("dask", "arrays", START)
    clock.moment = START + HOUR
    receipt, _ = records.submit("dask", "arrays", "ann", ONE)
    records.extend("dask", "arrays", "ann", START + 2 * HOUR)
    (row,) = records.listing(["dask"])
    assert (row["late"], row["late_now"], row["due_now"]) == (True, False, "2027-03-01T14:00:00.123456+00:00")
    assert records.receipt("dask", "arrays", "ann", 1) == receipt
    (mine,) = records.released("dask", "ann")
    (others,) = records.released("dask", "ben")
    assert (mine["due_at"], others["due_at"]) == ("2027-03-01T14:00:00.123456+00:00", mine["due_for_all"])


def test_an_extension_may_be_taken_back_and_that_is_remembered(records: Records) -> None:
    records.set_due("dask", "arrays", START)
    records.extend("dask", "arrays", "ann", START + HOUR)
    records.extend("dask", "arrays", "ann", None)
    assert records.extensions("dask", "arrays") == {"ann": None}
    assert records.released("dask", "ann")[0]["due_at"] == "2027-03-01T12:00:00.123456+00:00"


def test_an_extension_before_the_due_date_is_refused(records: Records) -> None:
    with pytest.raises(Malformed, match="after the due date"):
        records.extend("dask", "arrays", "ann", START)
    records.set_due("dask", "arrays", START)
    with pytest.raises(Malformed, match="after the due date"):
        records.extend("dask", "arrays", "ann", START - HOUR)
    assert records.extensions("dask", "arrays") == {}


def test_times_in_any_zone_come_back_in_utc(records: Records) -> None:
    records.set_due("dask", "arrays", datetime.fromisoformat("2027-03-01T18:00:00.5+05:30"))
    assert records.due("dask", "arrays")[0] == datetime(2027, 3, 1, 12, 30, 0, 500_000, tzinfo=UTC)


def test_of_many_attempts_the_newest_the_last_in_time_and_those_with_feedback_keep_their_files(
    records: Records, clock: Clock
) -> None:
    records.set_due("dask", "arrays", START + 2 * HOUR)
    for number in range(6):
        clock.moment = START + number * HOUR
        records.submit("dask", "arrays", "ann", manifest(a=b"%d" % number))
        if number == 0:
            records.give_feedback("dask", "arrays", "ann", 1, ONE, "ines")
    rows = records.listing(["dask"])
    assert [row["kept"] for row in rows] == [True, False, True, False, True, True]
    assert [row["attempt"] for row in rows] == [1, 2, 3, 4, 5, 6], "receipts are all kept"
    with pytest.raises(NotThere, match="only the receipt"):
        records.submitted_files("dask", "arrays", "ann", 2)
    assert records.submitted_files("dask", "arrays", "ann", 3) == manifest(a=b"2")
    assert manifest(a=b"3").files[0].sha256 not in records.hashes()


def test_the_newest_is_listed_alone_if_that_is_asked(records: Records) -> None:
    for files in (ONE, TWO, THREE):
        records.submit("dask", "arrays", "ann", files)
    assert [row["attempt"] for row in records.listing(["dask"], newest=True)] == [3]


def test_feedback_belongs_to_one_attempt_and_may_be_replaced(records: Records) -> None:
    for files in (ONE, TWO):
        records.submit("dask", "arrays", "ann", files)
    with pytest.raises(NotThere, match="no feedback"):
        records.feedback_files("dask", "arrays", "ann", 1)
    page, better = manifest(a_html=b"page"), manifest(a_html=b"better")
    for given in (page, better):
        records.give_feedback("dask", "arrays", "ann", 1, given, "ines")
    assert records.feedback_files("dask", "arrays", "ann", 1) == better
    told = [(row["feedback_at"] is not None, row["feedback_sha256"]) for row in records.listing(["dask"])]
    assert told == [(True, better.sha256), (False, None)]
    assert page.files[0].sha256 not in records.hashes()


def test_a_listing_names_the_notebooks_of_each_attempt(records: Records) -> None:
    records.submit("dask", "arrays", "ann", TWO)
    records.submit("dask", "arrays", "ben", manifest(b_ipynb=b"1", c_ipynb=b"2"))
    assert [row["notebooks"] for row in records.listing(["dask"])] == [["a"], ["b", "c"]]


def test_what_was_written_is_there_for_the_next_process(records: Records, url: str) -> None:
    receipt, _ = records.submit("dask", "arrays", "ann", TWO)
    engine = open_engine(url)
    try:
        assert Records(engine).receipt("dask", "arrays", "ann", 1) == receipt
    finally:
        engine.dispose()


@pytest.mark.parametrize("name", ["'; DROP TABLE submissions; --", "ann%", "ANN"])
def test_a_name_is_a_value_and_never_a_query(records: Records, name: str) -> None:
    records.submit("dask", "arrays", "ann", ONE)
    assert records.listing(["dask"], learner=name) == []
    with pytest.raises(NotThere):
        records.receipt("dask", "arrays", name, 1)
