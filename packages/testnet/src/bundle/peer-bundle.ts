import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

export interface BundleOptions {
  /** The file that calls `runPeer`. */
  readonly entry: string
  /** Where bundles and compiled code are kept. It may be deleted whenever no testnet runs. */
  readonly cache: string
  /** Packages left out of the bundle. The peer then finds them from the cache folder upwards. */
  readonly external?: readonly string[]
}

/** A peer program in one file. Loading hundreds of modules is what makes a start slow, so there are none to load. */
export interface PeerBundle {
  readonly file: string
  /** For `NODE_COMPILE_CACHE`. */
  readonly compileCache: string
  /** Written just now, so nothing of it is compiled yet. */
  readonly isNew: boolean
}

/**
 * Bundles a peer program, about 0.2 s. The file's name holds its content's hash: the same program is the same file. Its source map
 * lies beside it, for the stacks of fatal errors.
 */
export async function bundlePeer(options: BundleOptions): Promise<PeerBundle> {
  const { outputFiles } = await build({
    entryPoints: [options.entry],
    outfile: join(options.cache, 'peer.mjs'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'none',
    external: [...(options.external ?? [])],
    banner: { js: requireBanner },
    logLevel: 'silent',
    write: false,
  })
  const [code, map] = ['.mjs', '.mjs.map'].map((end) => outputFiles.find(({ path }) => path.endsWith(end))?.contents)
  if (!code || !map) throw new Error(`expected a bundle of ${options.entry} and its source map, got ${outputFiles.length} outputs`)

  const hash = createHash('sha256').update(code).digest('hex').slice(0, 16)
  const file = join(options.cache, `peer-${hash}.mjs`)
  const compileCache = join(options.cache, 'compiled')
  const isNew = !existsSync(file)
  if (isNew) {
    mkdirSync(options.cache, { recursive: true })
    writeWhole(`${file}.map`, map)
    writeWhole(file, code)
  }
  return { file, compileCache, isNew }
}

/** Two testnets may write the same bundle at once, and neither may read the other's half. */
function writeWhole(file: string, contents: Uint8Array): void {
  const part = `${file}.${process.pid}.part`
  writeFileSync(part, contents)
  renameSync(part, file)
}

/** Some packages inside still call `require`, which an ES module doesn't have. */
const requireBanner = "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"
