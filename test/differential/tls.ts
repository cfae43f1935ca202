import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { HTTP_COLUMNS } from './counters.ts';
import type { Family, Scenario } from './family.ts';
import { type H2Exchange, talkH2 } from './h2-client.ts';
import { h2Exchanges } from './h2-requests.ts';
import { Random } from './random.ts';
import { type Exchange, exchanges } from './requests.ts';
import { HEAD, scenario } from './scenario.ts';
import { type Heard, type Patience, talk, talkOver } from './talk.ts';
import { TLS_ACCEPTED } from './tls-accepted.ts';
import { bindWords, logLines, ruleLines, serverWords } from './tls-lines.ts';
import { tlsServer } from './tls-origin.ts';
import { people } from './tls-people.ts';

interface TlsScenario extends Scenario {
  readonly connections: readonly (readonly Exchange[])[] | readonly (readonly H2Exchange[])[];
  /** What is sent is for connections on which HTTP/2 was agreed. */
  readonly http2: boolean;
  /** What the client of each connection asks for. */
  readonly clients: readonly ConnectionOptions[];
}

/** TLS in front, TLS to servers, or both. */
export const tls: Family = {
  name: 'tls',
  sample: 5,
  accepted: TLS_ACCEPTED,
  columns: HTTP_COLUMNS,
  head: `${HEAD.trim().replace('global\n', 'global\n    tune.ssl.capture-buffer-size 128\n    tune.ssl.default-dh-param 2048\n')}\n`,
  get files() {
    return people().files;
  },
  make(random, id): TlsScenario {
    const { lines } = scenario(new Random(random.below(2 ** 32)), id);
    const front = random.chance(0.8);
    const http2 = front && random.chance(0.3);
    const count = 1 + random.below(3);
    return {
      family: tls,
      id,
      lines: lines.flatMap((line) => {
        if (line.startsWith('bind '))
          return [
            `bind {addr:fe_${id}}${front ? ` ${bindWords(random, http2)}` : ''}`,
            ...(front ? logLines(random) : []),
          ];
        // It is not done the same (`the last server of a connection`), and another server would not answer the same here.
        if (line === 'option prefer-last-server') return [];
        if (line.startsWith('default_backend ')) return [...ruleLines(random, front), line];
        return [line.replace(/^(server (s\d) )\{addr:s\d\}/, (_, words, name) => words + serverWords(random, name))];
      }),
      connections: Array.from({ length: count }, () => (http2 ? h2Exchanges(random) : exchanges(random)).slice(0, 2)) as
        | Exchange[][]
        | H2Exchange[][],
      http2,
      clients: front ? Array.from({ length: count }, () => client(random, http2)) : [],
    };
  },
  async servers(scope, saw) {
    const ports: Record<string, number> = {};
    for (const name of ['s1', 's2', 's3']) ports[`tls${name}`] = await tlsServer(scope, name, saw);
    return ports;
  },
  async play(run, played, on, patience) {
    const { id, connections, clients } = played as TlsScenario;
    const observed = new Map<string, string>();
    const to = { host: on.host, port: run.port(`fe_${id}`) };
    for (const [index, exchanges] of connections.entries()) {
      const wanted = clients[index];
      const socket = wanted === undefined ? null : connect({ ...to, rejectUnauthorized: false, ...wanted });
      if (socket !== null) {
        const handshake = await shaken(socket);
        if (handshake === 'ECONNREFUSED') return null;
        observed.set(`${index} handshake`, handshake);
        if (socket.destroyed) continue;
      }
      const heard =
        socket === null ? await talk(to, exchanges as Exchange[], patience) : await over(socket, exchanges, patience);
      if (heard.refused) return null;
      for (const [at, text] of heard.exchanges.entries()) observed.set(`${index}.${at}`, text);
      observed.set(`${index} closed`, String(heard.closed));
    }
    return observed;
  },
};

async function over(
  socket: TLSSocket,
  exchanges: readonly Exchange[] | readonly H2Exchange[],
  patience: Patience,
): Promise<Heard> {
  if (socket.alpnProtocol === 'h2')
    return await talkH2(socket, exchanges as H2Exchange[], { stream: 1 << 20, connection: 1 << 20 }, patience);
  const first = exchanges[0];
  return await talkOver(socket, first !== undefined && 'steps' in first ? [] : (exchanges as Exchange[]), patience);
}

/** How the handshake ended: what was agreed, or the code of the error. */
function shaken(socket: TLSSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('secureConnect', () =>
      resolve(
        `${socket.getProtocol()} ${socket.getCipher().name} alpn=${socket.alpnProtocol} of=${socket.getPeerCertificate().subject?.CN} ${(socket.getEphemeralKeyInfo() as { name?: string }).name}`,
      ),
    );
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('close', () => resolve('closed'));
  });
}

/** What a client says of itself and asks for. */
function client(random: Random, http2: boolean): ConnectionOptions {
  const some = <T extends ConnectionOptions>(p: number, options: readonly T[]): ConnectionOptions =>
    random.chance(p) ? random.pick(options) : {};
  return {
    ...people().clients[random.chance(0.5) ? 'nobody' : random.pick(Object.keys(people().clients))],
    ...some(0.7, [
      { servername: 'www.example.com' },
      { servername: 'api.example.com' },
      { servername: 'API.Example.com' },
      { servername: 'a.wild.example' },
      { servername: 'other.example' },
      { servername: 'no.example.com' },
    ]),
    ...(http2
      ? { ALPNProtocols: ['h2', 'http/1.1'] }
      : some(0.5, [
          { ALPNProtocols: ['http/1.1'] },
          { ALPNProtocols: ['spdy/1'] },
          { ALPNProtocols: ['spdy/1', 'http/1.1'] },
        ])),
    ...some(0.4, [
      { maxVersion: 'TLSv1.2' },
      { minVersion: 'TLSv1.3' },
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' },
    ]),
    ...some(0.3, [
      { ciphers: 'ECDHE-RSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256' },
      { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:TLS_CHACHA20_POLY1305_SHA256' },
      { ciphers: 'AES128-SHA' },
      { ciphers: 'DHE-RSA-AES128-GCM-SHA256' },
    ]),
    ecdhCurve: random.pick(['X25519:P-256', 'P-256', 'P-384:P-256']),
  };
}
