"""Points, levels, badges: earned with what the model had not known, never moved."""

import pytest

from orchestrator.models.online.features import encode_sparse
from orchestrator.models.online.references import SparsePerceptron
from tests.evm import Reverted
from tests.sum_system import DAY, FREE, System, Workshop

X = encode_sparse([1, 5])


@pytest.fixture
def game(workshop: Workshop) -> System:
    reference = SparsePerceptron(11, rate=100, bits=8, limit=10).with_weights([[0] * 11])
    return workshop.create(reference, FREE, "SparsePerceptronGame")


def test_refund__surprise__points_level_and_badge(game: System) -> None:
    contribution = game.seal(X, 1)
    game.due(contribution)
    receipt = game.claim("refund", contribution)
    who = game.evm.role("contributor")
    assert game.account("contributor") == (0, 1, 0, 10)
    badge = game.do.badgeOf(who, 1).call()
    assert game.evm.events(game.sum, "Locked", receipt) == [{"tokenId": badge}]
    assert game.evm.events(game.sum, "Transfer", receipt)[0]["tokenId"] == badge
    assert (game.do.levelOf(who).call(), game.do.balanceOf(who).call()) == (1, 1)
    assert game.do.ownerOf(badge).call() == who
    assert game.do.locked(badge).call()
    assert '"Contributor, level 1"' in game.do.tokenURI(badge).call()


def test_refund__known_sample__no_points(game: System) -> None:
    game.add(X, 1)
    known = game.seal(X, 1)
    game.evm.advance(200 * DAY)
    game.claim("refund", known, "keeper")
    assert game.account("contributor")[3] == 0


def test_level__twice_the_points__one_more(game: System) -> None:
    for i in range(2):
        label = 1 - game.do.predict(X).call() if i else 1
        contribution = game.seal(X, label)
        game.due(contribution)
        game.claim("refund", contribution)
    assert game.account("contributor")[3] >= 20
    assert game.do.levelOf(game.evm.role("contributor")).call() == 2


def test_badge__moved_or_not_earned__refused(game: System) -> None:
    contribution = game.seal(X, 1)
    game.due(contribution)
    game.claim("refund", contribution)
    who, other = game.evm.role("contributor"), game.evm.role("other")
    badge = game.do.badgeOf(who, 1).call()
    for call in (game.do.transferFrom(who, other, badge), game.do.approve(other, badge)):
        with pytest.raises(Reverted, match="Soulbound"):
            game.evm.call(call, "contributor")
    for missing in (game.do.badgeOf(who, 2).call(), game.do.badgeOf(other, 1).call(), badge % 2**160, 0):
        for ask in (game.do.ownerOf, game.do.locked, game.do.tokenURI, game.do.getApproved):
            with pytest.raises(Reverted, match="NoSuchBadge"):
                game.evm.call(ask(missing))


@pytest.mark.parametrize("interface", ["01ffc9a7", "80ac58cd", "5b5e139f", "b45a3c0e"])
def test_supports_interface__erc165_721_metadata_5192(game: System, interface: str) -> None:
    assert game.do.supportsInterface(bytes.fromhex(interface)).call()
    assert not game.do.supportsInterface(b"\xff\xff\xff\xff").call()
