// Keeps compiled code between commands: stripping types and compiling hundreds of modules is half of a short command's time.
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..', '..')
enableCompileCache(join(root, 'node_modules', '.cache', 'infermesh', 'compiled'))
await import('../src/main.ts')
