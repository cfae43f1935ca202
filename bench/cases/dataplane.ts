/** The Data Plane API on a file of 5,000 lines with 200 backends and 2,000 servers. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median, type Row } from '../measure.ts';
import { launch, type Running } from '../process.ts';
import { accepting, folder, freePort, sluice } from '../programs.ts';
import type { Bench } from './index.ts';
import { longestWait } from './show-stat.ts';

const BACKENDS = 200;
const SERVERS = 10;
const CLIENTS = 50;
const ENTRIES = 1_000_000;
const HEADERS = { authorization: `Basic ${btoa('bench:bench')}`, 'content-type': 'application/json' };

interface Served {
  readonly processes: readonly Running[];
  readonly http: number;
  readonly map: string;
  /** Rejects when the answer is none of success. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

/** Edits through a Sluice with the API in it: one by one, 500 in a transaction, by 50 clients at once; and a map replaced. */
export async function dataPlane(bench: Bench): Promise<Row[]> {
  const served = await inSluice(bench.backend);
  try {
    const rounds = bench.quick ? 1 : 3;
    const puts: number[] = [];
    const commits: number[] = [];
    const crowds: number[] = [];
    await put(served, 0, 3);
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < (bench.quick ? 300 : 1000); i++) puts.push(await timed(() => put(served, i, 1 + (i % 99))));
      commits.push(await transaction(served, round));
      crowds.push(await crowd(served, bench.quick ? 10 : 40));
    }
    const sorted = puts.toSorted((a, b) => a - b);
    const [p50, p99] = [0.5, 0.99].map((share) => sorted[Math.floor(sorted.length * share)]!) as [number, number];
    return [
      row("PUT of a server's weight, p50", p50, 10),
      row("PUT of a server's weight, p99", p99, 50),
      row('commit of 500 edits', median(commits), 500),
      // At least 200 a second.
      row('edit by 50 clients at once', median(crowds), 5),
      ...(await mapReplaced(served, rounds)),
    ];
  } finally {
    await served.stop();
  }
}

function row(name: string, value: number, bound: number): Row {
  return { case: name, unit: 'ms', figures: { sluice: value }, value, of: 'ms', bound };
}

