/** Questions to Consul's HTTP API, held by it until there is news (blocking queries). */

import { requestHttp } from '../../util/http-request.ts';
import type { Pace } from '../pace.ts';
import type { ConsulSettings } from './settings.ts';

export interface ConsulAnswer {
  /** `X-Consul-Index`; 0 when it is missing. */
  readonly index: number;
  readonly body: unknown;
  /** The token may not see all that there is. */
  readonly filtered: boolean;
}

/** Most bytes of an answer. */
const LIMIT = 8 * 1024 * 1024;
/** Most of an error's text that is told. */
const TOLD = 200;

/** Asks for what is at `path` once it is newer than `index`, 0 for at once. Rejects with an Error that says why there is no good answer. */
export async function queryConsul(
  { address, port, mode, token, namespace }: ConsulSettings,
  path: string,
  options: {
    readonly index: number;
    readonly filter?: string | undefined;
    readonly pace: Pace;
    readonly signal: AbortSignal;
  },
): Promise<ConsulAnswer> {
  const { index, filter, pace, signal } = options;
  const url = new URL(`${mode}://${address.includes(':') ? `[${address}]` : address}:${port}${path}`);
  if (namespace !== '') url.searchParams.set('ns', namespace);
  if (filter !== undefined) url.searchParams.set('filter', filter);
  if (index > 0) {
    url.searchParams.set('index', String(index));
    url.searchParams.set('wait', `${pace.wait}ms`);
  }
  const { status, headers, body } = await requestHttp(url, {
    headers: { accept: 'application/json', ...(token === '' ? {} : { 'x-consul-token': token }) },
    // Consul holds a question for up to a sixteenth longer than it was told.
    timeout: pace.answer + (index > 0 ? pace.wait * (17 / 16) : 0),
    limit: LIMIT,
    signal,
  });
  const text = body.toString('utf8');
  if (status !== 200) throw new Error(`${url.host}${path}: status ${status}${why(text)}`);
  const given = Number(headers['x-consul-index'] ?? 0);
  return {
    index: Number.isSafeInteger(given) && given > 0 ? given : 0,
    body: json(text, `${url.host}${path}`),
    filtered: headers['x-consul-results-filtered-by-acls'] === 'true',
  };
}

function why(text: string): string {
  const told = text.trim().slice(0, TOLD);
  return told === '' ? '' : `: ${told}`;
}

function json(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${where}: the answer is no JSON`);
  }
}
