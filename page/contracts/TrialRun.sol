// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRunner} from "../../contracts/models/integer/IModelRunner.sol";

// solhint-disable no-inline-assembly

/// @title TrialRun
/// @notice What a model that nobody keeps yet predicts, by the very runner that will judge it. It is never deployed:
/// `eth_call` runs its creation, whose "code" is the answer, ABI-encoded as `int256[]`.
contract TrialRun {
    /// @notice Try `model`, and return what it predicts.
    /// @param samples in a row, each of `features` bytes.
    constructor(IModelRunner runner, bytes memory model, uint256 features, uint256 classes, bytes memory samples) {
        // It reverts where the model does not fit.
        runner.check(model, features, classes);
        address head = runner.keep(model);
        int256[] memory said = new int256[](samples.length / features);
        bytes memory sample = new bytes(features);
        for (uint256 i = 0; i < said.length; ++i) {
            for (uint256 j = 0; j < features; ++j) {
                sample[j] = samples[i * features + j];
            }
            said[i] = runner.predict(head, sample, classes);
        }
        bytes memory answer = abi.encode(said);
        assembly {
            return(add(answer, 32), mload(answer))
        }
    }
}
