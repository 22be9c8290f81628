import type { Context } from 'hono'
import type { ApiError } from './backend.ts'

/** OpenAI's error body. */
export function errorBody({ message, type, code, param }: ApiError): { readonly error: Record<string, string | null> } {
  return { error: { message, type, param: param ?? null, code } }
}

export function errorResponse(context: Context, error: ApiError): Response {
  if (error.retryAfterSeconds !== undefined) context.header('retry-after', String(Math.ceil(error.retryAfterSeconds)))
  return context.json(errorBody(error), error.status)
}

export function modelNotFound(model: string): ApiError {
  const message = `The model '${model}' is not served here. GET /v1/models lists those that are.`
  return { status: 404, type: 'invalid_request_error', code: 'model_not_found', message, param: 'model' }
}

/** Our own bug, or a backend's: the client learns that it failed, and the text of the error. */
export function internalError(error: unknown): ApiError {
  const message = error instanceof Error ? error.message : String(error)
  return { status: 500, type: 'server_error', code: 'internal_error', message }
}

export const unfinished: ApiError = {
  status: 502,
  type: 'server_error',
  code: 'incomplete_answer',
  message: 'the answer ended without a final event',
}
