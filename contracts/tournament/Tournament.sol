// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Balances} from "../kernel/Balances.sol";
import {Commitments} from "../kernel/Commitments.sol";
import {Currency} from "../kernel/Currency.sol";
import {Instance} from "../kernel/Instance.sol";
import {Phases} from "../kernel/Phases.sol";
import {Entry, ITournament, Round, State, Terms} from "./ITournament.sol";
import {Payouts} from "./Payouts.sol";
import {Targets} from "./Targets.sol";

/// @title Tournament
/// @notice See ITournament.
contract Tournament is ITournament, Balances, Commitments, Instance, Phases {
    bytes32 private constant TARGETS = keccak256("DILN tournament targets");
    bytes32 private constant ENTRY = keccak256("DILN tournament entry");
    uint256 private constant TERMS_SIZE = 22 * 32;

    mapping(address who => uint256) private _balances;
    mapping(uint256 round => Round) private _rounds;
    /// @dev An entrant's slots are taken in turn; there are so many that a round is over when its slot comes again.
    mapping(address who => mapping(uint256 slot => Entry)) private _entries;

    /// @inheritdoc ITournament
    function open(uint256 round, bytes32 commitment) external payable {
        Terms memory t = _terms();
        Round storage r = _rounds[round];
        // Check
        require(msg.sender == t.organizer, NotTheOrganizer(t.organizer));
        _requireState(r, State.Unopened);
        _before(_startOf(t, round));
        // Effect
        (r.pot, r.state, r.targets) = (t.pot, State.Open, commitment);
        _collect(t.currency, msg.sender, uint256(t.pot) + t.bond);
        emit Opened(round, commitment);
    }

    /// @inheritdoc ITournament
    function enter(uint256 round, bytes32 commitment, uint96 stake) external payable {
        Terms memory t = _terms();
        Round storage r = _rounds[round];
        Entry storage e = _entryAt(t, round, msg.sender);
        uint256 start = _startOf(t, round);
        // Check
        _requireState(r, State.Open);
        _notBefore(start);
        _before(start + t.entering);
        uint96 total = stake;
        if (e.stake != 0 && !e.settled) {
            require(e.round == round, Unsettled(e.round));
            total += e.stake;
        }
        require(total >= t.leastStake, StakeTooSmall(total, t.leastStake));
        // Effect
        e.commitment = commitment;
        (e.stake, e.round, e.settled) = (total, uint64(round), false);
        r.atRisk += stake;
        _collect(t.currency, msg.sender, stake);
        emit Entered(round, msg.sender, commitment, total);
    }

    /// @inheritdoc ITournament
    function reveal(uint256 round, bytes calldata targets, bytes32 salt) external {
        Terms memory t = _terms();
        Round storage r = _rounds[round];
        // Check
        _requireState(r, State.Open);
        _notBefore(_closeOf(t, round));
        _before(_resolveOf(t, round));
        _checkRevealed(r.targets, TARGETS, t.organizer, _payload(round, keccak256(targets)), salt);
        // Effect
        address chunk = Targets.keep(t, targets);
        (r.state, r.targets) = (State.Revealed, bytes32(uint256(uint160(chunk))));
        emit Revealed(round, chunk, salt);
    }

    /// @inheritdoc ITournament
    function score(uint256 round, address who, bytes calldata ranks, bytes32 salt)
        external
        returns (int256 correlation, int256 contribution, int256 payout)
    {
        Terms memory t = _terms();
        Entry storage e = _unsettled(t, round, who);
        // Check
        _before(_endOf(t, round));
        _checkRevealed(e.commitment, ENTRY, who, _payload(round, keccak256(ranks)), salt);
        (correlation, contribution) = scoresOf(round, ranks);
        // Effect
        Round storage r = _rounds[round];
        uint256 stake = e.stake;
        (uint256 gain, uint256 burnt) = Payouts.ofScores(t, r.atRisk, stake, correlation, contribution);
        e.settled = true;
        if (gain != 0) r.pot -= uint96(gain);
        _credit(BURN, burnt);
        _credit(who, stake + gain - burnt);
        payout = int256(gain) - int256(burnt);
        emit Scored(round, who, correlation, contribution, payout);
    }

    /// @inheritdoc ITournament
    function expire(uint256 round, address who) external {
        Terms memory t = _terms();
        Round storage r = _rounds[round];
        Entry storage e = _unsettled(t, round, who);
        // Check
        if (r.state != State.Closed) _requireState(r, State.Revealed);
        _notBefore(_endOf(t, round));
        // Effect
        uint256 stake = e.stake;
        uint256 burnt = Payouts.worst(t, r.atRisk, stake);
        uint256 tip = t.tip < stake - burnt ? t.tip : stake - burnt;
        e.settled = true;
        _credit(BURN, burnt);
        _credit(msg.sender, tip);
        _credit(who, stake - burnt - tip);
        emit Expired(round, who, msg.sender, burnt, tip);
    }

    /// @inheritdoc ITournament
    function void(uint256 round) external {
        Terms memory t = _terms();
        Round storage r = _rounds[round];
        // Check
        _requireState(r, State.Open);
        _notBefore(_resolveOf(t, round));
        // Effect: half of the bond is burnt, the other half waits for the stakes in the place of the pot.
        r.state = State.Void;
        uint96 share = r.atRisk == 0 ? 0 : t.bond / 2;
        r.pot = share;
        _credit(t.organizer, r.atRisk == 0 ? uint256(t.pot) + t.bond : t.pot);
        if (r.atRisk != 0) _credit(BURN, t.bond - share);
        emit Voided(round);
    }

    /// @inheritdoc ITournament
    function refund(uint256 round, address who) external {
        Terms memory t = _terms();
        Round storage r = _rounds[round];
        Entry storage e = _unsettled(t, round, who);
        // Check
        _requireState(r, State.Void);
        // Effect: shares are parts of what is left, so that the last one takes every remainder.
        uint256 stake = e.stake;
        uint256 share = uint256(r.pot) * stake / r.atRisk;
        e.settled = true;
        (r.atRisk, r.pot) = (uint96(r.atRisk - stake), uint96(r.pot - share));
        _credit(who, stake + share);
        emit Refunded(round, who, stake, share);
    }

    /// @inheritdoc ITournament
    function close(uint256 round) external {
        Terms memory t = _terms();
        Round storage r = _rounds[round];
        // Check
        _requireState(r, State.Revealed);
        _notBefore(_endOf(t, round));
        // Effect
        uint256 rest = uint256(r.pot) + t.bond;
        (r.pot, r.state) = (0, State.Closed);
        _credit(t.organizer, rest);
        emit Closed(round, rest);
    }

    /// @inheritdoc ITournament
    function terms() external view returns (Terms memory) {
        return _terms();
    }

    /// @inheritdoc ITournament
    function roundOf(uint256 round) external view returns (Round memory) {
        return _rounds[round];
    }

    /// @inheritdoc ITournament
    function entryOf(uint256 round, address who) external view returns (Entry memory e) {
        Entry memory found = _entryAt(_terms(), round, who);
        if (found.round == round) e = found;
    }

    /// @inheritdoc ITournament
    function timesOf(uint256 round) external view returns (uint256, uint256, uint256, uint256) {
        Terms memory t = _terms();
        return (_startOf(t, round), _closeOf(t, round), _resolveOf(t, round), _endOf(t, round));
    }

    /// @inheritdoc ITournament
    function entryCommitment(uint256 round, address who, bytes32 ranksHash, bytes32 salt)
        external
        view
        returns (bytes32)
    {
        return _commitmentOf(ENTRY, who, _payload(round, ranksHash), salt);
    }

    /// @inheritdoc ITournament
    function targetsCommitment(uint256 round, bytes32 targetsHash, bytes32 salt) external view returns (bytes32) {
        return _commitmentOf(TARGETS, _terms().organizer, _payload(round, targetsHash), salt);
    }

    /// @inheritdoc ITournament
    function scoresOf(uint256 round, bytes calldata ranks)
        public
        view
        returns (int256 correlation, int256 contribution)
    {
        Round storage r = _rounds[round];
        if (r.state != State.Closed) _requireState(r, State.Revealed);
        return Targets.score(_terms(), address(uint160(uint256(r.targets))), ranks);
    }

    // ── where and when ──────────────────────────────────────────────────────────────────────────────────────

    /// @dev The factory encodes a word for each field, as memory has them.
    function _terms() private view returns (Terms memory t) {
        _checkClone();
        uint256 offset = ARGUMENTS;
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            extcodecopy(address(), t, offset, TERMS_SIZE)
        }
    }

    function _entryAt(Terms memory t, uint256 round, address who) private view returns (Entry storage) {
        uint256 slots = (uint256(t.entering) + t.resolving + t.scoring) / t.period + 2;
        return _entries[who][round % slots];
    }

    function _unsettled(Terms memory t, uint256 round, address who) private view returns (Entry storage e) {
        e = _entryAt(t, round, who);
        require(e.round == round && e.stake != 0 && !e.settled, NoStake(round, who));
    }

    function _requireState(Round storage r, State state) private view {
        require(r.state == state, WrongState(r.state));
    }

    function _payload(uint256 round, bytes32 hash) private pure returns (bytes32) {
        return keccak256(abi.encode(round, hash));
    }

    function _startOf(Terms memory t, uint256 round) private pure returns (uint256) {
        return t.start + round * t.period;
    }

    function _closeOf(Terms memory t, uint256 round) private pure returns (uint256) {
        return _startOf(t, round) + t.entering;
    }

    function _resolveOf(Terms memory t, uint256 round) private pure returns (uint256) {
        return _closeOf(t, round) + t.resolving;
    }

    function _endOf(Terms memory t, uint256 round) private pure returns (uint256) {
        return _resolveOf(t, round) + t.scoring;
    }

    // ── balances ────────────────────────────────────────────────────────────────────────────────────────────

    function _currency() internal view override returns (Currency) {
        return _terms().currency;
    }

    function _balance(address who) internal view override returns (uint256) {
        return _balances[who];
    }

    function _setBalance(address who, uint256 amount) internal override {
        _balances[who] = amount;
    }

    /// @dev A free balance may be meant for the next round.
    function _anyoneWithdrawsFor(address account) internal pure override returns (bool) {
        return account == BURN;
    }
}
