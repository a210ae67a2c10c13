// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

/**
 * @title Bytes kept as the code of contracts
 *
 * The same bytes, written by the same contract, have the same address: writing them again costs no second code.
 * Bytes too long for one code go into several; the head then starts with the mark ff, the number of the others,
 * and their addresses, so that the head's address stands for all bytes. Bytes that start with ff are refused
 * (no model does).
 */
library CodeStore {
    /// What one code holds: EIP-170's limit less the leading STOP.
    uint256 internal constant MAX_CHUNK = 24_575;
    uint256 private constant MARK = 0xff;

    error MarkedAsLink();

    /// Keep `data` and return the address of its head.
    function write(bytes memory data) internal returns (address head) {
        require(data.length == 0 || uint8(data[0]) != MARK, MarkedAsLink());
        if (data.length <= MAX_CHUNK) return put(data);
        uint256 others = 1;
        while (_headRoom(others) + others * MAX_CHUNK < data.length) ++others;
        uint256 offset = _headRoom(others);
        bytes memory links = abi.encodePacked(uint8(MARK), uint8(others));
        bytes memory start = _cut(data, 0, offset);
        while (offset < data.length) {
            uint256 length = data.length - offset < MAX_CHUNK ? data.length - offset : MAX_CHUNK;
            links = abi.encodePacked(links, put(_cut(data, offset, length)));
            offset += length;
        }
        return put(abi.encodePacked(links, start));
    }

    /// Keep `data`, of MAX_CHUNK bytes at most and whatever it starts with, as one code for `slice`.
    function put(bytes memory data) internal returns (address code) {
        code = SSTORE2.predictCounterfactualAddress(data, 0);
        if (code.code.length == 0) SSTORE2.writeCounterfactual(data, 0);
    }

    /// All bytes behind `head`, which `write` returned.
    function read(address head) internal view returns (bytes memory data) {
        uint256 length = head.code.length - 1;
        if (length == 0) return data;
        bytes memory mark = _allocate(2);
        _copy(head, 1, 2, mark, 0);
        if (uint8(mark[0]) != MARK) {
            data = _allocate(length);
            _copy(head, 1, length, data, 0);
            return data;
        }
        return _readLinked(head, length, uint8(mark[1]));
    }

    /// `length` bytes of the single code at `code`, from byte `offset` of what it holds.
    function slice(address code, uint256 offset, uint256 length) internal view returns (bytes memory data) {
        data = _allocate(length);
        _copy(code, offset + 1, length, data, 0);
    }

    function _readLinked(address head, uint256 length, uint256 others) private view returns (bytes memory data) {
        uint256 room = _headRoom(others);
        bytes memory links = _allocate(20 * others);
        _copy(head, 3, 20 * others, links, 0);
        address last = _link(links, others - 1);
        uint256 inLast = last.code.length - 1;
        assert(length == 2 + 20 * others + room);
        data = _allocate(room + (others - 1) * MAX_CHUNK + inLast);
        _copy(head, 3 + 20 * others, room, data, 0);
        for (uint256 i = 0; i + 1 < others; ++i) {
            _copy(_link(links, i), 1, MAX_CHUNK, data, room + i * MAX_CHUNK);
        }
        _copy(last, 1, inLast, data, data.length - inLast);
    }

    /// What a head with links to `others` codes holds besides them.
    function _headRoom(uint256 others) private pure returns (uint256) {
        return MAX_CHUNK - 2 - 20 * others;
    }

    function _link(bytes memory links, uint256 index) private pure returns (address link) {
        assembly ("memory-safe") {
            link := shr(96, mload(add(add(links, 32), mul(20, index))))
        }
    }

    function _cut(bytes memory data, uint256 from, uint256 length) private pure returns (bytes memory cut) {
        cut = _allocate(length);
        assembly ("memory-safe") {
            let source := add(add(data, 32), from)
            let target := add(cut, 32)
            for { let i := 0 } lt(i, length) { i := add(i, 32) } {
                mstore(add(target, i), mload(add(source, i)))
            }
            mstore(add(target, length), 0) // no dirty bytes behind the end
        }
    }

    function _copy(address code, uint256 from, uint256 length, bytes memory data, uint256 to) private view {
        assembly ("memory-safe") {
            extcodecopy(code, add(add(data, 32), to), from, length)
        }
    }

    /// Room for `length` bytes and a word more, not cleared except for the last two words.
    function _allocate(uint256 length) private pure returns (bytes memory data) {
        assembly ("memory-safe") {
            data := mload(0x40)
            let end := add(add(data, 32), length)
            mstore(data, length)
            mstore(end, 0)
            mstore(0x40, and(add(end, 95), not(31)))
        }
    }
}
