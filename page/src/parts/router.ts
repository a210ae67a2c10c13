// Routes are hashes, so that any static host will do.
import { signal } from "@preact/signals";

const here = (): string[] => location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);

/** The parts of the route, such as ["model", "0x…"]. */
export const route = signal(here());

addEventListener("hashchange", () => {
  route.value = here();
  document.querySelector<HTMLElement>("main")?.focus();
});
