// What a file of a prediction's proof is told by.
export const TYPE = "urn:diln:inclusion:v1";
const HEAD = 4096;

/** Whether a file presents itself as a proof. */
export async function isProof(file: File): Promise<boolean> {
  const head = await file.slice(0, HEAD).text();
  return head.trimStart().startsWith("{") && head.includes(TYPE);
}
