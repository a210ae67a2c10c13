// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title ERC-5192
/// @notice Minimal soul-bound tokens (ERC-5192).
interface IERC5192 {
    /// @notice A badge was given, and cannot be moved.
    event Locked(uint256 tokenId);
    /// @notice Never emitted: badges stay locked.
    event Unlocked(uint256 tokenId);

    /// @notice Whether the badge cannot be moved: always, if it exists.
    function locked(uint256 tokenId) external view returns (bool);
}

/// @title Points, levels and badges
/// @notice Points, levels and badges for contributions that the model had not known and came to agree with.
///
/// A badge is an ERC-721 token that cannot be moved (ERC-5192). It says that an account reached a level; its id is
/// level · 2^160 + account, so nothing has to be stored for it.
interface IGamification is IERC5192 {
    /// @notice `contributor` earned `points` and has `total` now.
    event Awarded(address indexed contributor, uint256 points, uint256 total);
    /// @notice A badge was given (ERC-721; `from` is always zero).
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    /// @notice Badges stay with those who earned them.
    error Soulbound();
    /// @notice Nobody has earned this badge.
    error NoSuchBadge(uint256 tokenId);

    /// @notice Level 1 takes 10 points, each further level twice as many.
    function levelOf(address account) external view returns (uint256);

    /// @notice The id of the badge for `level` of `account`.
    function badgeOf(address account, uint256 level) external pure returns (uint256);

    /// @notice How many badges `owner` has: its level.
    function balanceOf(address owner) external view returns (uint256);

    /// @notice Who earned the badge.
    function ownerOf(uint256 tokenId) external view returns (address);

    /// @notice The collection's name.
    function name() external view returns (string memory);

    /// @notice The collection's symbol.
    function symbol() external view returns (string memory);

    /// @notice A data: address with a badge's JSON.
    function tokenURI(uint256 tokenId) external view returns (string memory);

    /// @notice Nobody: badges stay with those who earned them.
    function getApproved(uint256 tokenId) external view returns (address);

    /// @notice Never.
    function isApprovedForAll(address owner, address operator) external view returns (bool);

    /// @notice Always reverts.
    function approve(address to, uint256 tokenId) external;

    /// @notice Always reverts.
    function setApprovalForAll(address operator, bool approved) external;

    /// @notice Always reverts.
    function transferFrom(address from, address to, uint256 tokenId) external;

    /// @notice Always reverts.
    function safeTransferFrom(address from, address to, uint256 tokenId) external;

    /// @notice Always reverts.
    function safeTransferFrom(address from, address to, uint256 tokenId, bytes calldata data) external;

    /// @notice ERC-165: ERC-721 with metadata, and ERC-5192.
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
