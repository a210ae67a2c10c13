// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CurrencyTransfers} from "../kernel/Currency.sol";
import {Factory} from "../kernel/Factory.sol";
import {Terms} from "./ICompetition.sol";
import {TermsCodec} from "./TermsCodec.sol";

// For slither: what comes in goes into the clone; immutables are named as constants.
// slither-disable-start locked-ether,naming-convention,incorrect-equality

/**
 * @title CompetitionFactory
 * @notice Makes competitions. Prize and bond are inside when `create` returns.
 */
contract CompetitionFactory is Factory {
    /// @notice From creation to the block whose hash draws the split: the organizer cannot know it when it pays.
    uint256 public constant SEED_DELAY = 4;

    /// @notice What clones run.
    address public immutable IMPLEMENTATION;

    /// @notice Whether an address is a competition that this factory made.
    mapping(address competition => bool) public isCompetition;

    constructor(address implementation) {
        // slither-disable-next-line missing-zero-check (the migration deploys it the moment before)
        IMPLEMENTATION = implementation;
    }

    /**
     * @notice Make a competition with the caller as organizer, and escrow prize and bond.
     * @param t The terms; `organizer` and `seedBlock` are set here. Reverts with InvalidTerms(field) for terms
     * under which somebody could be stuck or cheated. With a token, prize + bond must be approved to the factory.
     */
    function create(Terms memory t) external payable returns (address competition) {
        // Check
        t.organizer = msg.sender;
        t.seedBlock = uint40(block.number + SEED_DELAY);
        TermsCodec.check(t);
        uint256 escrow = uint256(t.prize) + t.bond;
        t.token.checkValue(escrow);
        // Effect
        competition = _create(IMPLEMENTATION, TermsCodec.encode(t), t.root, msg.value, "");
        isCompetition[competition] = true;
        // Interaction
        if (t.token.isEther()) return competition;
        uint256 received = t.token.pullTokens(competition, escrow);
        require(received == escrow, CurrencyTransfers.WrongPayment(received, escrow));
    }
}
// slither-disable-end locked-ether,naming-convention,incorrect-equality
