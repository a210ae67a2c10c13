// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ChunkPair, Claim, Link, PartyChunk} from "../IFederation.sol";

/// A chunk of a masked update, with the sheet that goes with it as `Unmasked` told it.
struct MaskedChunk {
    PartyChunk update;
    bytes sheet;
}

/// @title IMasked
/// @notice Nobody sees an update, and everybody checks their sum (Bonawitz et al. 2017; DeepChain, Weng et al. 2018).
///
/// Each two parties have a secret, by the keys with which they joined. Of it and the round they make a seed; of the
/// seed both make the same mask, which the lower seat adds to its update and the higher one subtracts. A party masks
/// with all seats that took part when the round began (`among`), and with a mask of its own. All sums are modulo 2^32.
///
/// A masked update's `cid` is of its sheet: the CID of the vector, the CID of a file of shares (32 bytes each), and,
/// for each seat of `among`, the hash of a seed: of the one shared with that seat; in its own place, of the personal
/// one. So seeds are committed to with the update, and the contract checks what is told without keeping anything.
///
/// Judging is unmasking
///
///   With the end of reveals it is fixed who is in, and who is gone. Of who is in, the personal seed is told, and the
///   seeds shared with those that are gone; so their masks leave the sum, and all others cancel. One entry tells all of
///   a party's at once, and nothing else fits it: the contract takes a seed where one is due and hashes where none is,
///   and nothing of those that are gone. So nobody's personal and shared seeds are ever both told: who came too late
///   stays masked by its personal seed, who is in by the seeds shared with others who are in and agree with it.
///
///   The entry of a party that stays silent comes from the others: its file has shares of each of its seeds, one for
///   each of them, and of more than half of them restores one. `share` is for what they show each other of it.
///
///   When all is told, claims begin; `model' = model + ⌊sum / n⌋` as always, and `refuteMasked` takes one chunk of
///   every update, makes the masks of that chunk again and shows what the claim should have said.
///
/// Ends
///
///   - Somebody's seeds are not told in time: the round is void, and who was not told of pays the fine.
///   - An update is out, because nobody showed it when it was demanded: before a seed is told or a share is shown, its
///     party is one that is gone. Afterwards the round is void: the seeds shared with it would have to be told, too,
///     and with what was told before would unmask it. It has paid, and the others owe nothing.
///   - Two who are in have committed to other hashes of the seed that they share: see below.
///   - In the next round all seeds are other ones.
///
/// Two who disagree
///
///   Where all are told of, and hashes of a seed that two share are not the same, the time for telling begins again
///   (and never ends sooner than it did), and anybody shows by all sheets who disagrees with whom (`compare`). Of
///   each two that do, one lies, and knows their seed anyway; so they become to each other as if gone: the time
///   begins once more, each of them is to tell again, with the seeds of its own hashes, and each one's mask is taken
///   off by its own. Who lied need not be known. An honest party always has a seed that fits its hash, and two of
///   them never disagree, so that none of their secrets are told. A liar that tells what it masked with has changed
///   nothing; if it tells another, it has added nonsense, as it could have anyway; and if it has none, or keeps it,
///   it is who stays silent, and pays for that.
///   Where nobody compares in time, the round is void: one party that keeps its duties is enough.
///
/// What this does not do: hide the sum, or what two sums on the same model differ by; hide a party from all others if
/// they join hands; keep a party from adding nonsense, which nobody sees; nor keep a chain that forgets its last blocks
/// from fixing anew who is gone: wait with telling until the end of reveals is final.
///
/// Nobody takes a seat once the first round has begun, because the masks of a round are made before it is seen who else
/// takes part. A party that leaves, or does not commit, is one that is gone.
interface IMasked {
    /// @notice With what others agree with `party` on masks: a point of secp256k1, x and y.
    event MaskKey(address indexed party, uint256 seat, bytes key);
    /// @notice The sheet of `party`, with the seeds in the place of their hashes where they are due.
    event Unmasked(uint256 indexed round, address indexed party, uint256 seat, uint256 among, bytes sheet);
    /// @notice What `seat` has to restore seeds of others with; the contract does not look at it.
    event Shared(uint256 indexed round, uint256 indexed seat, bytes shares);
    /// @notice With whom each seat disagrees on the hash of the seed that they share: sixteen bits a seat, the first
    /// in the lowest.
    event Disagreed(uint256 indexed round, uint256 disagreed);

    /// @notice Joining a federation with masks needs a key: 64 bytes, a point, before the inviter's signature.
    error NotAMaskKey();

    /// @notice Tell what is due of parties that are in: n × (party 20, root 32, sheet 64 + 32 for each of `among`),
    /// their own or restored, anybody's. What does not fit is left out; reverts if nothing fits.
    function unmask(bytes calldata entries) external;

    /// @notice Find who disagrees with whom: of each that is in, by seat, an entry as of `unmask`, with hashes only.
    /// Once in a round; reverts with NothingDone where all agree, and with NotTheUpdate for another sheet.
    function compare(bytes calldata entries) external;

    /// @notice Show what one has of others' seeds, while they are waited for.
    function share(bytes calldata shares) external;

    /// @notice The seats that share masks in the present round; once somebody was told of: who is in, who of them was
    /// told of, who disagrees with whom (see Disagreed), and whether that round is lost, since an update fell.
    function masks()
        external
        view
        returns (uint256 round, uint256 among, uint256 parties, uint256 told, uint256 disagreed, bool lost);
}

/// @title IMaskedDisputes
/// @notice What keeps claims of sums honest; demands are those of IDisputes.
interface IMaskedDisputes {
    /// @notice Show that a chunk of the claimed model is not what the masked updates and the told seeds make.
    function refuteMasked(
        Claim calldata c,
        Link calldata previous,
        MaskedChunk[] calldata parties,
        ChunkPair calldata models
    ) external;
}
