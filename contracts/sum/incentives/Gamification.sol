// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FixedPointMathLib} from "solady/src/utils/FixedPointMathLib.sol";
import {LibString} from "solady/src/utils/LibString.sol";
import {ContributionInfo} from "../ContributionInfo.sol";
import {IERC5192, IGamification} from "./IGamification.sol";
import {SelfAssessment} from "./SelfAssessment.sol";

/// @title Gamification
/// @notice Points, levels and soul-bound badges for what earns reputation: a contribution that the model had not known
/// and agrees with when it is due. The surer the model was of the contrary, the more points: 10 to 17.
///
/// It is self-assessment with points. `costWeight` may be zero (as in the paper: no deposits, only points); with a
/// deposit, in ether or a token, both work together.
abstract contract Gamification is IGamification, SelfAssessment {
    uint256 private constant FIRST_LEVEL = 10;
    /// @dev Certainty, in sixteenths, of an even guess: a surprise has that at most.
    uint256 private constant EVEN = 8;

    /// @inheritdoc IGamification
    function levelOf(address who) public view returns (uint256) {
        return _level(_accounts[who].points);
    }

    /// @inheritdoc IGamification
    function badgeOf(address who, uint256 level) public pure returns (uint256) {
        return level << 160 | uint160(who);
    }

    /// @inheritdoc IGamification
    function balanceOf(address owner) external view returns (uint256) {
        return levelOf(owner);
    }

    /// @inheritdoc IGamification
    function ownerOf(uint256 tokenId) public view returns (address owner) {
        owner = address(uint160(tokenId));
        uint256 level = tokenId >> 160;
        require(level != 0 && level <= levelOf(owner), NoSuchBadge(tokenId));
    }

    /// @inheritdoc IERC5192
    function locked(uint256 tokenId) external view returns (bool) {
        ownerOf(tokenId);
        return true;
    }

    /// @inheritdoc IGamification
    function name() external pure returns (string memory) {
        return "DILN contributor";
    }

    /// @inheritdoc IGamification
    function symbol() external pure returns (string memory) {
        return "DILN";
    }

    /// @inheritdoc IGamification
    function tokenURI(uint256 tokenId) external view returns (string memory) {
        ownerOf(tokenId);
        string memory level = LibString.toString(tokenId >> 160);
        string memory model = LibString.toHexString(address(this));
        return string.concat(
            "data:application/json,{\"name\":\"Contributor, level ",
            level,
            "\",\"description\":\"Earned with model ",
            model,
            "\"}"
        );
    }

    /// @inheritdoc IGamification
    function getApproved(uint256 tokenId) external view returns (address) {
        ownerOf(tokenId);
        return address(0);
    }

    /// @inheritdoc IGamification
    function isApprovedForAll(address, address) external pure returns (bool) {
        return false;
    }

    /// @inheritdoc IGamification
    function approve(address, uint256) external pure {
        revert Soulbound();
    }

    /// @inheritdoc IGamification
    function setApprovalForAll(address, bool) external pure {
        revert Soulbound();
    }

    /// @inheritdoc IGamification
    function transferFrom(address, address, uint256) external pure {
        revert Soulbound();
    }

    /// @inheritdoc IGamification
    function safeTransferFrom(address, address, uint256) external pure {
        revert Soulbound();
    }

    /// @inheritdoc IGamification
    function safeTransferFrom(address, address, uint256, bytes calldata) external pure {
        revert Soulbound();
    }

    /// @inheritdoc IGamification
    function supportsInterface(bytes4 id) external pure returns (bool) {
        // ERC-165, ERC-721, its metadata, ERC-5192
        return id == 0x01ffc9a7 || id == 0x80ac58cd || id == 0x5b5e139f || id == type(IERC5192).interfaceId;
    }

    function _rewarded(address contributor, ContributionInfo facts) internal virtual override {
        uint256 points = FIRST_LEVEL + EVEN - FixedPointMathLib.min(facts.certainty(), EVEN);
        uint256 before = _accounts[contributor].points;
        uint256 total = before + points;
        _accounts[contributor].points = uint64(total);
        emit Awarded(contributor, points, total);
        uint256 level = _level(total);
        for (uint256 next = _level(before) + 1; next <= level; ++next) {
            // one level at a time: no contribution's points double a total
            uint256 badge = badgeOf(contributor, next);
            emit Transfer(address(0), contributor, badge);
            emit Locked(badge);
        }
    }

    function _level(uint256 points) private pure returns (uint256) {
        return points < FIRST_LEVEL ? 0 : FixedPointMathLib.log2(points / FIRST_LEVEL) + 1;
    }
}
