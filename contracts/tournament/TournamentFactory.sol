// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {CodeChunks} from "../kernel/CodeChunks.sol";
import {Factory} from "../kernel/Factory.sol";
import {Terms} from "./ITournament.sol";
import {Payouts} from "./Payouts.sol";
import {RankKernel} from "./RankKernel.sol";

/**
 * @title TournamentFactory
 * @notice Makes tournaments, and keeps the tables that they share.
 */
contract TournamentFactory is Factory {
    uint256 private constant MIN_ROWS = 16;
    uint256 private constant MAX_ROWS = 6143; // a table is one code, of four bytes a row
    uint256 private constant MIN_WAIT = 1 hours;
    uint256 private constant MAX_WAIT = 366 days;
    uint256 private constant MAX_MULTIPLIER = 100e9;
    uint256 private constant BOND_SHARE = 10; // of the pot, at least a tenth stands behind the organizer's duties

    /// @notice What clones run.
    address public immutable IMPLEMENTATION;

    /// @notice Whether an address is a tournament that this factory made.
    mapping(address tournament => bool) public isTournament;

    /// @notice A table is kept at `table`, as it may have been before.
    event TableKept(address indexed table);

    /// A field of the terms that no tournament can have.
    error InvalidTerms(bytes32 field);

    constructor(address implementation) {
        // slither-disable-next-line missing-zero-check (the migration deploys it the moment before)
        IMPLEMENTATION = implementation;
    }

    /// @notice Keep a table of ranks as code, once and for everybody; its address follows from its bytes.
    function keepTable(bytes calldata table) external returns (address kept) {
        // slither-disable-next-line unused-return (where it is already, it is the same)
        (kept,) = CodeChunks.store(table);
        emit TableKept(kept);
    }

    /// @notice Where `keepTable` puts `table`.
    function tableOf(bytes calldata table) external view returns (address) {
        return CodeChunks.locate(table);
    }

    /**
     * @notice Make a tournament with the caller as organizer.
     * @param t The terms; `organizer`, `powerSquares` and `normalSquares` are set here. Reverts with
     * InvalidTerms(field) for terms under which somebody could be stuck or cheated.
     * @param salt makes the address one's own, so that a command that was killed can look whether it had succeeded.
     */
    function create(Terms memory t, bytes32 salt) external returns (address tournament) {
        // Check
        t.organizer = msg.sender;
        bytes memory args = _complete(t);
        require(t.start > block.timestamp && t.start < block.timestamp + MAX_WAIT, InvalidTerms("start"));
        // Effect
        tournament = _create(IMPLEMENTATION, args, salt, 0, "");
        isTournament[tournament] = true;
    }

    /// @notice Where `create` puts it, if `organizer` calls it.
    function addressOf(Terms memory t, address organizer, bytes32 salt) external view returns (address) {
        t.organizer = organizer;
        bytes memory args = _complete(t);
        return _locate(IMPLEMENTATION, args, organizer, salt);
    }

    function _complete(Terms memory t) private view returns (bytes memory) {
        require(t.rows >= MIN_ROWS && t.rows <= MAX_ROWS, InvalidTerms("rows"));
        t.powerSquares = _squares(t.powers, t.rows);
        require(t.powerSquares != 0, InvalidTerms("powers"));
        bool benchmarked = t.contributionMultiplier != 0;
        t.normalSquares = benchmarked ? _squares(t.normals, t.rows) : 0;
        require(benchmarked ? t.normalSquares != 0 : t.normals == address(0), InvalidTerms("normals"));
        _checkMoney(t);
        _checkTimes(t);
        return abi.encode(t);
    }

    function _checkMoney(Terms memory t) private pure {
        require(t.pot != 0, InvalidTerms("pot"));
        require(t.bond >= t.pot / BOND_SHARE && t.bond > 1, InvalidTerms("bond"));
        require(t.threshold != 0, InvalidTerms("threshold"));
        require(t.corrMultiplier | t.contributionMultiplier != 0, InvalidTerms("multipliers"));
        require(t.corrMultiplier <= MAX_MULTIPLIER, InvalidTerms("corrMultiplier"));
        require(t.contributionMultiplier <= MAX_MULTIPLIER, InvalidTerms("contributionMultiplier"));
        require(t.clip != 0 && t.clip <= Payouts.ONE, InvalidTerms("clip"));
        require(t.drag <= Payouts.ONE && t.clip * (Payouts.ONE + t.drag) <= Payouts.ONE ** 2, InvalidTerms("drag"));
        require(t.leastStake != 0, InvalidTerms("leastStake"));
        // Whoever is expired can pay the tip beside the loss, so that it never costs less than the worst score.
        uint256 left = t.leastStake - Payouts.worst(t, t.leastStake, t.leastStake);
        require(t.tip <= left, InvalidTerms("tip"));
    }

    function _checkTimes(Terms memory t) private pure {
        require(t.period >= MIN_WAIT && t.period <= MAX_WAIT, InvalidTerms("period"));
        require(t.entering >= MIN_WAIT && t.entering <= MAX_WAIT, InvalidTerms("entering"));
        require(t.resolving >= MIN_WAIT && t.resolving <= MAX_WAIT, InvalidTerms("resolving"));
        require(t.scoring >= MIN_WAIT && t.scoring <= MAX_WAIT, InvalidTerms("scoring"));
    }

    /// @dev Of the table kept at `chunk`; zero if that is none of `rows` ranks.
    function _squares(address chunk, uint256 rows) private view returns (uint256) {
        address[] memory chunks = new address[](1);
        chunks[0] = chunk;
        return RankKernel.squares(CodeChunks.join(chunks), rows);
    }
}
