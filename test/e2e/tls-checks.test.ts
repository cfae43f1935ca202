import assert from 'node:assert/strict';
import {
  createServer as createH2cServer,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { issue } from '../support/certificates.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';
import { until } from '../support/wait.ts';

const authority = issue(['Test authority'], { ca: true });
const stranger = issue(['Other authority'], { ca: true });
const good = issue(['good.test'], { by: authority });

/** What servers were asked: name, protocol agreed on, request. */
const asked: string[] = [];
const sockets = new Set<Socket>();

async function listen(server: Server): Promise<number> {
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' ? address!.port : 0;
}

const answers = (socket: TLSSocket) => {
  socket.on('error', () => undefined);
  socket.once('data', (bytes) => {
    asked.push(
      `${socket.servername || '-'} ${socket.alpnProtocol || '-'} ${bytes.toString('latin1').split('\r\n')[0]}`,
    );
    socket.end('HTTP/1.0 200 OK\r\n\r\n');
  });
};

const answersH2 = (request: Http2ServerRequest, response: Http2ServerResponse) => {
  const { ':authority': host, 'x-a': a } = request.headers;
  asked.push(`h2 ${request.method} ${request.url} ${host ?? request.headers.host} ${a}`);
  response.writeHead(request.url === '/no' ? 503 : 200);
  response.end('all is well');
};

const ports = {
  tls: await listen(createTlsServer({ ...good, ALPNProtocols: ['h2', 'http/1.1'] }, answers)),
  h2: await listen(createSecureServer(good, answersH2)),
  h2c: await listen(createH2cServer(answersH2)),
  twelve: await listen(createTlsServer({ ...good, maxVersion: 'TLSv1.2' }, answers)),
  closes: await listen(createServer((socket) => socket.end())),
  resets: await listen(createServer((socket) => void socket.once('data', () => socket.resetAndDestroy()))),
  silent: await listen(createServer((socket) => void socket.resume())),
  clear: await listen(createServer((socket) => void socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\n\r\n')))),
};

/** Status of a check, and what is told of it. */
interface Case {
  readonly name: string;
  readonly server: string;
  readonly lines?: readonly string[];
  readonly status: string;
  readonly told?: string;
}

const FAILURE = 'SSL handshake failure';
const OTHER = 'Server presented an SSL certificate different from the';
const verified = 'ssl verify required ca-file {dir}/ca.pem';

const CASES: readonly Case[] = [
  { name: 'plain', server: '{addr:tls} ssl verify none', status: 'L6OK' },
  { name: 'verified', server: `{addr:tls} ${verified}`, status: 'L6OK' },
  {
    name: 'untrusted',
    server: '{addr:tls} ssl verify required ca-file {dir}/other.pem',
    status: 'L6RSP',
    told: FAILURE,
  },
  {
    name: 'verifyhost',
    server: `{addr:tls} ${verified} verifyhost no.test`,
    status: 'L6RSP',
    told: `${OTHER} configured one`,
  },
  { name: 'hostright', server: `{addr:tls} ${verified} verifyhost good.test`, status: 'L6OK' },
  { name: 'sni', server: `{addr:tls} ${verified} check-sni no.test`, status: 'L6RSP', told: `${OTHER} expected one` },
  { name: 'sniright', server: `{addr:tls} ${verified} check-sni good.test`, status: 'L6OK' },
  { name: 'closes', server: '{addr:closes} ssl verify none', status: 'L6RSP', told: FAILURE },
  { name: 'resets', server: '{addr:resets} ssl verify none', status: 'L6RSP', told: FAILURE },
  { name: 'silent', server: '{addr:silent} ssl verify none', status: 'L6TOUT' },
  { name: 'clear', server: '{addr:clear} ssl verify none', status: 'L6RSP', told: FAILURE },
  { name: 'old', server: '{addr:twelve} ssl verify none ssl-min-ver TLSv1.3', status: 'L6RSP', told: FAILURE },
  { name: 'port', server: '{addr:closes} ssl verify none port {port:tls}', status: 'L4OK' },
  { name: 'portssl', server: '{addr:closes} ssl verify none port {port:tls} check-ssl', status: 'L6OK' },
  { name: 'without', server: '{addr:tls} ssl verify none no-check-ssl', status: 'L4OK' },
  { name: 'only', server: '{addr:tls} check-ssl verify none', status: 'L6OK' },
  { name: 'http', server: '{addr:tls} ssl verify none', lines: ['option httpchk GET /http'], status: 'L7OK' },
  {
    name: 'connect',
    server: '{addr:tls} ssl verify none',
    lines: [
      'option httpchk',
      'http-check connect ssl sni good.test alpn http/1.1',
      'http-check send meth GET uri /connect ver HTTP/1.1 hdr host a.test',
    ],
    status: 'L7OK',
  },
  {
    name: 'h2',
    server: '{addr:h2} ssl verify none check-alpn h2',
    lines: [
      'option httpchk',
      'http-check send meth GET uri /h2 ver HTTP/2 hdr host a.test hdr x-a b',
      'http-check expect string well',
    ],
    status: 'L7OK',
  },
  {
    name: 'h2no',
    server: '{addr:h2} ssl verify none check-alpn h2',
    lines: ['option httpchk', 'http-check send meth GET uri /no ver HTTP/2 hdr host a.test'],
    status: 'L7STS',
  },
  {
    name: 'h2c',
    server: '{addr:h2c} check-proto h2',
    lines: ['option httpchk', 'http-check send meth GET uri /h2c ver HTTP/2 hdr host a.test'],
    status: 'L7OK',
  },
  {
    name: 'steps',
    server: '{addr:silent} verify none',
    lines: [
      'option tcp-check',
      'tcp-check connect ssl port {port:tls} sni q.test alpn x,http/1.1 comment one',
      'tcp-check send GET-steps',
      'tcp-check expect string 200',
      'tcp-check connect port {port:resets} ssl comment two',
    ],
    status: 'L6RSP',
    told: `${FAILURE} at step 4 of tcp-check (connect port {port:resets}) comment: 'two'`,
  },
  {
    name: 'default',
    server: '{addr:tls} ssl verify none check-sni z.test',
    lines: [
      'option tcp-check',
      'tcp-check connect default',
      'tcp-check send GET-default',
      'tcp-check expect string 200',
    ],
    status: 'L7OK',
    told: '(tcp-check)',
  },
  {
    name: 'single',
    server: '{addr:tls} verify none',
    lines: ['option tcp-check', 'tcp-check connect ssl'],
    status: 'L6OK',
    told: '(tcp-check)',
  },
  {
    name: 'clearstep',
    server: '{addr:tls} ssl verify none',
    lines: ['option tcp-check', 'tcp-check connect'],
    status: 'L4OK',
    told: '(tcp-check)',
  },
];

const sections = CASES.map(({ name, server, lines = [] }) =>
  [`backend ${name}`, ...lines, `server s ${server} check inter 400`, ''].join('\n    '),
);
const run = await start(
  { after },
  `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 300ms
    timeout check 400ms
    timeout server 1s
frontend one
    bind {addr:one}
backend named
    option httpchk
    http-check send meth GET uri /named ver HTTP/1.1 hdr host named.test:8443
    server s {addr:tls} ssl verify none check inter 400
${sections.join('\n')}
`,
  { ports, files: { 'ca.pem': authority.cert, 'other.pem': stranger.cert } },
);

describe('health checks over TLS', () => {
  for (const { name, status, told = '' } of CASES)
    test(`${name}: ${status}`, async () => {
      const text = told.replace(/\{port:(\w+)\}/g, (_all, port: keyof typeof ports) => String(ports[port]));
      await until(`${status} of ${name}`, async () => {
        const row = await run.row(`${name}/s`);
        return row['check_status'] === status && (status === 'L7STS' || row['last_chk'] === text);
      });
    });

  test('ask for the name and the protocols that are set', async () => {
    const expected = [
      /^- - GET \/http HTTP\/1\.0$/,
      /^good\.test http\/1\.1 GET \/connect HTTP\/1\.1$/,
      /^h2 GET \/h2 a\.test b$/,
      /^q\.test http\/1\.1 GET-steps$/,
      /^z\.test - GET-default$/,
    ];
    for (const pattern of expected) await until(String(pattern), () => asked.some((line) => pattern.test(line)));
  });

  test('the name is that of the host header where none is set', unlessHaproxy26('no name'), async () => {
    await until('the name', () => asked.includes('named.test - GET /named HTTP/1.1'));
  });

  test('go with a server that is added live', { skip: isHaproxy }, async () => {
    const answer = await run.cli('add server plain/added 127.0.0.1:1 ssl verify none check check-ssl');
    assert.match(answer, /New server registered/);
    await run.cli(`set server plain/added addr 127.0.0.1 port ${ports.tls}`);
    await run.cli('enable health plain/added');
    await run.cli('enable server plain/added');
    await until('L6OK', async () => (await run.row('plain/added'))['check_status'] === 'L6OK');
  });

  test('of a server that is added live take nothing over from its traffic', async () => {
    await run.cli(`add server plain/bare 127.0.0.1:${ports.tls} ssl verify none check`);
    await run.cli('enable health plain/bare');
    await run.cli('enable server plain/bare');
    await until('a check in the clear', async () => (await run.row('plain/bare'))['check_status'] === 'L4OK');
  });
});
