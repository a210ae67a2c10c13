// What a verification found: checks with their outcomes, and what they amount to in plain words.
export type Outcome = "passed" | "failed" | "not checked" | "not needed";
export type Check = { name: string; outcome: Outcome; sentence: string };

export class Findings {
  readonly checks: Check[] = [];
  readonly proven: string[] = [];
  readonly notProven: string[] = [];

  constructor(readonly subject: string) {}

  add(name: string, outcome: Outcome, sentence: string): void {
    this.checks.push({ name, outcome, sentence });
  }

  check(name: string, holds: boolean, good: string, bad: string): boolean {
    this.add(name, holds ? "passed" : "failed", holds ? good : bad);
    return holds;
  }

  /** Nothing failed. */
  get ok(): boolean {
    return this.checks.every(each => each.outcome !== "failed");
  }

  /** Nothing failed, and every check could be made. */
  get whole(): boolean {
    return this.ok && this.checks.every(each => each.outcome !== "not checked");
  }
}

export const DEVELOPMENT_CHAIN = "That the record is final: this is a development chain, and whoever runs it can rewrite it.";
export const ONE_NODE = "That the node told the truth about the chain: ask another one to be sure.";
