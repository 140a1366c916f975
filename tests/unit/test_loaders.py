"""Workers and a trainer in simulated time: what overlaps, what is refused, what is counted."""

import pytest

from workbench.loaders import Loader, Trainer, timeline
from workbench.served import Refuse


def test_a_batch_that_was_submitted_loads_while_the_trainer_trains():
    loader = Loader([2.0, 2.0])
    trainer = Trainer(loader, step_s=3.0)
    loader.submit(0)
    batch = loader.result(0)
    loader.submit(1)
    trainer.train(batch)
    trainer.train(loader.result(1))
    assert trainer.waits_s() == [2.0, 0.0]
    assert loader.clock.time_s == 8.0


def test_workers_take_loads_in_the_order_of_submission_and_each_one_at_a_time():
    loader = Loader([4.0, 1.0, 2.0], n_workers=2)
    for batch in range(3):
        loader.submit(batch)
    assert [(load.worker, load.started_s, load.ready_s) for load in loader.loads] == [(0, 0, 4), (1, 0, 1), (1, 1, 3)]


def test_it_counts_what_is_under_way_and_what_is_collected_and_not_yet_trained_on():
    loader = Loader([1.0] * 4, n_workers=4)
    trainer = Trainer(loader, step_s=1.0)
    for batch in range(3):
        loader.submit(batch)
    collected = [loader.result(batch) for batch in range(2)]
    assert (loader.most_under_way, loader.most_in_hand) == (3, 2)
    for batch in collected:
        trainer.train(batch)
    loader.result(2)
    assert loader.most_in_hand == 2


@pytest.mark.parametrize(
    ("batches", "kind"),
    [
        ((0, 0), "ValueError"),
        ((2,), "IndexError"),
        ((-1,), "IndexError"),
        ((True,), "TypeError"),
        (("0",), "TypeError"),
    ],
)
def test_a_submission_that_makes_no_sense_is_refused(batches, kind):
    loader = Loader([1.0, 1.0])
    with pytest.raises(Refuse) as caught:
        for batch in batches:
            loader.submit(batch)
    assert caught.value.type == kind


def test_what_is_not_under_way_cannot_be_collected():
    loader = Loader([1.0])
    with pytest.raises(Refuse, match="submit it first"):
        loader.result(0)


def test_a_batch_that_cannot_be_loaded_fails_when_it_is_collected_and_not_before():
    loader = Loader([1.0, 1.0], broken={1: "block 7 is damaged"})
    loader.submit(0)
    loader.submit(1)
    assert loader.result(0) == 0
    with pytest.raises(Refuse, match="block 7") as caught:
        loader.result(1)
    assert caught.value.type == "OSError"
    assert loader.clock.time_s == 2.0


def test_the_trainer_takes_no_more_batches_than_there_are():
    loader = Loader([1.0])
    trainer = Trainer(loader, step_s=1.0, most_steps=1)
    trainer.train("first")
    with pytest.raises(Refuse, match="only 1"):
        trainer.train("second")


def test_the_timeline_shows_who_waits():
    loader = Loader([2.0, 2.0])
    trainer = Trainer(loader, step_s=1.0)
    assert timeline(loader, trainer) == "nothing has happened yet"
    for batch in range(2):
        loader.submit(batch)
        trainer.train(loader.result(batch))
    rows = timeline(loader, trainer).splitlines()
    worker, device = (row.split()[-1] for row in rows[:2])
    tenth = len(worker) // 6
    assert worker == "0" * 2 * tenth + "·" * tenth + "1" * 2 * tenth + "·" * tenth
    assert device == "·" * 2 * tenth + "0" * tenth + "·" * 2 * tenth + "1" * tenth
