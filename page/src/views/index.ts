// The views, each a folder of its own that knows none of the others.
import type { ComponentType } from "preact";

export type View = { name: string; title: string; load(): Promise<{ default: ComponentType<{ rest: string[] }> }> };

export const VIEWS: View[] = [
  { name: "verify", title: "Verify", load: () => import("./verify/view") },
  { name: "registry", title: "Projects", load: () => import("./registry/view") },
  { name: "models", title: "Models", load: () => import("./models/view") },
  { name: "markets", title: "Markets", load: () => import("./markets/view") },
  { name: "competitions", title: "Competitions", load: () => import("./competitions/view") },
  { name: "tournaments", title: "Tournaments", load: () => import("./tournaments/view") },
  { name: "federations", title: "Federations", load: () => import("./federations/view") },
  { name: "sign", title: "Sign", load: () => import("./sign/view") },
];
