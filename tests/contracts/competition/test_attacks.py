"""Every class of weakness that was found in the first implementation of the protocol has a test that attacks.

The table below says which; docs/compete.md shows the same. Here are the attacks that no other module makes:
on the split (also with a chain that remembers old block hashes, EIP-2935), and with another model.
"""

from pathlib import Path

import pytest

from orchestrator.models.integer import encode_model
from tests.contracts.competition.scenario import GOOD, OPTIMISTIC, Scenario
from tests.contracts.competition.test_course import refused
from tests.contracts.kernel.world import chain_with_history, kept_hash
from tests.evm import artifact

HERE = Path(__file__).parent
TESTS = HERE.parent.parent

ATTACKS = {
    "cancel, or take over the initialization": [
        "test_implementation__any_call__refused",
        "test_interface__every_way_to_change_something__is_known",
    ],
    "re-roll the split, know it beforehand, or cancel once it is known": [
        "test_draw_split__early_and_twice__refused",
        "test_draw_split__same_data_again__another_split_and_another_bond",
        "test_draw_split__seed_older_than_256_blocks__drawn_from_history",
        "test_slash_undrawn__seed_lapsed__half_to_caller_half_burnt",
    ],
    "reveal only a part, or something else": [
        "test_open_test__anything_else_than_committed__refused",
        "test_slash_unopened__a_part_stays_closed__everything_to_the_revealed",
    ],
    "win the own prize": ["test_commit__organizer__refused_unless_allowed"],
    "never reveal, or withhold training data": [
        "test_slash_unopened__a_part_stays_closed__everything_to_the_revealed",
        "test_slash_withheld__unanswered__bond_and_prize_change_hands",
        "test_slash_withheld__organizer_accuses_itself__loses_half_the_bond",
    ],
    "more values than are hashed": [
        "test_open_test__anything_else_than_committed__refused",
        "test_open_test__label_out_of_range__refused_though_committed",
        "test_reveal__unfit_model__refused",
    ],
    "copy a model, or front-run a tie": [
        "test_reveal__commitment_of_another__useless_to_a_copier",
        "test_ranking__ties_and_copies__earlier_commitment",
    ],
    "evaluate another model than the one revealed": ["test_evaluate__another_model__refused"],
    "nobody is ever paid": [
        "test_finalize__one_not_evaluated__only_after_the_deadline",
        "test_finalize__nobody_revealed__all_but_a_tenth_of_the_bond_back",
        "test_money__random_actions__is_conserved",
    ],
    "a constant model wins": ["test_finalize__constant_model_below_criterion__organizer_refunded"],
    "a winner that cannot receive": ["test_withdraw__misbehaving_wallet__hurts_only_itself"],
    "activations lose their fraction digits": [
        "test_kernels__random_network__equal_python",
        "test_tally__random_network__equals_python",
    ],
    "nobody is paid for cranking": ["test_evaluate__in_chunks_by_a_stranger__same_score_and_tips_add_up"],
    "the best cannot be evaluated, or a claim cannot be refuted, within a transaction": [
        "test_direct__largest_model__every_step_fits",
        "test_optimistic__largest_model__every_step_fits",
        "test_reveal__trees_that_no_refutation_could_run__refused",
    ],
    "a false claim": [
        "test_refute__one_false_prediction__bond_split",
        "test_refute__every_index_of_a_true_claim__holds",
        "test_refute__made_up_evidence__refused",
    ],
    "hide in a contract what others must check": [
        "test_events__reveal_opening_and_claim__carry_what_others_must_check"
    ],
    "hide a second version of a group, or of a sample, under the same root": [
        "test_climb__second_version_of_each_group__opens_nowhere",
        "test_open_test__second_version_of_a_group__refused",
        "test_refute__with_a_second_version_of_the_sample__refused",
        "test_answer__host_of_a_second_version__cannot_be_answered",
    ],
    "cancel or withhold for nothing, with many accounts, in view of the models": [
        "test_withhold__own_accuser_and_commitments__costs_half_the_bond",
        "test_stay_closed__own_reveals__costs_half_the_bond",
        "test_slash_withheld__left_until_the_reveals__nobody_can_reveal_before",
    ],
    "choose the split by many competitions, or by a chain that forgets blocks": [
        "test_redraw__nobody_reveals__costs_a_tenth_of_the_bond",
        "test_draw_split__early_and_twice__refused",
    ],
    "take all places by one model": [
        "test_settle__same_predictions_by_other_bytes__take_one_place",
    ],
    "a model that the contract takes and Python cannot read": [
        "test_reveal__trees_without_a_tree__refused",
    ],
    "terms that nobody can play": [
        "test_create__impossible_terms__refused",
        "test_create__random_terms__python_and_the_contract_agree",
    ],
    "stop the opening of the test data by opening a part of it first": [
        "test_open_test__front_run_by_a_part_of_it__goes_on",
        "test_open_test__skipped_group_of_any_length__changes_nothing",
    ],
}