/** Reloads of a real HAProxy, with the service beside it, for 100 additions, changes of weight and removals of servers. */
export async function dataPlaneReloads(bench: Bench): Promise<Row[]> {
  const served = await besideHaproxy(bench.backend);
  try {
    const servers = 'configuration/backends/b7/servers';
    for (let i = 0; i < 100; i++) {
      const name = `n${i}`;
      await edit(served, 'POST', servers, { name, address: '127.0.0.1', port: bench.backend, check: 'enabled' });
      await edit(served, 'PUT', `${servers}/${name}`, {
        name,
        address: '127.0.0.1',
        port: bench.backend,
        check: 'enabled',
        weight: 7,
      });
      await edit(served, 'DELETE', `${servers}/${name}`);
    }
    const reloads = (await (await served.ask('GET', 'reloads')).json()) as unknown[];
    const name = 'reloads of haproxy for 100 servers that come, change and go';
    return [
      {
        case: name,
        unit: 'reloads',
        figures: { haproxy: reloads.length },
        value: reloads.length,
        of: 'reloads',
        bound: 0,
      },
    ];
  } finally {
    await served.stop();
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Versions by load balancer: what its last answer told. */
const versions = new WeakMap<Served, string>();

async function edit(served: Served, method: string, path: string, body?: unknown): Promise<void> {
  const answer = await served.ask(method, `${path}?version=${versions.get(served) ?? '1'}`, body);
  versions.set(served, answer.headers.get('configuration-version')!);
}

const server = (i: number, weight: number) => ({
  name: `s${i % SERVERS}`,
  address: '127.0.0.1',
  port: 4000 + (i % SERVERS),
  weight,
});
const pathOf = (i: number) => `configuration/backends/b${i % BACKENDS}/servers/s${i % SERVERS}`;

function put(served: Served, i: number, weight: number): Promise<void> {
  return edit(served, 'PUT', pathOf(i), server(i, weight));
}

/** Time of the commit alone. */
async function transaction(served: Served, round: number): Promise<number> {
  const begun = await served.ask('POST', `transactions?version=${versions.get(served)}`);
  const { id } = (await begun.json()) as { readonly id: string };
  for (let i = 0; i < 500; i++)
    await served.ask(
      'PUT',
      `configuration/backends/b${i % BACKENDS}/servers/s${Math.floor(i / BACKENDS)}?transaction_id=${id}`,
      {
        ...server(Math.floor(i / BACKENDS), 100 + round),
      },
    );
  const took = await timed(async () => {
    const done = await served.ask('PUT', `transactions/${id}`);
    versions.set(served, done.headers.get('configuration-version')!);
  });
  const seen = (await (await served.ask('GET', 'runtime/backends/b99/servers/s1')).json()) as {
    readonly weight: number;
  };
  if (seen.weight !== 100 + round) throw new Error(`weight ${seen.weight} is in force, not ${100 + round}`);
  return took;
}

/** Clients that edit a backend each, naming what they have seen; ms an edit. Throws when an edit is lost. */
async function crowd(served: Served, edits: number): Promise<number> {
  const before = Number(versions.get(served));
  const took = await timed(() =>
    Promise.all(
      Array.from({ length: CLIENTS }, async (_, client) => {
        let tag = (await served.ask('GET', pathOf(client))).headers.get('etag')!;
        for (let n = 0; n < edits; n++) {
          const answer = await served.ask('PUT', pathOf(client), server(client, 1 + n), { 'if-match': tag });
          tag = answer.headers.get('etag')!;
        }
      }),
    ),
  );
  const version = (await served.ask('GET', 'configuration/version')).headers.get('configuration-version')!;
  if (Number(version) !== before + CLIENTS * edits) throw new Error(`an edit was lost: version ${version}`);
  versions.set(served, version);
  return took / (CLIENTS * edits);
}

async function mapReplaced(served: Served, rounds: number): Promise<Row[]> {
  const pulse = launch('pulse', process.execPath, [join(import.meta.dirname, '../pulse.ts'), String(served.http)]);
  const times: number[] = [];
  const waits: number[] = [];
  const quiet: number[] = [];
  try {
    await new Promise((resolve) => setTimeout(resolve, 500));
    for (let round = 0; round < rounds; round++) {
      const entries = Array.from({ length: ENTRIES }, (_, i) => ({
        key: `host-${i}.example.com`,
        value: `b${(i + round) % 100}`,
      }));
      const body = JSON.stringify(entries);
      await longestWait(pulse);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      quiet.push(await longestWait(pulse));
      times.push(await timed(() => served.ask('PUT', `runtime/maps/${encodeURIComponent(served.map)}`, body)));
      waits.push(await longestWait(pulse));
    }
  } finally {
    await pulse.stop();
  }
  return [
    row('map of 1,000,000 entries replaced', median(times), 5000),
    {
      ...row('longest request while a map is replaced', median(waits), 20),
      note: `${median(quiet).toFixed(1)} ms when nothing else happens`,
    },
  ];
}

async function inSluice(backend: number): Promise<Served> {
  const port = await freePort();
  const { file, map, http } = await configuration('dataplane-sluice', backend);
  const running = launch('sluice', sluice, ['run', '--api', `127.0.0.1:${port}`, file]);
  await accepting(http, running);
  return serving([running], port, http, map);
}

async function besideHaproxy(backend: number): Promise<Served> {
  const port = await freePort();
  const { file, map, http, dir } = await configuration('dataplane-haproxy', backend);
  const running = launch('haproxy', 'haproxy', ['-W', '-db', '-f', file]);
  await accepting(http, running);
  const settings = join(dir, 'sluice-api.yaml');
  const own = `dataplaneapi: { port: ${port}, transaction: { transaction_dir: ${dir}/transactions } }`;
  writeFileSync(
    settings,
    `${own}\nhaproxy: { config_file: ${file}, haproxy_bin: haproxy, reload: { reload_delay: 1 } }\n`,
  );
  const service = launch('sluice api', sluice, ['api', '-f', settings, '--state-dir', join(dir, 'state')]);
  await accepting(port, service);
  return serving([service, running], port, http, map);
}

function serving(processes: readonly Running[], port: number, http: number, map: string): Served {
  return {
    processes,
    http,
    map,
    async ask(method, path, body, headers = {}) {
      const text = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
      const answer = await fetch(`http://127.0.0.1:${port}/v3/services/haproxy/${path}`, {
        method,
        headers: { ...HEADERS, ...headers },
        ...text,
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      return answer;
    },
    async stop() {
      for (const running of processes) await running.stop();
    },
  };
}

async function configuration(name: string, backend: number) {
  const dir = join(folder, name);
  mkdirSync(dir);
  const [file, map, http] = [join(dir, 'haproxy.cfg'), join(dir, 'hosts.map'), await freePort()];
  writeFileSync(map, 'none b0\n');
  const rules = (b: number) =>
    Array.from(
      { length: 12 },
      (_, i) => `    http-request set-header x-${i} value-${i} if { path_beg /${b}/${i} }\n`,
    ).join('');
  const servers = Array.from({ length: SERVERS }, (_, i) => `    server s${i} 127.0.0.1:${4000 + i} weight 10\n`).join(
    '',
  );
  const backends = Array.from({ length: BACKENDS }, (_, b) => `backend b${b}\n${rules(b)}${servers}\n`).join('');
  writeFileSync(
    file,
    `global
    stats socket ${dir}/admin.sock mode 600 level admin
userlist controller
    user bench insecure-password bench
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
frontend web
    bind 127.0.0.1:${http}
    http-request set-header x-to %[hdr(host),map(${map})]
    default_backend app
backend app
    server app 127.0.0.1:${backend}
${backends}`,
  );
  return { dir, file, map, http };
}
