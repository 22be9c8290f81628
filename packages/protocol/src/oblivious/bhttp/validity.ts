import type { Field } from './message.ts'

/**
 * Why a field section is invalid, or `undefined`. Rules of RFC 9292 §3.6 and RFC 9113 §8.2: names are lower-case tokens, values hold
 * no NUL, CR or LF and no space around them, the connection's own fields are absent, extension pseudo-fields come first.
 */
export function fieldsFault(fields: readonly Field[]): string | undefined {
  let ordinary = false
  for (const [name, value] of fields) {
    const pseudo = name.startsWith(':')
    if (pseudo && (ordinary || CONTROL_FIELDS.has(name))) return `a pseudo-field ${JSON.stringify(name)} where none may be`
    if (!pseudo) ordinary = true
    if (!NAME.test(pseudo ? name.slice(1) : name)) return `a field name ${JSON.stringify(name)} that is no lower-case token`
    if (CONNECTION_FIELDS.has(name) || (name === 'te' && value !== 'trailers')) return `a field of the connection itself, ${name}`
    if (!VALUE.test(value)) return `a value of ${name} with a control character or space around it`
  }
  return undefined
}

export interface RequestControl {
  readonly method: string
  readonly scheme: string
  readonly authority: string
  readonly path: string
}

/** Why the control data of a request are invalid, or `undefined`. Spaces and controls would let a request be split in HTTP/1.1. */
export function controlFault(control: RequestControl): string | undefined {
  if (!TOKEN.test(control.method)) return 'a method that is no token'
  for (const part of ['scheme', 'authority', 'path'] as const) {
    if (!VISIBLE.test(control[part])) return `a ${part} with a space or control character`
  }
  return undefined
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const VALUE = /^(?![ \t])[^\0\r\n]*(?<![ \t])$/
const VISIBLE = /^[!-~\x80-\xff]*$/
const CONTROL_FIELDS = new Set([':method', ':scheme', ':authority', ':path', ':status'])
const CONNECTION_FIELDS = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])
