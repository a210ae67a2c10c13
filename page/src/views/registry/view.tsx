// Projects, their versions with metrics, and a version's lineage.
import { useSignal } from "@preact/signals";
import type { Hex } from "viem";
import { useEffect } from "preact/hooks";
import * as registry from "../../chain/registry";
import type { Project, Version } from "../../chain/registry";
import { count, moment, shown } from "../../chain/words";
import { block } from "../../files/bytes";
import { toldIn, type Told } from "../../files/metrics";
import { Chart } from "../../parts/chart";
import { Hash, Loaded, save } from "../../parts/parts";
import { mined } from "../../wallet/transactions";
import { Govern } from "./govern";
import { LineageView } from "./lineage";

/** #/registry, #/registry/<project>, #/registry/<project>/<artifact hash> */
export default function Registry({ rest: [project, artifact] }: { rest: string[] }) {
  if (project && artifact) return <VersionPage key={project + artifact} project={project as Hex} artifact={artifact as Hex} />;
  return project ? <ProjectPage key={project} id={project as Hex} /> : <Projects />;
}

function Projects() {
  return (
    <section aria-labelledby="projects">
      <h2 id="projects">Projects</h2>
      <p>Models whose versions were published in the registry. <a href="#/sign">Sign a manifest.</a></p>
      <Loaded what="the registry's projects" read={registry.projects} again={[mined.value]}>
        {found => found.length ? (
          <table>
            <caption class="sr">Projects, the newest first</caption>
            <thead><tr><th>Name</th><th>Owner</th><th>Versions</th><th>Must sign</th></tr></thead>
            <tbody>{found.toReversed().map(each => (
              <tr key={each.id}>
                <td data-label="Name"><span><a href={`#/registry/${each.id}`}>{shown(each.name, 80)}</a>{each.paused && " (paused)"}</span></td>
                <td data-label="Owner"><Hash value={each.owner} /></td>
                <td data-label="Versions">{each.versions}</td>
                <td data-label="Must sign">{each.threshold} of {each.participants}</td>
              </tr>
            ))}</tbody>
          </table>
        ) : <p>There is no project yet: <code>diln publish</code> makes one.</p>}
      </Loaded>
    </section>
  );
}

type Described = Version & Told;

/** A version with what its manifest says, which is believed by its hash only. */
const described = async (version: Version): Promise<Described> => ({ ...version, ...toldIn(await block(version.manifestDigest)) });

async function readProject(id: Hex): Promise<{ project: Project; versions: Version[] }> {
  const [project] = await registry.projectsById([id]);
  if (!project) throw new Error("This registry has no such project.");
  return { project, versions: await registry.versionsOf(id) };
}

function ProjectPage({ id }: { id: Hex }) {
  return (
    <Loaded what="the project" read={() => readProject(id)} again={[id, mined.value]}>
      {({ project, versions }) => (
        <section aria-labelledby="project">
          <h2 id="project">{shown(project.name, 80)}</h2>
          <p>Owned by <Hash value={project.owner} />; {project.threshold} of {count(project.participants, "participant")} must sign a version.{project.paused && " It is paused: nothing can be published."}</p>
          <p>Anybody may use the name; the id is its own: <code>{id}</code></p>
          <Measured project={project} versions={versions} />
          <Members id={id} />
          <Govern project={project} />
        </section>
      )}
    </Loaded>
  );
}

function Members({ id }: { id: Hex }) {
  const list = (what: string, all: string[]) => (
    <><dt>{what}</dt><dd>{all.length ? all.map(each => <div key={each}><code>{each}</code></div>) : "nobody"}</dd></>
  );
  return (
    <details>
      <summary>Who may sign and publish</summary>
      <Loaded what="the members" read={() => registry.membersOf(id)} again={[id, mined.value]}>
        {({ publishers, participants }) => <dl>{list("Participants, whose signatures count", participants)}{list("Publishers, beside the owner", publishers)}</dl>}
      </Loaded>
    </details>
  );
}

/** The versions at once, and their metrics when their manifests are there. */
function Measured({ project, versions }: { project: Project; versions: Version[] }) {
  const metric = useSignal(""), all = useSignal<Described[]>([]);
  useEffect(() => {
    Promise.all(versions.map(described)).then(found => { all.value = found; }, () => undefined);
  }, [versions]);
  const names = [...new Set(all.value.flatMap(each => Object.keys(each.metrics.all)))].sort();
  const chosen = names.includes(metric.value) ? metric.value : all.value.findLast(each => each.metrics.first)?.metrics.first;
  const points = chosen ? all.value.filter(each => Object.hasOwn(each.metrics.all, chosen)) : [];
  return (
    <>
      {!all.value.length && versions.length > 1 && <p role="status" class="reserved">Reading the manifests…</p>}
      {chosen && (
        <>
          <label for="metric">Metric</label>{" "}
          <select id="metric" value={chosen} onChange={event => { metric.value = event.currentTarget.value; }}>
            {names.map(each => <option key={each}>{shown(each, 60)}</option>)}
          </select>
          <Chart title={`${shown(chosen, 60)} of each version`} xs={points.map(each => each.number)} ys={points.map(each => each.metrics.all[chosen]!)} x="version" />
        </>
      )}
      <Versions project={project} versions={all.value.length ? all.value : versions.map(each => ({ ...each, ...toldIn(null) }))} metric={chosen} />
    </>
  );
}