@pytest.mark.parametrize("name", sorted({name for names in ATTACKS.values() for name in names}))
def test_attack__in_the_table__exists_and_is_documented(name):
    files = [*HERE.glob("test_*.py"), TESTS / "stateful/test_competition_money.py"]
    files += [TESTS / "parity/test_network_models.py", TESTS / "contracts/kernel/test_merkle.py"]
    assert any(f"def {name}(" in file.read_text() for file in files)
    assert name in (TESTS.parent / "docs/compete.md").read_text()


def test_interface__every_way_to_change_something__is_known():
    """No cancelling, pausing, upgrading or initializing; nothing else that could be forgotten here."""
    changing = {
        entry["name"]
        for entry in artifact("Competition")["abi"]
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }
    course = {"drawSplit", "commit", "reveal", "keep", "openTest", "evaluate", "claim", "refute", "settle"}
    challenges = {"challenge", "answer", "slashWithheld", "slashUndrawn", "slashUnopened"}
    money = {"finalize", "withdraw", "withdrawCredit", "withdrawReward", "withdrawStake"}
    assert changing == course | challenges | money


# the split


def test_draw_split__same_data_again__another_split_and_another_bond(create, evm):
    """Who dislikes a split can only pay for another competition: the first goes on."""
    first = create(groups=64, testGroups=32)
    first.draw()
    second = Scenario.create(evm, data=first.data, factory=first.factory, groups=64, testGroups=32)
    assert second.asked_terms()["seedBlock"] > evm.web3.eth.block_number  # its seed does not exist yet
    second.draw()
    assert first.test_groups != second.test_groups
    assert first.balance == second.balance == first.terms["prize"] + first.terms["bond"]


def test_draw_split__seed_older_than_256_blocks__drawn_from_history():
    evm = chain_with_history()
    scenario = Scenario.create(evm)
    evm.tester.mine_blocks(300)
    with refused("NothingToSlash"):  # it can still be drawn
        scenario.send(scenario.f.slashUndrawn(), "stranger")
    receipt = scenario.draw("stranger")
    seed = scenario.asked_terms()["seedBlock"]
    event = evm.events(scenario.competition, "SplitDrawn", receipt)[0]
    words = [
        kept_hash(seed),
        bytes(12) + bytes.fromhex(scenario.competition.address[2:]),
        scenario.data.root,
    ]
    assert event["seed"] == evm.web3.keccak(b"".join(words))


# models


def test_evaluate__another_model__refused(create):
    scenario = create()
    scenario.played(alice=GOOD)
    better = bytearray(encode_model(GOOD))
    better[-1] ^= 1
    for model in (bytes(better), encode_model(GOOD) + b"\0", encode_model(GOOD)[:-1]):
        with pytest.raises(Exception, match=r"WrongModel|MalformedModel"):
            scenario.send(scenario.f.evaluate(0, 5, model), "alice")
    with refused("WrongModel"):
        scenario.send(scenario.f.keep(0, bytes(better)), "alice")
    scenario.evaluate(0)
    with refused("WrongModel"):
        scenario.send(scenario.f.finalize(bytes(better)), "organizer")
    scenario.send(scenario.f.finalize(b""), "stranger")
    with refused("NotKept", 0):
        scenario.withdraw(0)
    scenario.keep(0)
    scenario.withdraw(0)


def test_events__reveal_opening_and_claim__carry_what_others_must_check(create, evm):
    scenario = create(mode=OPTIMISTIC)
    scenario.draw()
    scenario.commit("alice", GOOD)
    scenario.at("reveal")
    receipt = scenario.reveal(0)
    event = evm.events(scenario.competition, "Revealed", receipt)[0]
    assert event["encoded"] == encode_model(GOOD)
    assert evm.web3.eth.get_code(event["model"])[1:] == encode_model(GOOD)
    scenario.at("opening")
    opened = evm.events(scenario.competition, "TestOpened", scenario.open_test())
    assert [bytes(each["opened"]["data"]) for each in opened] == [
        scenario.data.groups[group] for group in scenario.test_groups
    ]
    claimed = evm.events(scenario.competition, "Claimed", scenario.claim(0))[0]
    assert list(claimed["predictions"]) == scenario.predictions(0)
