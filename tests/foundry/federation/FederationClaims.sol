// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {
    ChunkPair,
    Claim,
    Link,
    Mode,
    Part,
    PartyChunk,
    Phase,
    Policy,
    Privacy,
    State
} from "../../../contracts/federation/IFederation.sol";
import {IWork} from "../../../contracts/federation/policies/IWork.sol";
import {FederationGround} from "./FederationGround.sol";

/// @notice Claims, right and wrong ones, evidence against them with one of many faults, and demands.
abstract contract FederationClaims is FederationGround {
    uint256 internal constant MASKS = 17; // the last of the faults of evidence; three of masks end with it
    int256[2] private model; // every coordinate of it but the last, and the last
    Claim private claimed;
    int256[2] private claimedModel;
    bool private lie; // one coordinate of the claimed model is off
    address[] internal owners; // of what is demanded
    Part[] private parts;
    Claim[] private asked; // of which claim
    uint256[] private deadlines;
    mapping(bytes32 key => bool) private demanded; // once supplied, never again
    mapping(bytes32 mark => uint256) private announcedAt; // a block's number

    // ── actions ────────────────────────────────────────────────────────────────────────────────────────────

    function claim(uint256 seed) external {
        address who = _who(seed);
        if (_phase() != Phase.Claiming) return;
        State memory s = federation.state();
        (uint256 accepted, uint256 order, uint256 merits) = federation.judgement();
        if (_count(accepted) < (terms.policy == Policy.Learning ? 1 : terms.quorum)) return;
        if (terms.mode == Mode.Direct) return _sum(who, s, accepted, order);
        bool lies = seed & 0x100 != 0;
        int256[2] memory next = _aggregate(accepted);
        if (lies) next[1] = next[1] == type(int32).max ? next[1] - 1 : next[1] + 1;
        bytes32 root = _leaf(_data(next));
        uint256 value = terms.bond * terms.unit;
        (bool done,) = _send(who, address(federation), value, _claimOf(who, s.round, accepted, root));
        if (!done) return;
        paidIn += value;
        (uint256 seat,,,) = federation.partyOf(who);
        (claimedModel, lie) = (next, lies);
        claimed = Claim(who, seat, root, SALT, accepted, accepted, 0, merits, 0, _leader(s, order));
        (, bytes32 pending) = federation.heads();
        require(pending == keccak256(abi.encode(claimed)), "another claim than was made");
    }

    /// @dev In the mode Direct: the round is over with it, and the record has the sums.
    function _sum(address who, State memory s, uint256 accepted, uint256 order) private {
        bytes memory entries;
        uint256 lane;
        for (uint256 seat; accepted >> seat != 0; ++seat) {
            if (accepted >> seat & 1 == 0) continue;
            address party = _at(seat);
            entries = bytes.concat(entries, bytes20(party), _dataOf(party));
            lane += uint256(int256(values[party]) + 128);
        }
        (bytes32 record,) = federation.heads();
        (uint256 seat_,,,) = federation.partyOf(who);
        (,, uint256 merits) = federation.judgement();
        (bool done,) = _send(who, address(federation), 0, abi.encodeCall(federation.sum, (entries)));
        if (!done) return;
        bytes32 word = bytes32(type(uint256).max / type(uint16).max * lane); // sixteen lanes, all the same
        bytes32 root = keccak256(abi.encode(word, word));
        Claim memory c = Claim(who, seat_, root, 0, accepted, accepted, 0, merits, 0, _leader(s, order));
        link = Link(record, s.round, root, keccak256(abi.encode(c)));
        (record,) = federation.heads();
        require(record == keccak256(abi.encode(link)), "another record than of the sums");
    }

    function refute(uint256 seed) external {
        _tick(seed);
        if (_phase() != Phase.Challenging) return;
        _refute(seed >> 4);
    }

    function finalize(uint256 seed) external {
        _tick(seed);
        _finalize();
    }

    function demand(uint256 seed) external {
        address who = _who(seed);
        Part part = seed & 32 == 0 ? Part.Update : Part.Model;
        if (part == Part.Model && seed & 0x1c0 != 0) who = claimed.claimer;
        _demand(part, who, seed & 0x1e00 == 0 ? 1 : 0);
    }

    function supply(uint256 seed) external {
        _tick(seed);
        if (owners.length != 0) _supply(_below(seed, owners.length), seed & 0x700 != 0);
    }

    function forfeit(uint256 seed) external {
        _tick(seed);
        if (owners.length != 0) _forfeit(_below(seed, owners.length));
    }

    // ── steps ──────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Any three of what may happen to a claim, or one after the other.
    function _challenge(uint256 seed) internal {
        for (uint256 i; i < 3; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed & 12 == 0) this.refute(seed);
            else if (seed & 12 == 4) this.demand(seed);
            else if (seed & 12 == 8) this.supply(seed);
            else this.forfeit(seed);
        }
    }

    /// @dev What claims, with a nonce where one is asked for and soon found.
    function _claimOf(address who, uint256 round, uint256 accepted, bytes32 root) private view returns (bytes memory) {
        if (terms.policy != Policy.Work) {
            return abi.encodeCall(federation.claim, (round, accepted, root, SALT, ""));
        }
        (bytes32 record,) = federation.heads();
        uint256 target = IWork(address(federation)).target();
        uint256 nonce;
        while (nonce < 64 && uint256(keccak256(abi.encode(record, round, who, root, nonce))) >= target) ++nonce;
        return abi.encodeCall(IWork.mine, (round, accepted, root, SALT, "", bytes32(nonce)));
    }

    /// @dev With evidence that holds, as often as not; it may have been announced.
    function _refute(uint256 seed) private {
        (bool right, bytes memory evidence) = _found(seed >> 4 & 31);
        bytes32 mark = keccak256(abi.encode(stranger, keccak256(evidence)));
        if (seed & 3 != 0) {
            _do(true, stranger, 0, abi.encodeCall(federation.announce, (mark)));
            if (announcedAt[mark] == 0) announcedAt[mark] = height;
            if (seed & 2 != 0) _pass(12);
        }
        bool late = _phase() != Phase.Challenging || !_inTime();
        (uint256 own, uint256 burnt) = (federation.balanceOf(stranger), federation.balanceOf(BURNT));
        bool due = lie && right && !late;
        _do(due, stranger, 0, evidence);
        if (!due) return;
        uint256 reward = announcedAt[mark] != 0 && announcedAt[mark] < height ? terms.bond / 2 : 0;
        _fell(own, 0, reward, burnt);
    }

    /// @dev The claim is gone, `reward` of its bond is the stranger's with a `stake`, and the rest is burnt.
    function _fell(uint256 own, uint256 stake, uint256 reward, uint256 burnt) private view {
        require(federation.state().tried >> claimed.seat & 1 != 0, "a claim fell, and may come again");
        require(_phase() == Phase.Claiming, "a claim fell, and still stands");
        _gained(stranger, own, stake + reward);
        _gained(BURNT, burnt, terms.bond - reward);
    }

    /// @dev What there is against the claim, with one of many faults.
    function _found(uint256 fault) private view returns (bool right, bytes memory evidence) {
        Claim memory c = claimed;
        Link memory before = link;
        PartyChunk[] memory shown = new PartyChunk[](_count(c.accepted));
        uint256 row;
        for (uint256 seat; c.accepted >> seat != 0; ++seat) {
            if (c.accepted >> seat & 1 != 0) shown[row++] = _chunkOf(_at(seat));
        }
        ChunkPair memory pair = ChunkPair(
            0, _data(model), new bytes32[](0), _data(claimedModel), new bytes32[](0)
        );
        bytes memory other = _data([int256(5), 7]);
        if (fault == 0) shown[0].data = other;
        else if (fault == 1) shown[0].weight ^= 1;
        else if (fault == 2) shown[row - 1] = shown[0];
        else if (fault == 3) (shown[0], shown[row - 1]) = (shown[row - 1], shown[0]);
        else if (fault == 4) shown = new PartyChunk[](0);
        else if (fault == 5) shown[row - 1].data = bytes.concat(shown[row - 1].data, bytes4(0));
        else if (fault == 6) pair.before = other;
        else if (fault == 7) pair.claimed = other;
        else if (fault == 8) pair.index = 1;
        else if (fault == 9) pair.claimed = bytes.concat(pair.claimed, bytes4(0));
        else if (fault == 10) before.round ^= 1;
        else if (fault == 11) before = Link(SALT, 1, _leaf(pair.before = other), SALT);
        else if (fault == 12) c.cid = 0;
        else if (fault == 13) c.modelRoot = _leaf(pair.claimed = other);
        else if (fault == 14) shown[0].proof = new bytes32[](1);
        right = fault > MASKS || (fault > 14 && terms.privacy == Privacy.Open);
        right = right || (row == 1 && (fault == 2 || fault == 3));
        evidence = _evidence(c, before, shown, pair, fault);
    }

    function _evidence(Claim memory c, Link memory previous, PartyChunk[] memory shown, ChunkPair memory pair, uint256)
        internal
        view
        virtual
        returns (bytes memory)
    {
        return abi.encodeCall(federation.refuteChunk, (c, previous, shown, pair));
    }

    function _inTime() private view returns (bool) {
        (, uint256 endsAt) = federation.clock();
        return time < endsAt || federation.state().demanded != 0;
    }

    function _finalize() internal returns (bool done) {
        State memory s = federation.state();
        (, uint256 endsAt) = federation.clock();
        bool due = _phase() == Phase.Challenging && time >= endsAt && s.demanded == 0;
        (bytes32 record,) = federation.heads();
        (uint256 own, uint256 tip) = (federation.balanceOf(claimed.claimer), federation.balanceOf(stranger));
        _do(due, stranger, 0, abi.encodeCall(federation.finalize, (claimed)));
        if (!due) return false;
        _gained(stranger, tip, terms.tip);
        own += (terms.bond + terms.fee) * terms.unit;
        require(federation.balanceOf(claimed.claimer) >= own, "bond and fee are not the claimer's");
        link = Link(record, s.round, claimed.modelRoot, keccak256(abi.encode(claimed)));
        (bytes32 now_,) = federation.heads();
        require(now_ == keccak256(abi.encode(link)), "another record");
        model = claimedModel;
        return true;
    }

    function _demand(Part part, address who, uint256 index) private {
        State memory s = federation.state();
        Phase phase = _phase();
        bool pending = phase == Phase.Challenging;
        uint256 endsAt = s.since + terms.committing + terms.revealing + (_judges() ? 2 : 1) * terms.judging;
        endsAt = pending ? s.since + s.claimedAfter + terms.challenge - 2 * terms.supply : endsAt + terms.turn;
        if (terms.mode == Mode.Direct) endsAt -= terms.supply;
        bool due = (pending || phase == Phase.Judging || phase == Phase.Claiming) && time < endsAt && index == 0;
        bytes32 key = keccak256(abi.encode(s.round, who));
        if (part == Part.Update) {
            due = due && _hasRevealed(s, who);
        } else {
            due = due && pending && who == claimed.claimer;
            key = keccak256(abi.encode(s.round, claimed)); // whoever claims the same in a later round shows it again
        }
        due = due && !demanded[key];
        _do(due, stranger, terms.stake * terms.unit, abi.encodeCall(federation.demand, (part, who, index, claimed)));
        if (!due) return;
        demanded[key] = true;
        owners.push(who);
        parts.push(part);
        asked.push(claimed);
        deadlines.push(time + terms.supply);
    }

    /// @dev What was asked of it pends.
    function _pends(uint256 place) private view returns (bool) {
        (, bytes32 pending) = federation.heads();
        return pending == keccak256(abi.encode(asked[place]));
    }

    function _supply(uint256 place, bool right) private {
        (address who, Part part) = (owners[place], parts[place]);
        PartyChunk memory p = _chunkOf(who);
        (, bytes32 kept,,) = federation.partyOf(who);
        bytes32 digest = keccak256(abi.encodePacked(p.root, p.weight, p.shift, p.cid));
        bool due = part == Part.Update ? uint256(kept ^ digest) >> 8 == 0 : _pends(place);
        if (part == Part.Model) p.data = _data(claimedModel);
        if (!right) p.data = _data([int256(5), 7]);
        due = due && right && time < deadlines[place];
        uint256 own = federation.balanceOf(who);
        Claim memory c = asked[place];
        _do(due, stranger, 0, abi.encodeCall(federation.supply, (part, 0, c, p)));
        if (!due) return;
        _gained(who, own, terms.stake);
        _answered(place);
    }

    function _forfeit(uint256 place) internal {
        (address who, Part part) = (owners[place], parts[place]);
        State memory s = federation.state();
        bool matters = part == Part.Update ? _hasRevealed(s, who) : _pends(place);
        bool due = !matters || time >= deadlines[place];
        (uint256 own, uint256 burnt) = (federation.balanceOf(stranger), federation.balanceOf(BURNT));
        Claim memory c = part == Part.Update ? claimed : asked[place];
        _do(due, stranger, 0, abi.encodeCall(federation.forfeit, (part, who, 0, c)));
        if (!due) return;
        if (part == Part.Model && matters) {
            _fell(own, terms.stake, terms.bond / 2, burnt);
        } else {
            _gained(stranger, own, terms.stake);
            s = federation.state();
            (uint256 seat,,,) = federation.partyOf(who);
            require(!matters || (s.seats | s.revealed) >> seat & 1 == 0, "who does not supply stays");
        }
        demanded[keccak256(part == Part.Update ? abi.encode(s.round, who) : abi.encode(s.round, asked[place]))] = false;
        _answered(place);
    }

    function _answered(uint256 place) private {
        (owners[place], parts[place]) = (owners[owners.length - 1], parts[parts.length - 1]);
        asked[place] = asked[asked.length - 1];
        deadlines[place] = deadlines[deadlines.length - 1];
        owners.pop();
        parts.pop();
        asked.pop();
        deadlines.pop();
    }

    function _aggregate(uint256 accepted) private view returns (int256[2] memory next) {
        int256 sum;
        int256 total;
        for (uint256 seat; accepted >> seat != 0; ++seat) {
            if (accepted >> seat & 1 == 0) continue;
            address who = _at(seat);
            sum += int256(values[who]) * int256(uint256(weights[who]));
            total += int256(uint256(weights[who]));
        }
        int256 mean = sum / total;
        if (sum < 0 && mean * total != sum) --mean;
        for (uint256 i; i < 2; ++i) {
            int256 x = model[i] + mean;
            next[i] = x > type(int32).max ? type(int32).max : x < type(int32).min ? type(int32).min : x;
        }
    }

    function _leader(State memory s, uint256 order) private pure returns (uint256) {
        for (; order != 0; order >>= 8) {
            if ((s.seats & ~s.tried) >> ((order & 255) - 1) & 1 != 0) return (order & 255) - 1;
        }
        return type(uint256).max;
    }
}
