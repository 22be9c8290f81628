import { EngineFailure } from './engine-failure.ts'
import { messageOf } from './onnx-model.ts'

/** The `data` lines of a stream of server-sent events. An event's end may fall anywhere in the chunks. */
export async function* eventData(response: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const part of textParts(response)) {
    const lines = (rest + part).split(/\r\n|\n|\r/)
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('data:')) yield line.slice('data:'.length).trim()
  }
  if (rest.startsWith('data:')) yield rest.slice('data:'.length).trim()
}

async function* textParts(response: Response): AsyncGenerator<string> {
  if (response.body === null) return
  const decoder = new TextDecoder()
  try {
    for await (const bytes of response.body) yield decoder.decode(bytes, { stream: true })
  } catch (error) {
    throw new EngineFailure('upstream-lost', `${response.url} broke off: ${messageOf(error)}`, { cause: error })
  }
}
