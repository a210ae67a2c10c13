// What participants sign: a publication, as EIP-712 lays it out for one registry on one chain.
import type { Address, Hex } from "viem";
import { hashTypedData, recoverAddress } from "viem/utils";
import { read } from "./read";
import { addressOf, ask, config } from "./site";

export type Publication = {
  projectId: Hex; artifactHash: Hex; manifestDigest: Hex; cidKind: number; cidDigest: Hex; parents: readonly Hex[]; deployable: boolean;
};
/** An entry of signatures.json, the file that `diln sign` writes. */
export type Signature = { participant: Address; signature: Hex; chainId: number; contract: Address; project: string; manifest: string };

export const TYPES = {
  EIP712Domain: [
    { name: "name", type: "string" }, { name: "version", type: "string" },
    { name: "chainId", type: "uint256" }, { name: "verifyingContract", type: "address" },
  ],
  Publication: [
    { name: "projectId", type: "bytes32" }, { name: "artifactHash", type: "bytes32" }, { name: "manifestDigest", type: "bytes32" },
    { name: "cidKind", type: "uint8" }, { name: "cidDigest", type: "bytes32" }, { name: "parents", type: "bytes32[]" },
    { name: "deployable", type: "bool" },
  ],
};

/** The message that wallets show and sign (EIP-712). */
export function typedData(publication: Publication, chainId: number, verifyingContract: Address) {
  const domain = { name: "DILN ModelRegistry", version: "1", chainId, verifyingContract };
  return { types: TYPES, primaryType: "Publication" as const, domain, message: publication };
}

/** The message for this chain's registry. */
export const messageOf = (publication: Publication) => typedData(publication, config.value!.chainId, addressOf("ModelRegistry"));

export const digestOf = (publication: Publication): Hex => hashTypedData(messageOf(publication) as any);

/** Whether a signature is meant for this chain's registry, and a project there. */
export const isFor = ({ chainId, contract, project }: Signature, projectId: Hex): boolean =>
  chainId === config.value!.chainId && `0x${project}` === projectId && contract.toLowerCase() === addressOf("ModelRegistry").toLowerCase();

const IS_VALID = [{
  type: "function", name: "isValidSignature", stateMutability: "view", inputs: [{ type: "bytes32" }, { type: "bytes" }], outputs: [{ type: "bytes4" }],
}] as const;
const VALID = "0x1626ba7e"; // what a contract answers that stands by a signature (ERC-1271)

/** Whether the participant's own key signed the publication of this digest, or a contract stands by the signature. */
export async function isTheirs({ participant, signature }: Signature, digest: Hex): Promise<boolean> {
  const signer = await recoverAddress({ hash: digest, signature }).catch(() => null);
  if (signer?.toLowerCase() === participant.toLowerCase()) return true;
  return (await read<Hex>(ask, IS_VALID, participant, "isValidSignature", [digest, signature]).catch(() => "0x")) === VALID;
}

/** Whether somebody signs by a contract's rules, which may change. */
export const isContract = async (who: Address): Promise<boolean> => (await ask("eth_getCode", [who, "latest"])) !== "0x";

const HASH = /^[0-9a-f]{64}$/, ADDRESS = /^0x[0-9a-fA-F]{40}$/;

/** The signatures in a file. Throws for what is none. */
export function signaturesIn(content: Uint8Array): Signature[] {
  const found = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content));
  const fits = (each: any): boolean => ADDRESS.test(each?.participant) && ADDRESS.test(each.contract) && HASH.test(each.project) && HASH.test(each.manifest)
    && /^0x([0-9a-f]{2})*$/.test(each.signature) && Number.isSafeInteger(each.chainId);
  if (!Array.isArray(found) || !found.every(fits)) throw new Error("This is not a file of signatures.");
  return found;
}
