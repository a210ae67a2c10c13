// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICompetition, Terms} from "./ICompetition.sol";
import {TermsCodec} from "./TermsCodec.sol";

// For slither: what comes in goes into the clone; amounts are exact.
// slither-disable-start locked-ether,incorrect-equality,naming-convention

/**
 * @title CompetitionFactory
 * @notice Makes competitions.
 *
 * A competition is an ERC-1167 clone with its terms behind its code, so it can neither be initialized twice nor
 * changed. Prize and bond are inside when `create` returns. The factory keeps no money and has no owner.
 */
contract CompetitionFactory {
    using SafeERC20 for IERC20;

    /// @notice From creation to the block whose hash draws the split: the organizer cannot know it when it pays.
    uint256 public constant SEED_DELAY = 4;

    /// @notice What clones run.
    address public immutable IMPLEMENTATION;

    /// @notice Whether an address is a competition that this factory made.
    mapping(address competition => bool) public isCompetition;

    /// @notice A competition was made, its prize and bond are inside.
    event CompetitionCreated(address indexed competition, address indexed organizer, bytes32 indexed root);

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
        uint256 value = t.token == address(0) ? escrow : 0;
        require(msg.value == value, ICompetition.WrongPayment(msg.value, value));
        // Effect: a clone has no constructor, so nothing foreign runs here.
        competition = Clones.cloneWithImmutableArgs(IMPLEMENTATION, TermsCodec.encode(t), value);
        isCompetition[competition] = true;
        emit CompetitionCreated(competition, msg.sender, t.root);
        // Interaction
        if (value == 0) _escrow(IERC20(t.token), competition, escrow);
    }

    function _escrow(IERC20 token, address competition, uint256 amount) private {
        uint256 before = token.balanceOf(competition); // somebody may have sent some to the address beforehand
        token.safeTransferFrom(msg.sender, competition, amount);
        uint256 received = token.balanceOf(competition) - before;
        require(received == amount, ICompetition.WrongPayment(received, amount));
    }
}
// slither-disable-end locked-ether,incorrect-equality,naming-convention
