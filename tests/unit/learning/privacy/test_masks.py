import hashlib
import itertools

import numpy as np
import pytest
from coincurve import PrivateKey

from orchestrator.errors import DataError, VerificationFailed
from orchestrator.learning.privacy.masks import (
    PRIME,
    Peer,
    Share,
    join,
    keccak_mask,
    shake_mask,
    split,
    unmask,
)

COUNT, THRESHOLD, SIZE = 5, 3, 21


def peers(domain: bytes = b"here") -> list[Peer]:
    private = [PrivateKey(hashlib.sha256(b"party%d" % i).digest()) for i in range(COUNT)]
    keys = [each.public_key.format() for each in private]
    return [Peer(each, keys, domain, THRESHOLD) for each in private]


def updates() -> np.ndarray:
    found = np.random.default_rng(0).integers(-(2**28), 2**28, (COUNT, SIZE))
    found[0, 0], found[1, 0], found[2:, 0] = -(2**31), 2**31 - 1, 0
    return found


def recovered(group: list[Peer], round_: int, there: list[int], dealt: list[dict[int, bytes]]) -> np.ndarray:
    """The sum of those who are there, by what each of them tells."""
    masked = {i: group[i].mask(round_, updates()[i], range(COUNT)) for i in there}
    personal = {}
    for owner in there:
        tellers = [each for each in there if each != owner][:THRESHOLD]
        shares = [group[each].tell_share(round_, owner, dealt[owner][each]) for each in tellers]
        personal[owner] = join(shares)
    gone = {
        away: {i: group[i].tell_pair(round_, away) for i in there} for away in set(range(COUNT)) - set(there)
    }
    return unmask(masked, personal, gone)


@pytest.mark.parametrize("there", [[0, 1, 2, 3, 4], [0, 1, 2, 3], [1, 2, 3, 4], [0, 1, 2, 4]])
def test_the_sum_of_those_who_published_is_exact(there: list[int]) -> None:
    group = peers()
    dealt = [each.shares(7) for each in group]
    assert (recovered(group, 7, there, dealt) == updates()[there].sum(axis=0)).all()


def test_what_is_published_says_nothing_without_the_seeds() -> None:
    """One who published and is also taken for gone stays behind its personal mask."""
    group, values = peers(), updates()
    shown = group[1].mask(3, values[1], range(COUNT))
    for other in (0, 2, 3, 4):
        mask = keccak_mask(group[other].pair_seed(3, 1), SIZE)
        shown = shown - mask if other > 1 else shown + mask
    assert not (shown.view(np.int32) == values[1]).any()
    assert (shown - keccak_mask(group[1].personal_seed(3), SIZE)).view(np.int32).tolist() == values[
        1
    ].tolist()


def test_of_a_party_either_the_share_or_the_pair_is_told() -> None:
    group = peers()
    dealt = group[0].shares(1)
    group[1].tell_share(1, 0, dealt[1])
    with pytest.raises(DataError, match="share was told already"):
        group[1].tell_pair(1, 0)
    group[1].tell_pair(2, 0)
    with pytest.raises(DataError, match="pair was told already"):
        group[1].tell_share(2, 0, group[0].shares(2)[1])


def test_seeds_are_of_the_pair_the_round_and_the_federation() -> None:
    group, elsewhere = peers(), peers(b"there")
    for a, b in itertools.combinations(range(COUNT), 2):
        assert group[a].pair_seed(1, b) == group[b].pair_seed(1, a)
        assert group[a].pair_commitment(1, b) == group[b].pair_commitment(1, a)
    seeds = [group[0].pair_seed(1, 1), group[0].pair_seed(2, 1), group[0].pair_seed(1, 2)]
    seeds += [elsewhere[0].pair_seed(1, 1), group[0].personal_seed(1), group[0].personal_seed(2)]
    assert len(set(seeds)) == len(seeds)
    assert peers()[0].personal_seed(9) == group[0].personal_seed(9)  # by a party that lost its memory


def test_a_share_is_read_by_its_receiver_only() -> None:
    group = peers()
    dealt = group[0].shares(1)
    for reader, sender, round_, share in [
        (2, 0, 1, dealt[1]),
        (1, 2, 1, dealt[1]),
        (1, 0, 2, dealt[1]),
        (1, 0, 1, dealt[1][:-1]),
        (1, 0, 1, bytes([dealt[1][0] ^ 1]) + dealt[1][1:]),
    ]:
        with pytest.raises(VerificationFailed):
            group[reader].read_share(round_, sender, share)


def test_any_threshold_of_shares_restores_the_secret_and_fewer_do_not() -> None:
    secret = b"\0" * 31 + b"\7"
    parts = split(secret, 5, 3)
    assert all(join(some) == secret for some in itertools.combinations(parts, 3))
    assert join(parts) == secret
    assert all(join(some) != secret for some in itertools.combinations(parts, 2))
    assert join([parts[0], parts[1], Share(parts[2].at, (parts[2].value + 1) % PRIME)]) != secret
    with pytest.raises(ValueError, match="threshold"):
        split(secret, 3, 4)


def test_a_missing_seed_is_noticed() -> None:
    group = peers()
    masked = {i: group[i].mask(1, updates()[i], range(COUNT)) for i in range(4)}
    personal = {i: group[i].personal_seed(1) for i in range(4)}
    told = {i: group[i].pair_seed(1, 4) for i in range(3)}
    with pytest.raises(DataError, match="missing"):
        unmask(masked, personal, {4: told})
    with pytest.raises(DataError, match="missing"):
        unmask(masked, {0: personal[0]}, {})


def test_groups_that_could_be_played_off_against_each_other_are_refused() -> None:
    private = [PrivateKey(hashlib.sha256(b"party%d" % i).digest()) for i in range(4)]
    keys = [each.public_key.format() for each in private]
    for threshold in (1, 2, 4):
        with pytest.raises(DataError, match="threshold is more than half"):
            Peer(private[0], keys, b"", threshold)
    Peer(private[0], keys, b"", 3)
    with pytest.raises(DataError, match="own one"):
        Peer(PrivateKey(b"\1" * 32), keys, b"", 3)
    with pytest.raises(DataError, match="own one"):
        Peer(private[0], [keys[0], keys[0], keys[1], keys[2]], b"", 3)
    with pytest.raises(DataError, match="point"):
        Peer(private[0], [keys[0], b"\2" + b"\xff" * 32, keys[2], keys[3]], b"", 3)


def test_masks_are_long_and_their_parts_can_be_computed_alone() -> None:
    from eth_utils.crypto import keccak

    seed = b"\5" * 32
    mask = keccak_mask(seed, 20)
    assert len(mask) == len(shake_mask(seed, 20)) == 20
    second = keccak(seed + (1).to_bytes(4, "big"))
    assert mask[8:16].astype(">u4").tobytes() == second
