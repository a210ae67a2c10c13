// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Direct} from "../Direct.sol";
import {FederationTerms, PackedTerms} from "../FederationTerms.sol";
import {PackedState, StateCodec} from "../StateCodec.sol";
import {Lanes} from "../Lanes.sol";

/// @title Trusted
/// @notice Every update that was revealed is in. The organizer claims first, if it has a seat, then any seat may; its
/// claims are bonded and refutable like everybody's.
abstract contract Trusted is Direct {
    using FederationTerms for PackedTerms;
    using StateCodec for PackedState;
    function _hasJudged(PackedTerms, PackedState memory) internal pure override returns (bool) {
        return true;
    }

    function _idleJudges(PackedTerms, PackedState memory) internal pure override returns (uint256) {
        return 0;
    }

    // solhint-disable-next-line no-empty-blocks
    function _allRevealed(PackedState memory) internal pure override {}

    function _judge(PackedTerms t, PackedState memory s)
        internal
        view
        override
        returns (uint256 accepted, uint256 order, uint256 merits)
    {
        accepted = s.revealed();
        uint256 seat = _seatOf(t.organizer());
        if (_isIn(s.seats(), seat)) order = seat + 1;
        merits = Lanes.ones(accepted);
    }
}
