import hashlib
import itertools

import numpy as np
import pytest
from coincurve import PrivateKey
from eth_utils.crypto import keccak

from orchestrator.errors import DataError, VerificationFailed
from orchestrator.learning.privacy.masks import (
    PRIME,
    SHARE_BYTES,
    Peer,
    Share,
    join,
    keccak_mask,
    open_share,
    place_of_share,
    public_key,
    shake_mask,
    split,
    threshold,
    unmask,
)

SEATS, SIZE = (0, 2, 3, 7, 11), 21


def peers(domain: bytes = b"here") -> dict[int, Peer]:
    private = {seat: PrivateKey(hashlib.sha256(b"party%d" % seat).digest()) for seat in SEATS}
    keys = {seat: public_key(each) for seat, each in private.items()}
    return {seat: Peer(each, seat, keys, domain) for seat, each in private.items()}


def updates() -> dict[int, np.ndarray]:
    found = np.random.default_rng(0).integers(-(2**28), 2**28, (len(SEATS), SIZE))
    found[0, 0], found[1, 0], found[2:, 0] = -(2**31), 2**31 - 1, 0
    return dict(zip(SEATS, found, strict=True))


def restored(
    group: dict[int, Peer], round_: int, there: list[int], owner: int, dealt: bytes
) -> dict[int, bytes]:
    """The seeds that are due of `owner`, of what the others hold."""
    tellers = [seat for seat in SEATS if seat != owner][: threshold(len(SEATS))]
    told = {seat: group[seat].tell_shares(round_, there, owner) for seat in tellers}
    found = {}
    for other in told[tellers[0]]:
        at = {seat: place_of_share(SEATS, owner, seat, other) for seat in tellers}
        found[other] = join(
            open_share(told[seat][other], dealt[at[seat] : at[seat] + SHARE_BYTES]) for seat in tellers
        )
    return found


@pytest.mark.parametrize("there", [[0, 2, 3, 7, 11], [0, 2, 3, 7], [2, 3, 7, 11], [0, 3, 11]])
@pytest.mark.parametrize("silent", [True, False])
def test_the_sum_of_those_who_published_is_exact(there: list[int], silent: bool) -> None:
    group = peers()
    masked = {seat: group[seat].mask(7, updates()[seat]) for seat in there}
    told = {}
    for seat in there:
        if silent:
            told[seat] = restored(group, 7, there, seat, group[seat].shares(7))
        else:
            words = dict(zip(SEATS, group[seat].tell(7, there), strict=True))
            told[seat] = {other: words[other] for other in SEATS if other == seat or other not in there}
    personal = {seat: seeds[seat] for seat, seeds in told.items()}
    gone = {away: {seat: told[seat][away] for seat in there} for away in set(SEATS) - set(there)}
    expected = np.sum([updates()[seat] for seat in there], axis=0)
    assert (unmask(masked, personal, gone) == expected).all()


def test_what_is_published_says_nothing_without_the_personal_seed() -> None:
    """One who published and is also taken for gone stays behind its personal mask."""
    group, values = peers(), updates()
    shown = group[2].mask(3, values[2])
    for other in (0, 3, 7, 11):
        mask = keccak_mask(group[other].seed(3, 2), SIZE)
        shown = shown - mask if other > 2 else shown + mask
    assert not (shown.view(np.int32) == values[2]).any()
    bare = shown - keccak_mask(group[2].seed(3, 2), SIZE)
    assert bare.view(np.int32).tolist() == values[2].tolist()


def test_what_is_told_is_either_the_personal_seed_or_those_of_pairs() -> None:
    group = peers()
    there = [0, 2, 3, 7]
    told = dict(zip(SEATS, group[0].tell(1, there), strict=True))
    assert told[0] == group[0].seed(1, 0)
    assert told[11] == group[0].seed(1, 11)
    assert [told[seat] for seat in (2, 3, 7)] == [keccak(group[0].seed(1, seat)) for seat in (2, 3, 7)]
    assert set(group[2].tell_shares(1, there, 0)) == {0, 11}
    for refused in (lambda: group[11].tell(1, there), lambda: group[2].tell_shares(1, there, 11)):
        with pytest.raises(DataError, match=r"not in|that is in"):
            refused()


def test_who_is_in_is_fixed_once_for_a_round() -> None:
    """Else who is in by one word and gone by another has both told."""
    group = peers()
    group[0].tell(1, [0, 2, 3])
    for refused in (lambda: group[0].tell(1, [0, 2, 3, 7]), lambda: group[0].tell_shares(1, [0, 2], 2)):
        with pytest.raises(DataError, match="with other parties in"):
            refused()
    group[0].tell(2, [0, 2, 3, 7])


def test_seeds_are_of_the_pair_the_round_and_the_federation() -> None:
    group, elsewhere = peers(), peers(b"there")
    for a, b in itertools.combinations(SEATS, 2):
        assert group[a].seed(1, b) == group[b].seed(1, a)
        assert group[a].hashes(1)[SEATS.index(b)] == group[b].hashes(1)[SEATS.index(a)]
    seeds = [group[0].seed(1, 2), group[0].seed(2, 2), group[0].seed(1, 3), elsewhere[0].seed(1, 2)]
    seeds += [group[0].seed(1, 0), group[0].seed(2, 0), elsewhere[0].seed(1, 0)]
    assert len(set(seeds)) == len(seeds)
    assert peers()[0].seed(9, 0) == group[0].seed(9, 0)  # by a party that lost its memory


