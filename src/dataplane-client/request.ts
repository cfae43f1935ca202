/** One request to a Data Plane API. */

import { randomUUID } from 'node:crypto';
import { type HttpAnswer, HttpRequestError, type HttpTls, requestHttp } from '../util/http-request.ts';
import type { Address } from './address.ts';
import type { CallOptions } from './call-options.ts';
import { DataPlaneError, NoAnswerError, refusedError } from './errors.ts';
import type { FileUpload } from './file-upload.ts';
import type { Answered, Method } from './types.ts';

export interface Connection extends Address {
  readonly timeout: number;
  readonly limit: number;
  readonly tls: HttpTls;
}

/** A call without its types. */
export interface Call extends CallOptions {
  readonly path?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
}

/** Paths whose text bodies are no JSON. */
const TEXT_BODIES = /\/(configuration\/raw|storage\/(maps|ssl_certificates|ssl_crt_lists)\/\{name\})$/;

/** Asks. Rejects with a RefusedError, a NoAnswerError, or the signal's reason. */
export async function ask(
  connection: Connection,
  method: Method,
  path: string,
  call: Call,
): Promise<Answered<unknown>> {
  const { url, socketPath, user, password, limit, tls } = connection;
  const target = new URL(filled(path, call.path ?? {}), url);
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== undefined) target.searchParams.set(name, String(value));
  const { body, type } = bodyOf(path, call.body);
  const headers = {
    accept: 'application/json, text/plain',
    ...(type === null ? {} : { 'content-type': type }),
    ...(user === null ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` }),
    ...(call.ifMatch === undefined ? {} : { 'if-match': call.ifMatch }),
  };
  let answer: HttpAnswer;
  try {
    const given = body === null ? {} : { body };
    const { timeout = connection.timeout, signal } = call;
    answer = await requestHttp(target, { method, headers, ...given, timeout, limit, signal, tls, socketPath });
  } catch (error) {
    if (error instanceof HttpRequestError) throw new NoAnswerError(error.code, error.message);
    throw error;
  }
  return answered(answer, `${method} ${target.pathname}`);
}

function filled(path: string, values: Readonly<Record<string, string | number>>): string {
  const whole = path.startsWith('/v2/') ? path : `/v3${path}`;
  return whole.replaceAll(/\{([^}]+)\}/g, (_braces, name: string) => {
    const value = String(values[name] ?? '');
    // Dots alone would be another path.
    if (value === '' || value === '.' || value === '..')
      throw new DataPlaneError(`'${value}' cannot stand for {${name}} in ${path}`);
    return encodeURIComponent(value);
  });
}

function bodyOf(path: string, body: unknown): { readonly body: string | Buffer | null; readonly type: string | null } {
  if (body === undefined) return { body: null, type: null };
  if (typeof body === 'string' && TEXT_BODIES.test(path)) return { body, type: 'text/plain' };
  if (isUpload(body)) return multipart(body);
  return { body: JSON.stringify(body), type: 'application/json' };
}

function isUpload(body: unknown): body is FileUpload {
  const { name, content } = (body ?? {}) as Partial<FileUpload>;
  return typeof name === 'string' && (typeof content === 'string' || content instanceof Uint8Array);
}

function multipart({ name, content }: FileUpload): { readonly body: Buffer; readonly type: string } {
  const boundary = `----${randomUUID()}`;
  const shown = name.replaceAll(/["\r\n]/g, '_');
  const head = `--${boundary}\r\ncontent-disposition: form-data; name="file_upload"; filename="${shown}"\r\ncontent-type: application/octet-stream\r\n\r\n`;
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return { body, type: `multipart/form-data; boundary=${boundary}` };
}

function answered({ status, headers, body }: HttpAnswer, what: string): Answered<unknown> {
  const isJson = /json/.test(headers['content-type'] ?? '');
  const text = body.toString('utf8');
  let value: unknown = text === '' ? undefined : text;
  if (isJson && text !== '')
    try {
      value = JSON.parse(text);
    } catch {
      throw new NoAnswerError('PROTOCOL', `${what}: the answer is no JSON`);
    }
  if (status < 200 || status > 299) throw refusal(status, value, what);
  return {
    value,
    status,
    version: numberOf(headers['configuration-version']),
    reload: textOf(headers['reload-id']),
    etag: textOf(headers['etag']),
  };
}

/** Most of a text that is no JSON that an error tells. */
const TOLD = 300;

function refusal(status: number, value: unknown, what: string): Error {
  if (value === null || typeof value !== 'object') {
    const told = typeof value === 'string' ? `: ${value.slice(0, TOLD)}` : '';
    return refusedError(status, `${what}: status ${status}${told}`, {});
  }
  const { code: _status, message, ...others } = value as Readonly<Record<string, unknown>>;
  const texts = Object.entries(others).map(([name, member]) => [name, String(member)]);
  return refusedError(
    status,
    typeof message === 'string' ? message : `${what}: status ${status}`,
    Object.fromEntries(texts),
  );
}

function textOf(header: string | readonly string[] | undefined): string | null {
  return typeof header === 'string' ? header : (header?.[0] ?? null);
}

function numberOf(header: string | readonly string[] | undefined): number | null {
  const text = textOf(header);
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
