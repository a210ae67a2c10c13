// Records goldens.json with the JavaScript implementation of UnixFS:
//   npm install --prefix WORK ipfs-unixfs-importer@17 blockstore-core
//   python -m tests.unit.storage.cases WORK/cases && cp tests/unit/storage/record.mjs WORK
//   node WORK/record.mjs WORK/cases > tests/unit/storage/goldens.json
import { readFileSync, readdirSync, createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { BlackHoleBlockstore } from 'blockstore-core'

const cases = process.argv[2]
const options = (chunkSize, maxChildrenPerNode, cidVersion, rawLeaves, shardSplitStrategy) => ({
  chunker: fixedSize({ chunkSize }), layout: balanced({ maxChildrenPerNode }), cidVersion, rawLeaves, shardSplitStrategy
})
const profiles = {
  'unixfs-v1-2025': { profile: 'unixfs-v1-2025' },
  'unixfs-v0-2015': { profile: 'unixfs-v0-2015' },
  'legacy-v1': options(262144, 174, 1, true, 'links-bytes'),
  'tiny-raw': options(4, 3, 1, true, 'block-bytes'),
  'tiny-wrapped': options(4, 3, 0, false, 'links-bytes')
}

async function root (candidates, settings) {
  let last
  for await (const entry of importer(candidates, new BlackHoleBlockstore(), settings)) last = entry
  return last.cid.toString()
}

function * walk (path, name) {
  if (!statSync(path).isDirectory()) return yield { path: name, content: readFileSync(path) }
  const entries = readdirSync(path)
  if (entries.length === 0) yield { path: name }
  for (const entry of entries) yield * walk(join(path, entry), `${name}/${entry}`)
}

const { version } = JSON.parse(readFileSync(new URL('node_modules/ipfs-unixfs-importer/package.json', import.meta.url)))
const goldens = { source: `ipfs-unixfs-importer ${version}`, files: {}, folders: {} }
for (const [name, settings] of Object.entries(profiles)) {
  goldens.files[name] = {}
  for (const size of readdirSync(join(cases, name))) {
    const content = createReadStream(join(cases, name, size))
    goldens.files[name][size] = await root([{ content }], { ...settings })
  }
  if (name.startsWith('tiny')) continue
  goldens.folders[name] = {}
  for (const folder of readdirSync(join(cases, 'folders'))) {
    goldens.folders[name][folder] = await root([...walk(join(cases, 'folders', folder), 'root')], { ...settings })
  }
}
console.log(JSON.stringify(goldens, null, 2))
