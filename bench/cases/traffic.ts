import { h2load, type Load, wrk } from '../load.ts';
import { compare, type Row, ratios } from '../measure.ts';
import { type Proxy, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

const requests = (load: Load) => load.requests;
const others = (bench: Bench, ...names: string[]) => bench.proxies.filter(({ name }) => names.includes(name));

/** HTTP/1.1 keep-alive with small answers. */
export async function keepAlive(bench: Bench): Promise<Row[]> {
  const load = ({ http }: Proxy) => wrk(`http://127.0.0.1:${http}/`, { seconds: bench.seconds });
  const used = await compare(bench.proxies, bench.rounds, load, requests);
  const bounds = { haproxy: 1.7, 'http-proxy-3': 0.4, caddy: 0.4, nginx: undefined };
  return ratios('HTTP/1.1 keep-alive, small', 'µs/request', 1000, used, 'sluice', bounds);
}

/** A new client connection for each request. */
export async function closing(bench: Bench): Promise<Row[]> {
  const load = ({ http }: Proxy) => wrk(`http://127.0.0.1:${http}/`, { seconds: bench.seconds, close: true });
  const used = await compare(others(bench, 'sluice', 'haproxy', 'nginx'), bench.rounds, load, requests);
  return ratios('new connection per request', 'µs/request', 1000, used, 'sluice', { haproxy: 2.5, nginx: undefined });
}

/** Bodies of 10 MB from server to client. */
export async function bodies(bench: Bench): Promise<Row[]> {
  const load = ({ http }: Proxy) => wrk(`http://127.0.0.1:${http}/big`, { seconds: bench.seconds, connections: 8 });
  const megabytes = (load: Load) => load.bytes / (1 << 20);
  const used = await compare(others(bench, 'sluice', 'haproxy', 'nginx'), bench.rounds, load, megabytes);
  return ratios('10 MB bodies', 'µs/MB', 1000, used, 'sluice', { haproxy: 1.6, nginx: undefined });
}

/** TCP relay, seen as requests. */
export async function tcp(bench: Bench): Promise<Row[]> {
  const load = ({ tcp }: Proxy) => wrk(`http://127.0.0.1:${tcp}/`, { seconds: bench.seconds });
  const used = await compare(others(bench, 'sluice', 'haproxy'), bench.rounds, load, requests);
  return ratios('TCP relay, small', 'µs/request', 1000, used, 'sluice', { haproxy: undefined });
}

/** HTTP/2 by prior knowledge towards the proxy, HTTP/1.1 behind it. */
export async function http2(bench: Bench): Promise<Row[]> {
  const load = ({ h2 }: Proxy) => h2load(`http://127.0.0.1:${h2}/`, { requests: bench.quick ? 10_000 : 60_000 });
  const used = await compare(others(bench, 'sluice', 'haproxy'), bench.rounds, load, requests);
  return ratios('HTTP/2 clear, 16 x 8', 'µs/request', 1000, used, 'sluice', { haproxy: 3 });
}

/** The same load on two traffic threads and on one. */
export async function twoThreads(bench: Bench): Promise<Row[]> {
  const one = { ...(await startBalancer('sluice', bench.backend, { threads: 1 })), name: '1 thread' };
  const two = { ...(await startBalancer('sluice', bench.backend, { threads: 2 })), name: '2 threads' };
  try {
    const load = ({ http }: Proxy) => wrk(`http://127.0.0.1:${http}/`, { seconds: bench.seconds });
    const used = await compare([one, two], bench.rounds, load, requests);
    return ratios('2 traffic threads', 'µs/request', 1000, used, '2 threads', { '1 thread': 1.15 });
  } finally {
    await one.stop();
    await two.stop();
  }
}
