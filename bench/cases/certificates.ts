import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { SniIndex } from '../../src/traffic/tls/sni-index.ts';
import { issue } from '../../test/support/pki.ts';
import type { Load } from '../load.ts';
import { compare, median, type Row, ratios } from '../measure.ts';
import { memory } from '../process.ts';
import { folder, freePort, type Proxy, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';
import { longestWait, startPulse } from './show-stat.ts';
import { handshakes } from './tls.ts';

/** A proxy with TLS in front. */
interface TlsProxy extends Proxy {
  tls: number;
}

/** A folder with so many P-256 certificates, for `s0.bench.test`, `s1.bench.test`, ... */
function certificates(many: number): string {
  const dir = join(folder, `certificates-${many}`);
  mkdirSync(dir);
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  for (let i = 0; i < many; i++) {
    const name = `s${i}.bench.test`;
    writeFileSync(join(dir, `${name}.pem`), issue({ name, dns: [name], keys }).pem, { mode: 0o600 });
  }
  return dir;
}

async function startWith(name: 'sluice' | 'haproxy', bench: Bench, crt: string): Promise<TlsProxy> {
  const tls = await freePort();
  const more = `
frontend tls
    bind 127.0.0.1:${tls} backlog 4096 ssl crt ${crt}
    default_backend app
`;
  return { ...(await startBalancer(name, bench.backend, { more })), tls };
}

/** How long a name is looked up among so many, ns. */
function lookUp(many: number): number {
  const name = (id: number) => `s${id}.bench.test`;
  const entries = Array.from({ length: many }, (_, id) => ({
    id,
    certificate: id,
    filters: [name(id)],
    options: null,
  }));
  const nothing = new Uint8Array();
  const certificate = { id: 0, path: '', chain: nothing, key: nothing, dh: null, names: [], ocsp: null, ocspEnds: 0 };
  const index = new SniIndex({ key: '', entries, defaults: [] }, () => ({ ...certificate, keyType: 'ecdsa' }));
  // As they come in hellos: names that are far apart follow each other, and none is a string that was seen before.
  const asked = Array.from({ length: 10_000 }, (_, i) => Buffer.from(name((i * 7919) % many)));
  const times = Array.from({ length: 21 }, () => {
    const begin = performance.now();
    for (const bytes of asked) {
      if (index.find(bytes.latin1Slice(), { rsa: true, ecdsa: true }, true) === null) throw new Error('not found');
    }
    return ((performance.now() - begin) * 1e6) / asked.length;
  });
  return median(times);
}

/** Looking up a name does not take longer the more there are: ten times as many cost what memory farther away does. */
function lookUps(): Row {
  lookUp(100);
  const [one, thousand, all] = [lookUp(1), lookUp(1000), lookUp(10_000)];
  return {
    case: 'one of 10,000 names looked up',
    unit: 'ns',
    figures: { sluice: all, 'of 1,000 names': thousand, 'of one name': one },
    value: all / thousand,
    of: 'x 1,000 names',
    bound: 4,
  };
}

/** Many certificates: start, memory of each, and handshakes with names at random beside those with one certificate. */
export async function manyCertificates(bench: Bench): Promise<Row[]> {
  const many = bench.quick ? 2000 : 10_000;
  const what = `${many.toLocaleString('en')} certificates`;
  const [few, dir] = [certificates(1), certificates(many)];
  const starts: Record<string, number[]> = { sluice: [], haproxy: [] };
  const loaded: Record<string, number> = {};
  const used: Record<string, number> = {};
  const programs: TlsProxy[] = [];
  const rows: Row[] = [];
  try {
    for (let round = 0; round < (bench.quick ? 1 : 3); round++) {
      for (const name of ['sluice', 'haproxy'] as const) {
        const small = await startWith(name, bench, few);
        const without = memory(small.pid);
        await small.stop();
        const begin = performance.now();
        const program = await startWith(name, bench, dir);
        starts[name]!.push(performance.now() - begin);
        loaded[name] = (memory(program.pid) - without) / many;
        // Each of them once, so that nothing is put off.
        await handshakes(program.tls, 0, 'full', many);
        used[name] = (memory(program.pid) - without) / many;
        if (programs.length < 2) programs.push(program);
        else await program.stop();
      }
    }
    const figures = { sluice: median(starts['sluice']!), haproxy: median(starts['haproxy']!) };
    const against = (values: Record<string, number>) => values['sluice']! / values['haproxy']!;
    const row = { unit: 'kB', of: 'x haproxy' };
    rows.push(
      { case: `start with ${what}`, unit: 'ms', figures, value: against(figures), of: 'x haproxy', bound: 2 },
      { ...row, case: `one of ${what}, loaded`, figures: loaded, value: against(loaded), bound: 2 },
      { ...row, case: `one of ${what}, used`, figures: used, value: against(used), bound: 2 },
    );
    const { rounds, seconds } = bench;
    const load = (names: number) => (program: TlsProxy) => handshakes(program.tls, seconds, 'full', names);
    const per = ({ requests }: Load) => requests;
    const cost = await compare(programs, rounds, load(many), per);
    rows.push(
      ...ratios(`full handshake, one of ${what}`, 'µs/handshake', 1000, cost, 'sluice', { haproxy: 2 }),
      lookUps(),
    );
  } finally {
    for (const program of programs) await program.stop();
  }
  return rows;
}

/** One line, or several with a payload, to a Runtime API socket; the answer. */
function tell(socket: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const connection = createConnection(socket);
    connection.on('error', reject);
    connection.on('data', (bytes) => {
      answer += bytes.toString('latin1');
    });
    connection.on('end', () => resolve(answer));
    connection.end(text);
  });
}

