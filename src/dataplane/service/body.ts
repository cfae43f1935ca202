/** What a request brings: JSON, a text, or a file. */

import { Errors } from 'typebox/value';
import type { BodyKind } from '../operations/operation.ts';
import { bodyProblem, withoutNulls } from '../schema/check.ts';
import { ApiError } from './error.ts';
import { uploadedFile } from './multipart.ts';

/** The body of a request as its operation takes it. Throws ApiError 400, 415 or 422. */
export function readBody(kind: BodyKind | null, bytes: Buffer | undefined, type: string): unknown {
  // Clients send junk with requests that have no body.
  if (kind === null) return undefined;
  const media = type.split(';')[0]!.trim().toLowerCase();
  if (kind === 'text') {
    accept(media, ['text/plain', 'application/octet-stream', '']);
    return (bytes ?? Buffer.alloc(0)).toString('utf8');
  }
  if (kind === 'file') {
    accept(media, ['multipart/form-data']);
    return uploadedFile(bytes ?? Buffer.alloc(0), type);
  }
  accept(media, ['application/json', '']);
  const value = withoutNulls(parsed(bytes));
  if ('schema' in kind) {
    const [error] = Errors(kind.schema, value);
    if (error === undefined) return value;
    const field = error.instancePath.replace(/^\//, '');
    throw new ApiError(422, `${field || 'the body'} ${error.message}`, field === '' ? {} : { field });
  }
  const problem = bodyProblem(kind.model, kind.many, value);
  if (problem !== null) throw new ApiError(422, problem.text, problem.field === '' ? {} : { field: problem.field });
  return value;
}

function accept(media: string, allowed: readonly string[]): void {
  if (!allowed.includes(media))
    throw new ApiError(
      415,
      `unsupported media type '${media}': this takes ${allowed.filter((one) => one !== '').join(' or ')}`,
    );
}

function parsed(bytes: Buffer | undefined): unknown {
  if (bytes === undefined || bytes.length === 0) throw new ApiError(400, 'the body is missing');
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (error) {
    throw new ApiError(400, `the body is no JSON: ${(error as Error).message}`);
  }
}
