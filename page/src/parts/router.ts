// Routes are hashes, so that any static host will do.
import { signal } from "@preact/signals";

/** The parts of a route; nothing of one that is not text. */
export function partsOf(hash: string): string[] {
  try {
    return hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    return [];
  }
}
const here = (): string[] => partsOf(location.hash);

/** The parts of the route, such as ["model", "0x…"]. */
export const route = signal(here());

addEventListener("hashchange", () => {
  route.value = here();
  document.querySelector<HTMLElement>("main")?.focus();
});