/** A certificate replaced over and over while clients shake hands without a pause. */
export async function commits(bench: Bench): Promise<Row[]> {
  const times = bench.quick ? 50 : 200;
  const failed: Record<string, number> = {};
  const waits: Record<string, number> = {};
  const notes: string[] = [];
  const keys = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  for (const name of ['sluice', 'haproxy'] as const) {
    const file = join(folder, `${name}-commits.pem`);
    writeFileSync(file, issue({ name: 'bench.test', dns: ['bench.test'], keys }).pem, { mode: 0o600 });
    const program = await startWith(name, bench, file);
    const pulse = startPulse(program.http);
    try {
      let done = false;
      const loads: Load[] = [];
      const loading = (async () => {
        while (!done) loads.push(await handshakes(program.tls, 1, 'full', 1));
      })();
      // The pulse has begun by then, and code is compiled.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      await longestWait(pulse);
      for (let i = 0; i < times; i++) {
        const { pem } = issue({ name: 'bench.test', dns: ['bench.test'], keys });
        await tell(program.socket, `set ssl cert ${file} <<\n${pem.trim()}\n\n`);
        const answer = await tell(program.socket, `commit ssl cert ${file}\n`);
        if (!answer.includes('Success')) throw new Error(`${name}: ${answer}`);
      }
      waits[name] = await longestWait(pulse);
      done = true;
      await loading;
      failed[name] = loads.reduce((sum, { errors }) => sum + errors, 0);
      notes.push(`${name}: ${loads.reduce((sum, { requests }) => sum + requests, 0)} handshakes`);
    } finally {
      await pulse.stop();
      await program.stop();
    }
  }
  const what = `${times} commits of a certificate under load`;
  return [
    {
      case: `handshakes failed in ${what}`,
      unit: 'handshakes',
      figures: failed,
      value: failed['sluice']!,
      of: 'handshakes',
      bound: 0,
      note: notes.join('; '),
    },
    {
      case: `longest wait of a request in ${what}`,
      unit: 'ms',
      figures: waits,
      value: waits['sluice']!,
      of: 'ms',
      bound: 20,
    },
  ];
}
