"""Each attack of notebooks/ is run as a submission, and gains nothing, finds nothing, leaves nothing."""

import pytest

from tests.attacks.attack import SECRETS, Attack, World, all_attacks, bundle, grade, shown_to_people, submitted

ATTACKS = all_attacks()
FAMILIES = {"outcome", "output", "protocol", "secrets", "escaping", "starving", "outliving", "network"}
FAMILIES |= {"bombs", "pages"}
# Run in a sandbox of their own as well, beside the fork of a warm process: what confines the two is made differently.
ALSO_COLD = {"secrets", "escaping", "outliving", "network"}


def parameters() -> list[object]:
    return [
        pytest.param(attack, cold, id=attack.name + "-cold" * cold, marks=[pytest.mark.slow] if attack.slow else [])
        for attack in ATTACKS
        for cold in ([False, True] if attack.family in ALSO_COLD else [False])
    ]


@pytest.mark.needs_sandbox
@pytest.mark.parametrize(("attack", "cold"), parameters())
def test_it_gains_no_point_and_leaves_no_trace(attack: Attack, cold: bool, world: World) -> None:
    before = world.files()
    result, rebuilt = grade(submitted(attack, world), attack.limits, cold=cold)

    earned = {part.name: part.earned for part in result.parts if part.earned}
    assert earned == attack.earns, f"{attack.tries}\n{result.model_dump_json(indent=1)}"
    assert result.status in attack.status, f"{result.status}: {result.sentence}"
    outcomes = [outcome for part in result.parts for outcome in part.outcomes]
    broke = [(outcome.check, outcome.message) for outcome in outcomes if outcome.state == "broke"]
    assert not broke, "a learner must not be able to break a check, or the referee"

    shown = shown_to_people(result, rebuilt)
    own = world.fill_in("\n".join(source for _, source in attack.cells))
    assert not set(SECRETS.findall(shown)) - set(SECRETS.findall(own))
    messages = " ".join(outcome.message for outcome in outcomes)
    assert all(word in messages for word in attack.finds), f"the search has not looked: {messages}"
    assert not SECRETS.findall(messages)

    assert world.called() == []
    assert world.left_behind() == []
    assert world.files() == before


def test_each_family_has_attacks_and_each_attack_says_what_it_tries() -> None:
    assert {attack.family for attack in ATTACKS} == FAMILIES
    assert len(ATTACKS) >= 40
    for attack in ATTACKS:
        assert attack.tries.endswith("."), attack.name
        assert set(attack.earns) <= {part.name for part in bundle().parts}, attack.name


@pytest.mark.needs_sandbox
def test_an_honest_learner_gets_full_marks_here(world: World) -> None:
    honest = next(attack for attack in ATTACKS if attack.name == "output/noise_on_stderr")
    result, _ = grade(submitted(honest, world))
    assert (result.status, result.earned) == ("graded", result.max_points)
