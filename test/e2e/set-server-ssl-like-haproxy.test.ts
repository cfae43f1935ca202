/** `set server ... ssl on|off`: what becomes of traffic and of health checks is the same as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { issue } from '../support/certificates.ts';
import { get } from '../support/connection.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

const sockets = new Set<Socket>();
async function listen(server: Server): Promise<number> {
  server.on('connection', (socket) => {
    sockets.add(socket.on('error', () => undefined));
  });
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' ? address!.port : 0;
}
const answer = (socket: Socket) =>
  void socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\n'));

/** Server lines by name; each is asked and checked with TLS off, on and off again. */
const SERVERS = {
  tls: '{addr:secure} check ssl verify none',
  clear: '{addr:plain} check ssl verify none',
  checked: '{addr:secure} check check-ssl ssl verify none',
  elsewhere: '{addr:plain} check ssl verify none check-ssl port {port:secure}',
  never: '{addr:plain} check',
  without: '{addr:plain} check no-ssl',
  unprepared: '{addr:plain} check no-ssl',
  apart: '{addr:plain} check check-ssl verify none',
} as const;

const WITH_TLS = '    default-server ssl verify none\n';

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    retries 0
    http-reuse never
    timeout connect 1s
    timeout client 10s
    timeout server 5s
    timeout check 5s
frontend fe
    bind {addr:fe}
    use_backend %[path,word(1,/)]
${Object.entries(SERVERS)
  .map(
    ([name, line]) =>
      `backend ${name}\n    option httpchk\n${name === 'without' ? WITH_TLS : ''}    server s ${line} inter 400ms rise 1 fall 1`,
  )
  .join('\n')}
`;

describe('beside HAProxy', { skip, concurrency: true }, async () => {
  if (skip !== false) return;
  const { cert, key } = issue(['server.test']);
  const ports = {
    secure: await listen(createTlsServer({ cert, key }, answer)),
    plain: await listen(createServer(answer)),
  };
  const runs = [
    await start({ after }, CONFIG, { ports }),
    await start({ after }, CONFIG, { ports, program: HAPROXY }),
  ] as const;

  /** What a check comes to now, and what a request that is sent whatever that is. */
  async function state(run: Run, name: string): Promise<string> {
    const seen = new Set<string>();
    await until('two checks that say the same', async () => {
      const { check_status: status = '' } = await run.row(`${name}/s`);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      const again = (await run.row(`${name}/s`))['check_status'] ?? '';
      seen.add(again);
      return status === again && !again.startsWith('INI') && !again.startsWith('*');
    });
    const row = await run.row(`${name}/s`);
    const { status } = await get(run.port('fe'), `/${name}`);
    const told = (await run.serversState()).find(({ be_name }) => be_name === name);
    return `${row['status']} ${row['check_status']?.replace('* ', '')} ${status} ${told?.['srv_use_ssl']}`;
  }

  for (const name of Object.keys(SERVERS))
    test(`a server with '${SERVERS[name as keyof typeof SERVERS]}'`, async () => {
      const [ours, theirs] = await Promise.all(
        runs.map(async (run) => {
          const told = [await state(run, name)];
          for (const to of ['off', 'on', 'off', ...(name === 'never' || name === 'unprepared' ? [] : ['maybe'])]) {
            told.push((await run.cli(`set server ${name}/s ssl ${to}`)).trim());
            told.push(await state(run, name));
          }
          return told;
        }),
      );
      assert.deepEqual(ours, theirs);
    });
});
