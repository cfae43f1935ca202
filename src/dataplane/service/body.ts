/** What a request brings: JSON, a text, or a file. */

import type { TSchema } from 'typebox';
import Compile from 'typebox/compile';
import { Errors } from 'typebox/value';
import type { BodyKind } from '../operations/operation.ts';
import { knownBody, withoutNulls } from '../schema/check.ts';
import { ApiError } from './error.ts';
import { isLongList, listSlices } from './list-slices.ts';
import { uploadedFile } from './multipart.ts';

/** The body of a request as its operation takes it. Rejects with ApiError 400, 415 or 422. */
export async function readBody(kind: BodyKind | null, bytes: Buffer | undefined, type: string): Promise<unknown> {
  if (kind !== null && typeof kind === 'object' && 'model' in kind) {
    accept(type, ['application/json', '']);
    const found = knownBody(kind.model, kind.many, withoutNulls(parsed(bytes)));
    if (!('text' in found)) return found.value;
    throw new ApiError(422, found.text, found.field === '' ? {} : { field: found.field });
  }
  // Clients send junk with requests that have no body.
  return kind === null ? undefined : otherBody(kind, bytes, type);
}

type OtherKind = Exclude<BodyKind, { readonly model: string }>;

async function otherBody(kind: OtherKind, bytes: Buffer | undefined, type: string): Promise<unknown> {
  if (kind === 'text') {
    accept(type, ['text/plain', 'application/octet-stream', '']);
    return (bytes ?? Buffer.alloc(0)).toString('utf8');
  }
  if (kind === 'file') {
    accept(type, ['multipart/form-data']);
    return uploadedFile(bytes ?? Buffer.alloc(0), type);
  }
  accept(type, ['application/json', '']);
  if ('list' in kind) return listOf(kind.list, bytes);
  const value = withoutNulls(parsed(bytes));
  checkSchema(kind.schema, value, '');
  return value;
}

/** Checks by schema, each compiled once. */
const checks = new WeakMap<TSchema, (value: unknown) => boolean>();

function checkSchema(schema: TSchema, value: unknown, where: string): void {
  let check = checks.get(schema);
  if (check === undefined) {
    const validator = Compile(schema);
    check = (one) => validator.Check(one);
    checks.set(schema, check);
  }
  if (check(value)) return;
  const [error] = Errors(schema, value);
  const field = [where, (error?.instancePath ?? '').replace(/^\//, '')].filter((part) => part !== '').join('/');
  throw new ApiError(
    422,
    `${field || 'the body'} ${error?.message ?? 'is not as it should be'}`,
    field === '' ? {} : { field },
  );
}

/** A list of what fits a schema; a long one is read in parts, others are answered meanwhile. */
async function listOf(schema: TSchema, bytes: Buffer | undefined): Promise<unknown[]> {
  const all: unknown[] = [];
  const take = (elements: unknown) => {
    if (!Array.isArray(elements)) throw new ApiError(422, 'the body must be a list');
    for (const element of elements) {
      const value = withoutNulls(element);
      checkSchema(schema, value, String(all.length));
      all.push(value);
    }
  };
  if (bytes === undefined || !isLongList(bytes)) {
    take(parsed(bytes));
    return all;
  }
  try {
    for await (const elements of listSlices(bytes)) take(elements);
  } catch (error) {
    throw error instanceof SyntaxError ? notJson(error) : error;
  }
  return all;
}

function accept(type: string, allowed: readonly string[]): void {
  const media = type.split(';')[0]!.trim().toLowerCase();
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
    throw notJson(error as Error);
  }
}

function notJson({ message }: Error): ApiError {
  return new ApiError(400, `the body is no JSON: ${message}`);
}
