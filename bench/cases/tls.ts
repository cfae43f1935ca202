import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Load, wrk } from '../load.ts';
import { compare, type Row, ratios } from '../measure.ts';
import { output } from '../process.ts';
import { folder, freePort, type Proxy, startBalancer } from '../programs.ts';
import type { Bench } from './index.ts';

/** A proxy with TLS in front, and the ports of its two kinds of certificates. */
interface TlsProxy extends Proxy {
  rsa: number;
  ecdsa: number;
}

const requests = (load: Load) => load.requests;

/** A certificate with its key in one file. */
function certificate(name: string, key: readonly string[]): string {
  const file = join(folder, `${name}.pem`);
  const made = ['req', '-x509', '-newkey', ...key, '-nodes', '-days', '30', '-subj', '/CN=bench.test'];
  execFileSync('openssl', [...made, '-keyout', `${file}.key`, '-out', `${file}.crt`], { stdio: 'ignore' });
  writeFileSync(file, readFileSync(`${file}.crt`, 'latin1') + readFileSync(`${file}.key`, 'latin1'));
  return file;
}

async function proxies(bench: Bench): Promise<TlsProxy[]> {
  const rsaFile = certificate('rsa', ['rsa:2048']);
  const ecdsaFile = certificate('ecdsa', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']);
  const started: TlsProxy[] = [];
  for (const name of ['sluice', 'haproxy'] as const) {
    const rsa = await freePort();
    const ecdsa = await freePort();
    const more = `
frontend tls
    bind 127.0.0.1:${rsa} backlog 4096 ssl crt ${rsaFile}
    bind 127.0.0.1:${ecdsa} backlog 4096 ssl crt ${ecdsaFile}
    default_backend app
`;
    started.push({ ...(await startBalancer(name, bench.backend, { more })), rsa, ecdsa });
  }
  return started;
}

/** Handshakes for some seconds, or once for each name when that is 0. `names`: of certificates that are asked for, 0: `bench.test`. */
export async function handshakes(port: number, seconds: number, kind: 'full' | 'resumed', names = 0): Promise<Load> {
  const file = join(import.meta.dirname, '../handshakes.ts');
  const text = await output(process.execPath, [file, String(port), String(seconds), kind, String(names)]);
  const { requests, resumed, errors } = JSON.parse(text) as Record<'requests' | 'resumed' | 'errors', number>;
  const wrong = kind === 'full' ? resumed : requests - resumed;
  if (wrong > requests / 10) throw new Error(`${resumed} of ${requests} handshakes were resumed`);
  return { requests, bytes: 0, seconds, errors, detail: `${errors} connections failed` };
}

/** TLS 1.3 in front: requests on kept connections, handshakes of each kind, bodies of 10 MB. */
export async function tls(bench: Bench): Promise<Row[]> {
  const programs = await proxies(bench);
  const { rounds, seconds } = bench;
  const measure = async (
    name: string,
    unit: string,
    bound: number,
    load: (proxy: TlsProxy) => Promise<Load>,
    per = requests,
  ) => ratios(name, unit, 1000, await compare(programs, rounds, load, per), 'sluice', { haproxy: bound });
  try {
    const megabytes = (load: Load) => load.bytes / (1 << 20);
    return [
      ...(await measure('TLS keep-alive, small', 'µs/request', 1.5, ({ ecdsa }) =>
        wrk(`https://127.0.0.1:${ecdsa}/`, { seconds }),
      )),
      ...(await measure('full TLS handshake, RSA 2048', 'µs/handshake', 1.3, ({ rsa }) =>
        handshakes(rsa, seconds, 'full'),
      )),
      ...(await measure('full TLS handshake, P-256', 'µs/handshake', 1.3, ({ ecdsa }) =>
        handshakes(ecdsa, seconds, 'full'),
      )),
      ...(await measure('resumed TLS handshake', 'µs/handshake', 1.6, ({ ecdsa }) =>
        handshakes(ecdsa, seconds, 'resumed'),
      )),
      ...(await measure(
        '10 MB bodies over TLS',
        'µs/MB',
        1.6,
        ({ ecdsa }) => wrk(`https://127.0.0.1:${ecdsa}/big`, { seconds, connections: 8 }),
        megabytes,
      )),
    ];
  } finally {
    for (const program of programs) await program.stop();
  }
}
