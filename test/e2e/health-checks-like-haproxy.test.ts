import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// What checks ask, where they go and what is told of them. Each case holds on HAProxy, too.

/** Requests that came, by their port's name, without what differs from run to run. */
const asked: Record<string, string> = {};

async function listen(handle: (socket: Socket) => void, host = '127.0.0.1'): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined);
    handle(socket);
  });
  after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return typeof address === 'object' ? address!.port : 0;
}

const web = (name: string) =>
  listen((socket) =>
    socket.once('data', (bytes) => {
      asked[name] ??= bytes.toString('latin1').split('\r\n').slice(0, -2).join(' | ');
      socket.end('HTTP/1.1 200 OK\r\nX-Test-1: yes\r\ncontent-length: 0\r\n\r\n');
    }),
  );
const OWN: Record<string, readonly string[]> = {
  inherits: [],
  option: ['option httpchk'],
  post: ['option httpchk POST /b HTTP/1.1'],
  send: ['http-check send hdr x own'],
  before: ['option httpchk GET /b', 'http-check send meth PUT'],
  headers: ['option httpchk GET /b HTTP/1.0\\r\\nhost:\\ www', 'http-check send hdr x own'],
  behind: ['http-check send meth PUT uri /c hdr x own', 'option httpchk GET /b'],
};
const agent = await listen((socket) => socket.end('up 50%\n'), '127.0.0.2');
const ports = Object.fromEntries([
  ...(await Promise.all(Object.keys(OWN).map(async (name) => [name, await web(name)] as const))),
  ['agent', agent],
  ['web', await web('web')],
  ['resets', await listen((socket) => socket.once('data', () => socket.resetAndDestroy()))],
  [
    'cuts',
    await listen((socket) =>
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n');
        setTimeout(() => socket.resetAndDestroy(), 20);
      }),
    ),
  ],
]);

const DEFAULTS = `
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
    default-server inter 100ms agent-inter 100ms rise 1 fall 1`;

const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
${DEFAULTS}
frontend fe
    bind {addr:fe}
backend places
    server port 127.0.0.1:1 check port {port:web} addr 127.0.0.1:1
    server addr 127.0.0.1:1 check addr {addr:web}
    server agent 127.0.0.1:1 weight 20 agent-check addr 127.0.0.2 port {port:agent}
# Nothing is wrong with checks of a server whose address and port are to come.
backend later
    server s 0.0.0.0 check
backend names
    option httpchk
    http-check expect hdr name -m reg ^X-[a-z]+-1$
    server s {addr:web} check
backend resets
    option httpchk
    server before {addr:resets} check
    server within {addr:cuts} check
    server local /nowhere/at.all check
${DEFAULTS}
    option httpchk GET /d
    http-check send hdr x defaults
    http-check expect rstatus 2..
${Object.entries(OWN)
  .map(([name, lines]) => [`backend ${name}`, ...lines, `server s {addr:${name}} check`].join('\n    '))
  .join('\n')}
`,
  { ports },
);

/** The result of the last check of `proxy/server`, once there is one. */
const result = async (name: string): Promise<string> => {
  let told = '';
  await until('a first check', async () => {
    const row = await run.row(name);
    told = `${row['check_status']!.replace('* ', '')} ${row['last_chk']}`.trim();
    return !told.startsWith('INI');
  });
  return told;
};

test('lines of a backend begin the check anew that the defaults describe', async () => {
  for (const name of Object.keys(OWN)) assert.match(await result(`${name}/s`), /^L7OK/, name);
  assert.deepEqual(asked, {
    ...asked,
    inherits: 'GET /d HTTP/1.0 | x: defaults',
    option: 'OPTIONS / HTTP/1.0',
    post: 'POST /b HTTP/1.1 | content-length: 0 | connection: close',
    send: 'OPTIONS / HTTP/1.0 | x: own',
    before: 'PUT /b HTTP/1.0 | content-length: 0',
    headers: 'GET /b HTTP/1.0 | x: own',
    behind: 'GET /b HTTP/1.0 | x: own',
  });
});

test('port wins over the port in addr, and agents are asked where both say', async () => {
  assert.match(await result('places/port'), /^L4OK/);
  assert.match(await result('places/addr'), /^L4OK/);
  await until('the weight that the agent says', async () => (await run.row('places/agent'))['weight'] === '10');
  const rows = (await run.serversState()).map((row) => [row['srv_name'], row['srv_agent_addr'], row['srv_agent_port']]);
  assert.deepEqual(
    rows.find(([name]) => name === 'agent'),
    ['agent', '127.0.0.2', String(agent)],
  );
});

test('expressions about names of fields know no case', async () => {
  assert.match(await result('names/s'), /^L7OK/);
});

test('a connection that a server resets is an error of the socket, wherever the answer is cut', async () => {
  assert.equal(await result('resets/before'), 'SOCKERR Connection reset by peer');
  assert.equal(await result('resets/within'), 'SOCKERR Connection reset by peer');
  assert.equal(await result('resets/local'), 'SOCKERR General socket error (No such file or directory)');
});
