import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HealthCheckConfig, WordsAt } from '../../../src/config/types.ts';
import { compileHealthCheck } from '../../../src/control/checks/compile.ts';
import { CheckContext } from '../../../src/control/checks/facts.ts';
import type { CheckEnd } from '../../../src/control/checks/program.ts';
import { CheckRun } from '../../../src/control/checks/run.ts';
import { modelOf, noTls, plainCheck, proxyConfig, serverAt, serverConfig } from '../fixture.ts';
import { deadPort, type Manner, origin } from './origin.ts';

/** Lines of a backend, what the server does, and what HAProxy says of it: status, code, description. */
interface Case {
  readonly name: string;
  readonly lines: string;
  readonly origin: Manner | 'refuses';
  readonly expect: readonly [status: string, code: number | null, description: string];
  readonly sent?: string;
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Foo: bar\r\nX-Foo: baz\r\n\r\nhello';
const httpchk = (rules = ''): string => `option httpchk\n${rules}`;
const tcpCheck = (rules = ''): string => `option tcp-check\n${rules}`;
const pong = 'tcp-check send PING\ntcp-check expect string +PONG';
const err: Manner = { answer: '-ERR foo\r\n' };
const hangs: Manner = { handle: () => undefined };
const speaks: Manner = { handle: (socket) => void socket.end('-ERR foo\r\n') };

const CASES: readonly Case[] = [
  { name: 'a plain connection', lines: '', origin: {}, expect: ['L4OK', null, ''] },
  { name: 'a refused connection', lines: '', origin: 'refuses', expect: ['L4CON', null, 'Connection refused'] },
  { name: 'tcp-check without rules', lines: tcpCheck(), origin: {}, expect: ['L4OK', null, ''] },
  {
    name: 'a refused connect step',
    lines: tcpCheck('tcp-check connect comment hi\ntcp-check send x'),
    origin: 'refuses',
    expect: ['L4CON', null, "Connection refused at step 1 of tcp-check (connect) comment: 'hi'"],
  },
  {
    name: 'a refused connect step after a comment',
    lines: tcpCheck('tcp-check comment foo\ntcp-check connect\ntcp-check send x'),
    origin: 'refuses',
    expect: ['L4CON', null, "Connection refused at step 2 of tcp-check (connect) comment: 'foo'"],
  },
  {
    name: 'a refused implicit connect',
    lines: tcpCheck(pong),
    origin: 'refuses',
    expect: ['L4CON', null, 'Connection refused at initial connection step of tcp-check'],
  },
  {
    name: 'an expected string',
    lines: tcpCheck(pong),
    origin: { answer: '+PONG\r\n', stay: true },
    expect: ['L7OK', null, '(tcp-check)'],
    sent: 'PING',
  },
  {
    name: 'another string',
    lines: tcpCheck(pong),
    origin: err,
    expect: ['L7RSP', null, "TCPCHK did not match content '+PONG' at step 2"],
  },
  {
    name: 'another string with comments',
    lines: tcpCheck(
      'tcp-check connect\ntcp-check comment ping\ntcp-check send PING\ntcp-check expect string +PONG comment pp',
    ),
    origin: err,
    expect: ['L7RSP', null, "TCPCHK did not match content '+PONG' at step 4 comment: pp"],
  },
  {
    name: 'a regex that does not match',
    lines: tcpCheck('tcp-check expect rstring ^a'),
    origin: speaks,
    expect: ['L7RSP', null, 'TCPCHK did not match content (regex) at step 1'],
  },
  {
    name: 'bytes that are not there',
    lines: tcpCheck('tcp-check expect binary 616263'),
    origin: speaks,
    expect: ['L7RSP', null, 'TCPCHK did not match content (binary) at step 1'],
  },
  {
    name: 'bytes that do not match',
    lines: tcpCheck('tcp-check expect rbinary ^41'),
    origin: speaks,
    expect: ['L7RSP', null, 'TCPCHK did not match content (binary regex) at step 1'],
  },
  {
    name: 'bytes that match',
    lines: tcpCheck('tcp-check expect rbinary ^2D45'),
    origin: speaks,
    expect: ['L7OK', null, '(tcp-check)'],
  },
  {
    name: 'an unwanted string',
    lines: tcpCheck('tcp-check expect ! string ERR'),
    origin: speaks,
    expect: ['L7RSP', null, "TCPCHK matched unwanted content 'ERR' at step 1"],
  },
  {
    name: 'an empty answer',
    lines: tcpCheck('tcp-check expect string abc'),
    origin: { handle: (s) => void s.end() },
    expect: ['L7RSP', null, 'TCPCHK got an empty response at step 1'],
  },
  {
    name: 'silence',
    lines: tcpCheck('tcp-check expect string ERR'),
    origin: hangs,
    expect: ['L7TOUT', null, " at step 1 of tcp-check (expect string 'ERR')"],
  },
  {
    name: 'silence with a comment',
    lines: tcpCheck('tcp-check expect string abc comment xx'),
    origin: hangs,
    expect: ['L7TOUT', null, " at step 1 of tcp-check (expect string 'abc') comment: 'xx'"],
  },
  {
    name: 'too little with min-recv',
    lines: tcpCheck('tcp-check expect min-recv 20 string ERR'),
    origin: { handle: (s) => void s.write('-ERR') },
    expect: ['L7TOUT', null, " at step 1 of tcp-check (expect string 'ERR')"],
  },
  {
    name: 'too little with min-recv, then the end',
    lines: tcpCheck('tcp-check expect min-recv 20 string ERR'),
    origin: { handle: (s) => void s.end('-ERR') },
    expect: ['L7OK', null, '(tcp-check)'],
  },
  {
    name: 'binary and log-format sends',
    lines: tcpCheck(
      'tcp-check connect\ntcp-check send-binary 0001ff\ntcp-check send-lf %[srv_name]-43\ntcp-check expect string x',
    ),
    origin: {
      handle: (s) => {
        let got = '';
        s.on('data', (b) => {
          got += b.toString('latin1');
          if (got.length === 7) s.end(got === '\x00\x01\xffs-43' ? 'x' : got);
        });
      },
    },
    expect: ['L7OK', null, '(tcp-check)'],
  },
  {
    name: 'an HTTP answer',
    lines: httpchk(),
    origin: { answer: OK },
    expect: ['L7OK', 200, ''],
    sent: 'OPTIONS / HTTP/1.0\r\n\r\n',
  },
  {
    name: 'a redirection',
    lines: httpchk(),
    origin: { answer: 'HTTP/1.1 302 Found\r\n\r\n' },
    expect: ['L7OK', 302, ''],
  },
  {
    name: 'status 404',
    lines: httpchk(),
    origin: { answer: 'HTTP/1.1 404 Not Found\r\n\r\n' },
    expect: ['L7STS', 404, 'Not Found'],
  },
  {
    name: 'status 404 with disable-on-404',
    lines: httpchk('http-check disable-on-404'),
    origin: { answer: 'HTTP/1.1 404 Not Found\r\n\r\n' },
    expect: ['L7OKC', 404, ''],
  },
  {
    name: 'no HTTP at all',
    lines: httpchk(),
    origin: { answer: 'JUNK JUNK JUNK JUNK\r\n\r\n' },
    expect: ['L7RSP', null, ''],
  },
  { name: 'an empty HTTP answer', lines: httpchk(), origin: {}, expect: ['L7RSP', null, ''] },
  {
    name: 'half a head',
    lines: httpchk(),
    origin: { answer: 'HTTP/1.1 200 OK\r\nFoo: b' },
    expect: ['L7RSP', null, ''],
  },
  { name: 'silence after a request', lines: httpchk(), origin: hangs, expect: ['L7TOUT', null, ''] },
  {
    name: 'another status',
    lines: httpchk('http-check comment cmt\nhttp-check expect status 204'),
    origin: { answer: OK },
    expect: ['L7STS', 200, 'OK comment: cmt'],
  },
  {
    name: 'an unwanted status',
    lines: httpchk('http-check expect ! status 200'),
    origin: { answer: OK },
    expect: ['L7STS', 200, 'OK'],
  },
  {
    name: 'a status regex',
    lines: httpchk('http-check expect rstatus ^[45]'),
    origin: { answer: OK },
    expect: ['L7STS', 200, 'OK'],
  },
  {
    name: 'a missing string in the body',
    lines: httpchk('http-check expect string bye'),
    origin: { answer: OK },
    expect: ['L7RSP', 200, 'HTTP content check did not match'],
  },
  {
    name: 'a string in the body',
    lines: httpchk('http-check expect string hello'),
    origin: { answer: OK, stay: true },
    expect: ['L7OK', 200, ''],
  },
  {
    name: 'a string in a chunked body',
    lines: httpchk('http-check expect rstring ^hello$'),
    origin: {
      answer: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n',
      stay: true,
    },
    expect: ['L7OK', 200, ''],
  },
  {
    name: 'an unwanted string in the body',
    lines: httpchk('http-check expect ! string hello'),
    origin: { answer: OK },
    expect: ['L7RSP', 200, 'HTTP check matched unwanted content'],
  },
  {
    name: 'no body',
    lines: httpchk('http-check expect string x'),
    origin: { answer: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', stay: true },
    expect: ['L7RSP', 200, 'HTTP content check could not find a response body'],
  },
  {
    name: 'another header value',
    lines: httpchk('http-check expect hdr name x-foo value qux'),
    origin: { answer: OK },
    expect: ['L7STS', 200, 'OK'],
  },
  {
    name: 'the beginning of a header value',
    lines: httpchk('http-check expect hdr name X-Foo value -m beg ba'),
    origin: { answer: OK },
    expect: ['L7OK', 200, ''],
  },
  {
    name: 'a conditional pass with its own text',
    lines: httpchk('http-check expect status 200 ok-status L7OKC on-success %[res.fhdr(x-foo)]'),
    origin: { answer: OK },
    expect: ['L7OKC', 200, 'baz'],
  },
  {
    name: 'a failure with its own status and text',
    lines: httpchk('http-check expect status 201 error-status L7RSP on-error bad-%[srv_name]'),
    origin: { answer: OK },
    expect: ['L7RSP', 200, 'bad-s'],
  },
  {
    name: 'a timeout with its own status',
    lines: httpchk('http-check expect status 201 tout-status L4TOUT'),
    origin: hangs,
    expect: ['L4TOUT', null, ''],
  },
  {
    name: 'a request of its own',
    lines: httpchk('http-check send meth POST uri /x ver HTTP/1.1 hdr Host foo hdr X-A b-%[be_name] body abc'),
    origin: { answer: OK },
    expect: ['L7OK', 200, ''],
    sent: 'POST /x HTTP/1.1\r\nhost: foo\r\nx-a: b-be\r\ncontent-length: 3\r\nconnection: close\r\n\r\nabc',
  },
  {
    name: 'a request in two halves',
    lines: 'option httpchk GET /foo HTTP/1.1\nhttp-check send hdr X-A b',
    origin: { answer: OK },
    expect: ['L7OK', 200, ''],
    sent: 'GET /foo HTTP/1.1\r\nx-a: b\r\nconnection: close\r\n\r\n',
  },
  {
    name: 'the state in a header',
    lines: httpchk('http-check send-state'),
    origin: { answer: OK },
    expect: ['L7OK', 200, ''],
    sent: 'OPTIONS / HTTP/1.0\r\nx-haproxy-server-state: UP\r\n\r\n',
  },
  {
    name: 'a Redis server',
    lines: 'option redis-check',
    origin: { answer: '+PONG\r\n', stay: true },
    expect: ['L7OK', null, 'Redis server is ok'],
    sent: '*1\r\n$4\r\nPING\r\n',
  },
  {
    name: 'a Redis server that wants a password',
    lines: 'option redis-check',
    origin: { answer: '-NOAUTH Authentication required.\r\n' },
    expect: ['L7STS', null, '-NOAUTH Authentication required.'],
  },
  {
    name: 'a mail server',
    lines: 'option smtpchk EHLO x.y',
    origin: {
      handle: (s) => {
        s.write('220 hi\r\n');
        s.on('data', (b) => void s.write(`${b}`.startsWith('EHLO x.y\r\n') ? '250-foo\r\n250 bar\r\n' : '221 bye\r\n'));
      },
    },
    expect: ['L7OK', 221, 'bye'],
  },
  {
    name: 'a mail server that is busy',
    lines: 'option smtpchk',
    origin: { greeting: '421 go away\r\n', stay: true },
    expect: ['L7STS', 421, 'go away'],
  },
  {
    name: 'a PostgreSQL server',
    lines: 'option pgsql-check user foo',
    origin: { answer: 'R\0\0\0\x08\0\0\0\0', stay: true },
    expect: ['L7OK', null, 'PostgreSQL server is ok'],
    sent: '\0\0\0\x12\0\x03\0\0user\0foo\0\0',
  },
  {
    name: 'a PostgreSQL server with an error',
    lines: 'option pgsql-check user foo',
    origin: { answer: 'E\0\0\0\x08FATAL\0' },
    expect: ['L7RSP', null, 'ATAL'],
  },
  {
    name: 'an LDAP server',
    lines: 'option ldap-check',
    origin: { answer: '\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00', stay: true },
    expect: ['L7OK', 0, 'Success'],
  },
  {
    name: 'an LDAP server that refuses',
    lines: 'option ldap-check',
    origin: { answer: '\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00', stay: true },
    expect: ['L7STS', 49, 'See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9'],
  },
  {
    name: 'no LDAP at all',
    lines: 'option ldap-check',
    origin: { answer: 'a'.repeat(22) },
    expect: ['L7RSP', null, 'Not LDAPv3 protocol'],
  },
  {
    name: 'a TLS server',
    lines: 'option ssl-hello-chk',
    origin: { answer: '\x16\x03\x00\x00\x02aa' },
    expect: ['L6OK', null, ''],
  },
  {
    name: 'no TLS at all',
    lines: 'option ssl-hello-chk',
    origin: { answer: 'aaaaaaaa' },
    expect: ['L6RSP', null, ''],
  },
  {
    name: 'a MySQL server',
    lines: 'option mysql-check',
    origin: { greeting: '\x0b\0\0\0\x0a8.0.36\0abc', stay: true },
    expect: ['L7OK', null, '8.0.36'],
  },
  {
    name: 'a MySQL server that blocks the host',
    lines: 'option mysql-check',
    origin: { greeting: '\x0d\0\0\0\xff\x69\x04#HY000nope', stay: true },
    expect: ['L7STS', 1129, 'nope'],
  },
];

const KINDS: Readonly<Record<string, HealthCheckConfig['kind']>> = {
  httpchk: 'http',
  'tcp-check': 'tcp-check',
  'redis-check': 'redis',
  smtpchk: 'smtp',
  'pgsql-check': 'pgsql',
  'ldap-check': 'ldap',
  'ssl-hello-chk': 'ssl-hello',
  'mysql-check': 'mysql',
};

function healthCheck(text: string): HealthCheckConfig {
  let config: HealthCheckConfig = plainCheck;
  const rules: WordsAt[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.split(' ');
    if (words[0] === 'option') config = { ...config, kind: KINDS[words[1]!]!, args: words.slice(2) };
    else if (words[1] === 'disable-on-404') config = { ...config, disableOn404: true };
    else if (words[1] === 'send-state') config = { ...config, sendState: true };
    else if (line !== '') rules.push({ words, at: { file: 'test.cfg', line: i + 1 } });
  }
  return { ...config, rules };
}

for (const { name, lines, origin: manner, expect, sent } of CASES) {
  test(`a check meets ${name}`, async (t) => {
    const server = manner === 'refuses' ? { port: await deadPort(t), received: [] } : await origin(t, manner);
    const proxy = proxyConfig('be', 2, { servers: [serverConfig('s')], healthCheck: healthCheck(lines) });
    const compiled = compileHealthCheck(proxy, () => null);
    assert.ok('ok' in compiled, JSON.stringify(compiled));
    const model = modelOf([proxy]);
    const end = await new Promise<CheckEnd>((resolve) => {
      const target = {
        host: '127.0.0.1',
        family: 'inet' as const,
        port: server.port,
        proxyProtocol: 0 as const,
        sourceHost: null,
        namespace: null,
        md5Key: null,
        neverLocal: false,
        socks4: null,
        viaSocks4: false,
        tls: noTls(),
        tlsRows: [],
        secure: false,
        proto: null,
        connectTimeout: 5000,
        checkTimeout: expect[0].endsWith('TOUT') ? 60 : 5000,
        maxBytes: 16384,
      };
      const hooks = {
        serverIsUp: true,
        context: () => new CheckContext(model, serverAt(model, 'be/s')),
        stateHeader: () => 'UP',
      };
      new CheckRun(compiled.ok!, target, hooks, resolve);
    });
    assert.deepEqual([end.status, end.code, end.description], expect);
    if (sent !== undefined) assert.equal(server.received[0], sent);
  });
}
