// Ten steps by ethers: node ethers.mjs URL KEY ARTIFACT. Prints what they showed as JSON.
import { readFileSync } from "node:fs";
import { ContractFactory, JsonRpcProvider, Wallet } from "ethers";

const [url, key, file] = process.argv.slice(2);
const { abi, bytecode } = JSON.parse(readFileSync(file, "utf8"));
const provider = new JsonRpcProvider(url, undefined, { cacheTimeout: -1, pollingInterval: 50 });
const wallet = new Wallet(key, provider);

const { chainId } = await provider.getNetwork();
const balance = await provider.getBalance(wallet.address);
const before = await provider.getBlockNumber();
const fees = await provider.send("eth_feeHistory", ["0x1", "latest", [50]]);
const contract = await new ContractFactory(abi, bytecode, wallet).deploy();
const deployed = await contract.deploymentTransaction().wait();
const args = ["by ethers", [wallet.address], [], 0];
const gas = await contract.createProject.estimateGas(...args);
const id = await contract.createProject.staticCall(...args);
const receipt = await (await contract.createProject(...args)).wait();
const [event] = await contract.queryFilter("ProjectCreated", before);
const project = await contract.project(id);
const earlier = await provider.getCode(contract.target, before);
const block = await provider.getBlock(receipt.blockNumber, true);
const status = ({ status }) => (status === 1 ? "success" : "reverted");

console.log(JSON.stringify({
  rich: balance > 0n, fees: fees.baseFeePerGas.length, deployed: status(deployed), estimated: gas >= receipt.gasUsed,
  status: status(receipt), event: event.args.projectId === id, name: project.name, earlier,
  sender: block.prefetchedTransactions[0].from === wallet.address, chain: Number(chainId),
}));
provider.destroy();
