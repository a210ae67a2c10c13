// A version's ancestry, as a picture and as a nested list that says the same.
import type { Hex } from "viem";
import { walk, type Lineage } from "../../chain/registry";
import { shown } from "../../chain/words";

const WIDTH = 150, HEIGHT = 44, GAP_X = 24, GAP_Y = 40;

/** Rows of versions: each stands above all that it was made from. */
export function rows(tree: Lineage): Lineage[][] {
  const depth = new Map<Hex, number>(), nodes = new Map<Hex, Lineage>();
  function place(node: Lineage, at: number): void {
    const id = node.version.versionId;
    if (!node.repeated) nodes.set(id, node);
    if ((depth.get(id) ?? -1) >= at) return;
    depth.set(id, at);
    for (const parent of nodes.get(id)?.parents ?? node.parents) place(parent, at + 1);
  }
  for (const node of walk(tree)) if (!node.repeated) nodes.set(node.version.versionId, node);
  place(tree, 0);
  const found: Lineage[][] = [];
  for (const [id, at] of depth) (found[at] ??= []).push(nodes.get(id)!);
  return found;
}

export function LineageView({ tree }: { tree: Lineage }) {
  if (!tree.parents.length) return <p>It names no parents{tree.cut && ", as far as they are followed"}.</p>;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label="Lineage, as a picture"><Picture tree={tree} /></div>
      <ul class="tree"><Node node={tree} /></ul>
    </>
  );
}

function Picture({ tree }: { tree: Lineage }) {
  const all = rows(tree);
  const widest = Math.max(...all.map(row => row.length));
  const places = new Map<Hex, { x: number; y: number }>();
  all.forEach((row, at) => row.forEach((node, index) => places.set(node.version.versionId, {
    x: index * (WIDTH + GAP_X) + ((widest - row.length) * (WIDTH + GAP_X)) / 2, y: at * (HEIGHT + GAP_Y),
  })));
  const width = widest * (WIDTH + GAP_X) - GAP_X + 4, height = all.length * (HEIGHT + GAP_Y) - GAP_Y + 4;
  const nodes = all.flat();
  return (
    <svg viewBox={`-2 -2 ${width} ${height}`} width={width} height={height} style={{ maxWidth: "none" }} role="img" aria-label={`${nodes.length} versions; the list below says the same`}>
      {nodes.flatMap(node => node.parents.map(parent => {
        const from = places.get(node.version.versionId)!, to = places.get(parent.version.versionId)!;
        const x1 = from.x + WIDTH / 2, y1 = from.y + HEIGHT, x2 = to.x + WIDTH / 2, bend = GAP_Y / 2;
        return <path class="edge" d={`M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${to.y - bend} ${x2} ${to.y}`} />;
      }))}
      {nodes.map(({ version }) => {
        const { x, y } = places.get(version.versionId)!;
        return (
          <g key={version.versionId} transform={`translate(${x} ${y})`}>
            <rect width={WIDTH} height={HEIGHT} rx="6" class={version.status === "revoked" ? "node revoked" : "node"} />
            <text x={WIDTH / 2} y="19" text-anchor="middle">version {version.number}, {version.status}</text>
            <text x={WIDTH / 2} y="35" text-anchor="middle">{version.artifactHash.slice(2, 14)}…</text>
          </g>
        );
      })}
    </svg>
  );
}

function Node({ node: { version, parents, repeated, cut } }: { node: Lineage }) {
  return (
    <li>
      <a href={`#/registry/${version.projectId}/${version.artifactHash}`}>version {version.number}, {version.artifactHash.slice(2, 14)}…</a>,{" "}
      {version.status}{version.reason && `: ${shown(version.reason, 80)}`}{repeated && " (its parents stand above)"}{cut && " (not followed further)"}
      {parents.length > 0 && <ul>{parents.map(each => <Node key={each.version.versionId} node={each} />)}</ul>}
    </li>
  );
}
