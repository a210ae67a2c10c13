// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {BlockHashLib} from "solady/src/utils/BlockHashLib.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {Lanes} from "../Lanes.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {Ballots, PackedBallot} from "./Ballots.sol";
import {Votes} from "./Votes.sol";

/// @title Stake
/// @notice All parties vote, and votes weigh what is behind a seat: the deposit, and what was delegated to it (see
/// IBacking). An update is in with more than two thirds of all. Four of those who revealed, drawn by the same weights,
/// claim first, one after the other: by the hash of the block of the last reveal, or of the first vote, if somebody
/// stays silent.
///
/// They are drawn with the first vote in a later block. If there is none, or the chain does not show that hash any
/// longer, any seat may claim. Nothing that weighs changes while votes are taken: not by fines, nor by leaving.
abstract contract Stake is Votes {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    using Ballots for PackedBallot;
    using Lanes for uint256[4];

    uint256 private constant LEADERS = 4;

    function _prepare(PackedTerms t, PackedState memory s, PackedBallot memory b) internal view override {
        if (b.order() != 0 || block.number <= b.drawnFrom()) return;
        bytes32 seed = BlockHashLib.blockHash(b.drawnFrom());
        if (seed != 0) b.setOrder(_draw(seed, s.round(), b.among(), _weights(t)));
    }

    /// @dev Some of `among` by their weights, nobody twice.
    function _draw(bytes32 seed, uint256 round, uint256 among, uint256[] memory weights)
        private
        view
        returns (uint256 order)
    {
        uint256 total = _sum(among, weights);
        for (uint256 place = 0; place < LEADERS && among != 0; ++place) {
            uint256 ticket = uint256(keccak256(abi.encode(seed, address(this), round, place))) % total;
            uint256 seat = 0;
            for (;; ++seat) {
                if (among >> seat & 1 == 0) continue;
                if (ticket < weights[seat]) break;
                ticket -= weights[seat];
            }
            order |= (seat + 1) << (8 * place);
            among &= ~(1 << seat);
            total -= weights[seat];
        }
    }

    function _voters(PackedTerms, PackedState memory s, PackedBallot memory) internal pure override returns (uint256) {
        return s.seats();
    }

    /// @dev By what is behind the voters.
    function _carried(PackedTerms t, PackedState memory s, PackedBallot memory b, uint256 masks)
        internal
        view
        override
        returns (uint256 carried)
    {
        uint256[] memory weights = _weights(t);
        uint256 most = _most(t, s, b);
        unchecked {
            // Sixteen seats; what is behind a seat is below 2^61.
            for (uint256 seat = 0; seat < 16; ++seat) {
                uint256 sum = 0;
                uint256 votes_ = masks >> seat & Lanes.ONES;
                for (uint256 voter = 0; votes_ != 0; ++voter) {
                    if (votes_ & 1 != 0) sum += weights[voter];
                    votes_ >>= 16;
                }
                if (sum > most) carried |= 1 << seat;
            }
        }
    }

    /// @dev Fines do not count, or silence would change what was drawn.
    function _weights(PackedTerms t) private view returns (uint256[] memory weights) {
        weights = new uint256[](16);
        for (uint256 seat = 0; seat < 16; ++seat) {
            weights[seat] = t.deposit() + _backed.get(seat);
        }
    }

    function _most(PackedTerms t, PackedState memory s, PackedBallot memory) internal view override returns (uint256) {
        return 2 * _sum(s.seats(), _weights(t)) / 3;
    }

    function _sum(uint256 mask, uint256[] memory weights) private pure returns (uint256 total) {
        for (uint256 seat = 0; mask >> seat != 0; ++seat) {
            if (mask >> seat & 1 != 0) total += weights[seat];
        }
    }
}