def test_who_joins_with_anothers_key_shares_none_of_its_secrets() -> None:
    private = {seat: PrivateKey(hashlib.sha256(b"party%d" % seat).digest()) for seat in (0, 2)}
    keys = {seat: public_key(each) for seat, each in private.items()}
    keys[3] = keys[0]  # copied
    peer = Peer(private[2], 2, keys, b"here")
    assert peer.seed(1, 0) != peer.seed(1, 3)


def test_a_share_is_read_with_its_own_key_only() -> None:
    group = peers()
    dealt, keys = group[0].shares(1), group[2].tell_shares(1, [0, 2, 3], 0)
    other = group[3].tell_shares(1, [0, 2, 3], 0)
    at = place_of_share(SEATS, 0, 2, 0)
    hidden = dealt[at : at + SHARE_BYTES]
    assert open_share(keys[0], hidden).at == 1
    for key, body in [
        (other[0], hidden),
        (keys[7], hidden),
        (group[2].tell_shares(2, [0, 2, 3], 0)[0], hidden),
        (keys[0], hidden[:-1]),
        (keys[0], bytes([hidden[0] ^ 1]) + hidden[1:]),
    ]:
        with pytest.raises(VerificationFailed):
            open_share(key, body)


def test_any_threshold_of_shares_restores_the_secret_and_fewer_do_not() -> None:
    secret = b"\0" * 31 + b"\7"
    parts = split(secret, 5, 3, b"salt")
    assert all(join(some) == secret for some in itertools.combinations(parts, 3))
    assert join(parts) == secret
    assert all(join(some) != secret for some in itertools.combinations(parts, 2))
    assert join([parts[0], parts[1], Share(parts[2].at, (parts[2].value + 1) % PRIME)]) != secret
    with pytest.raises(ValueError, match="threshold"):
        split(secret, 3, 4, b"salt")
    assert split(secret, 5, 3, b"salt") == parts != split(secret, 5, 3, b"other")


def test_fewer_than_half_restore_nothing_and_all_others_always_do() -> None:
    assert [threshold(count) for count in (3, 4, 5, 15, 16)] == [2, 3, 3, 8, 9]
    assert all(count / 2 < threshold(count) <= count - 1 for count in range(3, 17))


def test_shares__made_again__are_the_same_and_of_two_who_share_a_seed_others() -> None:
    """Whoever holds a share of each of both must not know more of the seed than of one."""
    group = peers()
    dealt = group[0].shares(1)
    assert peers()[0].shares(1) == dealt != group[0].shares(2)
    found = []
    for sender, other in ((0, 2), (2, 0)):
        key = group[11].tell_shares(1, [0, 2, 3, 7, 11], sender, [other])[other]
        at = place_of_share(SEATS, sender, 11, other)
        found.append(open_share(key, group[sender].shares(1)[at : at + SHARE_BYTES]))
    assert found[0].at == found[1].at
    assert found[0].value != found[1].value


def test_two_who_disagree__are_to_each_other_as_if_gone_and_the_sum_is_exact() -> None:
    group, there, false = peers(), [0, 2, 3, 7], bytes(31) + b"\1"
    masked = {seat: group[seat].mask(7, updates()[seat]) for seat in there}
    masked[7] = masked[7] + keccak_mask(group[7].seed(7, 2), SIZE) - keccak_mask(false, SIZE)
    told = {seat: dict(zip(SEATS, group[seat].tell(7, there), strict=True)) for seat in there}
    apart = dict(zip(SEATS, group[2].tell(7, there, [7]), strict=True))
    assert {seat for seat in SEATS if apart[seat] != told[2][seat]} == {7}
    assert apart[7] == group[2].seed(7, 7)
    assert set(group[0].tell_shares(7, there, 2, [7])) == {2, 7, 11}
    personal = {seat: told[seat][seat] for seat in there}
    gone = {11: {seat: told[seat][11] for seat in there}, 7: {2: apart[7]}, 2: {7: false}}
    expected = np.sum([updates()[seat] for seat in there], axis=0)
    assert (unmask(masked, personal, gone) == expected).all()
    for missing in ({7: {2: apart[7]}}, {2: {7: false}}):
        with pytest.raises(DataError, match="missing"):
            unmask(masked, personal, {11: gone[11], **missing})


def test_a_missing_seed_is_noticed() -> None:
    group = peers()
    there = SEATS[:4]
    masked = {seat: group[seat].mask(1, updates()[seat]) for seat in there}
    personal = {seat: group[seat].seed(1, seat) for seat in there}
    told = {seat: group[seat].seed(1, 11) for seat in there[:3]}
    with pytest.raises(DataError, match="missing"):
        unmask(masked, personal, {11: told})
    with pytest.raises(DataError, match="missing"):
        unmask(masked, {0: personal[0]}, {})


def test_groups_that_cannot_hide_anything_are_refused() -> None:
    private = [PrivateKey(hashlib.sha256(b"party%d" % i).digest()) for i in range(4)]
    keys = {seat: public_key(each) for seat, each in enumerate(private)}
    with pytest.raises(DataError, match="fewer than three"):
        Peer(private[0], 0, {seat: keys[seat] for seat in (0, 1)}, b"")
    with pytest.raises(DataError, match="a different one"):
        Peer(private[1], 0, keys, b"")
    with pytest.raises(DataError, match="a different one"):
        Peer(private[0], 4, keys, b"")
    with pytest.raises(DataError, match="point"):
        Peer(private[0], 0, keys | {2: b"\xff" * 64}, b"")


def test_masks_are_long_and_their_parts_can_be_computed_alone() -> None:
    seed = b"\5" * 32
    mask = keccak_mask(seed, 20)
    assert len(mask) == len(shake_mask(seed, 20)) == 20
    second = keccak(seed + (1).to_bytes(4, "big"))
    assert mask[8:16].astype(">u4").tobytes() == second
