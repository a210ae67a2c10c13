// Ten steps by viem: node viem.mjs URL KEY ARTIFACT. Prints what they showed as JSON.
import { readFileSync } from "node:fs";
import { createPublicClient, createWalletClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const [url, key, file] = process.argv.slice(2);
const { abi, bytecode } = JSON.parse(readFileSync(file, "utf8"));
const account = privateKeyToAccount(key);
const transport = http(url, { batch: true });
const id = await createPublicClient({ transport }).getChainId();
const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
const chain = defineChain({ id, name: "test", nativeCurrency, rpcUrls: { default: { http: [url] } } });
const reader = createPublicClient({ chain, transport, pollingInterval: 50 });
const writer = createWalletClient({ chain, account, transport });

const balance = await reader.getBalance({ address: account.address });
const before = await reader.getBlockNumber({ cacheTime: 0 });
const fees = await reader.getFeeHistory({ blockCount: 1, rewardPercentiles: [50] });
const deployed = await reader.waitForTransactionReceipt({ hash: await writer.deployContract({ abi, bytecode }) });
const address = deployed.contractAddress;
const args = ["by viem", [account.address], [], 0];
const gas = await reader.estimateContractGas({ abi, address, account, functionName: "createProject", args });
const { request, result } = await reader.simulateContract({ abi, address, account, functionName: "createProject", args });
const receipt = await reader.waitForTransactionReceipt({ hash: await writer.writeContract(request) });
const [event] = await reader.getContractEvents({ abi, address, eventName: "ProjectCreated", fromBlock: before });
const project = await reader.readContract({ abi, address, functionName: "project", args: [result] });
const earlier = await reader.getCode({ address, blockNumber: before });
const block = await reader.getBlock({ blockNumber: receipt.blockNumber, includeTransactions: true });

console.log(JSON.stringify({
  rich: balance > 0n, fees: fees.baseFeePerGas.length, deployed: deployed.status, estimated: gas >= receipt.gasUsed,
  status: receipt.status, event: event.args.projectId === result, name: project.name, earlier: earlier ?? "0x",
  sender: block.transactions[0].from.toLowerCase() === account.address.toLowerCase(), chain: id,
}));