function Versions({ project, versions, metric }: { project: Project; versions: Described[]; metric: string | undefined }) {
  return (
    <table>
      <caption class="sr">Versions of {shown(project.name, 80)}, the newest first</caption>
      <thead><tr><th>Version</th><th>Published</th><th>Status</th><th>SHA-256</th>{metric && <th>{shown(metric, 40)}</th>}</tr></thead>
      <tbody>{versions.toReversed().map(each => (
        <tr key={each.versionId}>
          <td data-label="Version"><a href={`#/registry/${project.id}/${each.artifactHash}`}>version {each.number}</a>{each.withheld && " (private)"}</td>
          <td data-label="Published">{moment(each.publishedAt)}</td>
          <td data-label="Status"><span>{each.status}{each.reason && `: ${shown(each.reason, 80)}`}</span></td>
          <td data-label="SHA-256"><Hash value={each.artifactHash} /></td>
          {metric && <td data-label={shown(metric, 40)}>{Object.hasOwn(each.metrics.all, metric) ? each.metrics.all[metric]!.toPrecision(4) : each.withheld ? "withheld" : "–"}</td>}
        </tr>
      ))}</tbody>
    </table>
  );
}

async function readVersion(project: Hex, artifact: Hex) {
  const version = await registry.versionIn(project, artifact);
  if (!version) throw new Error("This project has no such version.");
  const [tree, [home], published] = await Promise.all([
    registry.lineage(version), registry.projectsById([project]), registry.publicationOf(version),
  ]);
  return { version, tree, home: home!, signers: published.args.signers as Hex[], transaction: published.transaction };
}

/** By what the registry knows a version, what its manifest says, and the manifest itself. */
function Manifest({ digest, artifactHash }: { digest: Hex; artifactHash: Hex }) {
  const content = useSignal<Uint8Array | null | undefined>(undefined);
  useEffect(() => { void block(digest).then(found => { content.value = found; }); }, [digest]);
  const { name, withheld, metrics: { all } } = toldIn(content.value ?? null);
  const measured = Object.entries(all).map(([each, value]) => `${shown(each, 60)} ${value.toPrecision(4)}`).join(", ");
  return (
    <>
      {name && <><dt>Name</dt><dd>{shown(name, 80)}{withheld && ": its manifest holds salted commitments, of which its owner can disclose any"}</dd></>}
      <dt>{withheld ? "Salted commitment to its SHA-256" : "SHA-256"}</dt><dd><code>{artifactHash.slice(2)}</code></dd>
      <dt>Manifest</dt><dd><code>{digest.slice(2)}</code></dd>
      {content.value === null && <dd>It is not in this storage: <code>diln pin get</code> brings it.</dd>}
      {content.value && <dd><button onClick={() => save("manifest.json", new TextDecoder().decode(content.value!))}>Save the manifest</button></dd>}
      {content.value && (measured || !withheld) && <><dt>Measured, by its word</dt><dd>{measured || "nothing"}</dd></>}
    </>
  );
}

function VersionPage({ project, artifact }: { project: Hex; artifact: Hex }) {
  return (
    <Loaded what="the version" read={() => readVersion(project, artifact)} again={[project, artifact, mined.value]}>
      {({ version, tree, home, signers, transaction }) => (
        <section aria-labelledby="version">
          <h2 id="version"><a href={`#/registry/${project}`}>{shown(home.name, 80)}</a>, version {version.number}</h2>
          <p>It is <b>{version.status}</b>{version.reason && `: ${shown(version.reason)}`}. Published {moment(version.publishedAt)}.</p>
          <dl>
            <Manifest digest={version.manifestDigest} artifactHash={version.artifactHash} />
            <dt>Signed by</dt><dd>{signers.length ? signers.map(each => <div key={each}><code>{each}</code></div>) : "nobody"}</dd>
            <dt>Transaction</dt><dd><code>{transaction}</code></dd>
            {version.chunks.length > 0 && <><dt>On-chain</dt><dd>{count(version.chunks.length, "contract")} hold its bytes</dd></>}
          </dl>
          <h3>Lineage</h3>
          <LineageView tree={tree} />
          <Govern project={home} version={version} />
        </section>
      )}
    </Loaded>
  );
}

