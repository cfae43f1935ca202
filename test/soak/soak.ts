/** The program under everything at once for a while: clients and servers that misbehave, an operator, reloads. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../src/net/sim.ts';
import { issue } from '../support/pki.ts';
import { type Run, start } from '../support/program.ts';
import { type Scope, until } from '../support/wait.ts';
import { operate } from './operator.ts';
import { startServers } from './origin.ts';
import { VISITS, type Visit } from './visits.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly clients: number;
  /** Lines of the `global` section. */
  readonly global: string;
}

export interface SoakReport {
  /** Number of visits by kind. */
  readonly visits: Readonly<Record<string, number>>;
  readonly commands: number;
  /** What was not as it has to be, each once. */
  readonly failures: readonly string[];
  /** Resident memory after a quarter of the time, and at the end, bytes. */
  readonly memory: readonly [number, number];
}

/** Descriptors that may be open more than before: connections that are kept to servers are not among them. */
const SPARE_DESCRIPTORS = 8;
/** Failures after which it ends. */
const ENOUGH = 10;

/** Runs the program for so long. What is left of it at the end (connections, sessions, descriptors) is a failure. */
export async function soak(scope: Scope, options: SoakOptions): Promise<SoakReport> {
  const servers = await startServers(scope);
  const [one, two] = servers.http as [number, number];
  const run = await start(scope, configuration(options.global), {
    ports: { one, two, relayed: servers.tcp },
    files: { 'hosts.map': 'host v0\n', 'soak.pem': issue({ name: 'soak.test', dns: ['soak.test'] }).pem },
  });
  const doors = {
    plain: run.port('plain'),
    tls: run.port('tls'),
    tcp: run.port('tcp'),
    h2: run.port('h2'),
    second: run.port('second'),
    kept: run.port('kept'),
  };
  const descriptors = descriptorsOf(run);
  const end = performance.now() + options.seconds * 1000;
  const failures = new Set<string>();
  const done = () => performance.now() >= end || failures.size >= ENOUGH;
  const visits: Record<string, number> = {};
  const kinds = Object.entries(VISITS);
  const client = async (number: number) => {
    const random = seededRandom(options.seed * 1000 + number);
    while (!done()) {
      const [name, visit] = kinds[Math.floor(random() * kinds.length)]!;
      const failure = await attempt(visit, { random, doors });
      if (failure !== undefined) failures.add(`${name}: ${failure}`);
      visits[name] = (visits[name] ?? 0) + 1;
    }
  };
  const clients = Promise.all(Array.from({ length: options.clients }, (_, number) => client(number + 1)));
  const operator = operate(run, seededRandom(options.seed), done).catch((error: Error) => {
    failures.add(`operator: ${error.message}`);
    return 0;
  });
  await delay(options.seconds * 250);
  const early = memoryOf(run);
  await clients;
  const commands = await operator;
  for (const failure of await leftovers(run, descriptors)) failures.add(failure);
  return { visits, commands, failures: [...failures], memory: [early, memoryOf(run)] };
}

/** What went wrong, or nothing. */
async function attempt(
  visit: (visit: Visit) => Promise<void>,
  given: Omit<Visit, 'scope'>,
): Promise<string | undefined> {
  const cleanUps: (() => unknown)[] = [];
  try {
    await visit({ ...given, scope: { after: (cleanUp) => cleanUps.push(cleanUp) } });
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    for (const cleanUp of cleanUps) cleanUp();
  }
}

/** Waits for what clients have left to go away; what does not. */
async function leftovers(run: Run, descriptors: number): Promise<string[]> {
  const found: string[] = [];
  const gone = async (what: string, ask: () => Promise<number>, most: number) => {
    let last = 0;
    await until(
      () => `${what} to be at most ${most}; ${last} are left`,
      async () => {
        last = await ask();
        return last <= most;
      },
    ).catch((error: Error) => found.push(error.message));
  };
  // Those that are kept to itself stay.
  await gone('connections', async () => Number((await run.info())['CurrConns']) - (await idle(run, 'over')), 0);
  await gone('sessions', async () => (await run.cli('show sess')).trim().split('\n').length, 1);
  for (const server of ['web/one', 'web/two', 'over/self', 'relay/app'])
    await gone(`current sessions of ${server}`, async () => Number((await run.row(server))['scur']), 0);
  await run.cli('disable health web/one');
  await gone('descriptors', async () => descriptorsOf(run) - (await idle(run)), descriptors + SPARE_DESCRIPTORS);
  if (/ALERT|EMERG|panic|uncaught|lost/i.test(run.stderr)) found.push(run.stderr);
  return found;
}

/** Connections that are kept for the next request, of all servers or those of a backend. */
async function idle(run: Run, backend?: string): Promise<number> {
  const rows = (await run.stat()).filter((row) => backend === undefined || row['pxname'] === backend);
  return rows.reduce((sum, row) => sum + Number(row['idle_conn_cur'] ?? 0) + Number(row['safe_conn_cur'] ?? 0), 0);
}

function descriptorsOf(run: Run): number {
  return readdirSync(`/proc/${run.pid}/fd`).length;
}

function memoryOf(run: Run): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${run.pid}/status`, 'latin1'))![1]) * 1024;
}

function configuration(global: string): string {
  return `
global
    stats socket {sock:admin} level admin
    ${global}
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
    timeout tunnel 20s
    retries 3
frontend plain
    bind {addr:plain}
    http-request track-sc0 src table clients
    http-request set-header x-host %[str(host),map({dir}/hosts.map,none)]
    http-request set-header x-rate %[sc0_http_req_rate]
    default_backend web
frontend tls
    bind {addr:tls} ssl crt {dir}/soak.pem alpn h2,http/1.1
    filter bwlim-out down default-limit 4m default-period 1s
    filter bwlim-in up default-limit 4m default-period 1s
    http-request set-bandwidth-limit up
    http-response set-bandwidth-limit down
    default_backend web
frontend h2
    bind {addr:h2} ssl crt {dir}/soak.pem alpn h2,http/1.1
    default_backend web
frontend second
    bind {addr:second}
    default_backend over
backend over
    server self {addr:h2} ssl verify none alpn h2
cache answers
    total-max-size 4
    max-object-size 100000
    max-age 1
frontend kept
    bind {addr:kept}
    compression algo gzip
    http-request cache-use answers
    http-response set-header cache-control max-age=1
    http-response cache-store answers
    default_backend web
frontend spare
    bind {addr:spare}
    default_backend web
backend clients
    stick-table type ip size 1k expire 1m store http_req_rate(10s),conn_cur
backend web
    balance leastconn
    option redispatch
    server one {addr:one} check inter 500ms
    server two {addr:two}
listen tcp
    mode tcp
    bind {addr:tcp}
    use_backend relay
backend relay
    mode tcp
    server app {addr:relayed}
`;
}
