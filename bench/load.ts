import { output } from './process.ts';

/** What a load generator did. */
export interface Load {
  requests: number;
  /** Bytes read by the client. */
  bytes: number;
  /** Wall clock in seconds. */
  seconds: number;
  /** Requests that failed: socket errors, time-outs, answers other than 2xx and 3xx. */
  errors: number;
  /** What kind of failures, for messages. */
  detail: string;
}

const units: Record<string, number> = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** HTTP/1.1 load by wrk: one thread, `connections` connections, `seconds` long. */
export async function wrk(url: string, { connections = 64, seconds = 2, close = false } = {}): Promise<Load> {
  const headers = close ? ['-H', 'Connection: close'] : [];
  const text = await output('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '5s', ...headers, url]);
  const [, requests, took, amount, unit] =
    /(\d+) requests in ([\d.]+)s, ([\d.]+)([KMG]?)B read/.exec(text) ?? fail('wrk', text);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const failed = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  const lost = (sockets ?? []).slice(1).reduce((sum, n) => sum + Number(n), 0);
  return {
    requests: Number(requests),
    bytes: Number(amount) * (units[unit ?? ''] ?? 1),
    seconds: Number(took),
    errors: lost + failed,
    detail: [sockets?.[0], failed ? `${failed} bad answers` : ''].filter(Boolean).join('; '),
  };
}

/** HTTP/2 load by h2load with prior knowledge: `clients` connections of `streams` streams. */
export async function h2load(
  url: string,
  { clients = 16, streams = 8, requests = 40_000 }: { clients?: number; streams?: number; requests?: number } = {},
): Promise<Load> {
  const text = await output('h2load', ['-p', 'h2c', '-t1', `-c${clients}`, `-m${streams}`, `-n${requests}`, url]);
  const [, seconds] =
    /finished in ([\d.]+)(?=s)/.exec(text) ?? /finished in ([\d.]+)/.exec(text) ?? fail('h2load', text);
  const [, done, ok] = /(\d+) done, (\d+) succeeded/.exec(text) ?? fail('h2load', text);
  return {
    requests: Number(done),
    bytes: 0,
    seconds: Number(seconds),
    errors: Number(done) - Number(ok),
    detail: /requests: .*/.exec(text)?.[0] ?? '',
  };
}

function fail(tool: string, text: string): never {
  throw new Error(`${tool} printed something else than expected:\n${text}`);
}
