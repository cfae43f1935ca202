import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type Connection, connect, get, request } from '../support/connection.ts';
import { type Origin, origin } from '../support/origin.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs an installed HAProxy to compare with' : false;

const STORE =
  'conn_cnt,conn_cur,conn_rate(1h),sess_cnt,sess_rate(1h),http_req_cnt,http_req_rate(1h),http_err_cnt,http_err_rate(1h),http_fail_cnt,http_fail_rate(1h),gpc0,gpc1,gpt0,gpc0_rate(1h),bytes_in_cnt,bytes_in_rate(1h)';
const TOLD = [
  ...['conn_cnt', 'conn_cur', 'conn_rate', 'sess_cnt', 'sess_rate', 'http_req_cnt', 'http_req_rate'],
  ...['http_err_cnt', 'http_err_rate', 'http_fail_cnt', 'http_fail_rate', 'gpc0', 'gpc0_rate', 'gpc1', 'gpt0'],
  'trackers',
];

/** Places where a rule may track, with the section that it stands in. */
const RULES: Readonly<Record<string, readonly [section: 'web' | 'app', rule: string]>> = {
  connection: ['web', 'tcp-request connection track-sc0 src table st'],
  session: ['web', 'tcp-request session track-sc0 src table st'],
  content: ['web', 'tcp-request content track-sc0 src table st'],
  request: ['web', 'http-request track-sc0 src table st'],
  'content of a backend': ['app', 'tcp-request content track-sc0 src table st'],
  'request of a backend': ['app', 'http-request track-sc0 src table st'],
  response: ['app', 'http-response track-sc0 src table st'],
};

function config(rule: keyof typeof RULES): string {
  const [section, line] = RULES[rule]!;
  const told = TOLD.map((name) => `${name}=%[src,table_${name}(st)]`).join(' ');
  return `
global
    nbthread 1
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 300ms
    timeout http-request 300ms
    timeout tarpit 10ms
    retries 0
frontend web
    bind {addr:web}
    ${section === 'web' ? line : ''}
    http-request deny if { path /deny }
    http-request tarpit if { path /tarpit }
    http-request auth if { path /auth }
    http-request reject if { path /reject }
    http-request return status 404 if { path /return }
    http-request redirect location / if { path /redirect }
    http-request sc-inc-gpc0(0) if { path /gpc }
    http-request sc-inc-gpc1(0) if { path /gpc }
    http-request sc-set-gpt0(0) 12 if { path /gpc }
    use_backend nobody if { path /nobody }
    default_backend app
backend app
    ${section === 'app' ? line : ''}
    http-response deny if { res.hdr(x-deny) -m found }
    http-response sc-inc-gpc0(0) if { res.hdr(x-gpc) -m found }
    server s1 {addr:app}
backend nobody
backend st
    stick-table type ip size 100 expire 1h store ${STORE}
frontend probe
    bind {addr:probe}
    http-request return status 200 hdr x-told "${told}"
`;
}

/** What a client does, and the text that it is waited for: the end of the connection where there is none. */
const STEPS: Readonly<Record<string, (connection: Connection) => Promise<unknown>>> = {
  'a request': (c) => ask(c, '/'),
  'two requests on one connection': async (c) => {
    await c.exchange('GET / HTTP/1.1\nHost: a\n\n');
    await ask(c, '/');
  },
  'a request with a body': (c) =>
    c.exchange(`POST / HTTP/1.1\nHost: a\nContent-Length: 1000\nConnection: close\n\n${'x'.repeat(1000)}`),
  'not found': (c) => ask(c, '/404'),
  unauthorized: (c) => ask(c, '/401'),
  'server error': (c) => ask(c, '/500'),
  'not implemented': (c) => ask(c, '/501'),
  denied: (c) => ask(c, '/deny'),
  tarpitted: (c) => ask(c, '/tarpit'),
  'not authenticated': (c) => ask(c, '/auth'),
  answered: (c) => ask(c, '/return'),
  redirected: (c) => ask(c, '/redirect'),
  rejected: async (c) => {
    c.send('GET /reject HTTP/1.1\r\nHost: a\r\n\r\n');
    await c.rest({ tolerateReset: true });
  },
  'no server': (c) => ask(c, '/nobody'),
  'counters set': (c) => ask(c, '/gpc'),
  'a counter of the response': (c) => ask(c, '/x-gpc'),
  'a denied response': (c) => ask(c, '/x-deny'),
  'no response': (c) => ask(c, '/close'),
  'a late response': (c) => ask(c, '/late'),
  'a response that is none': (c) => ask(c, '/garbage'),
  'a bad request': async (c) => {
    c.send('NONSENSE\r\n\r\n');
    await c.response('GET');
  },
  'a request that does not come': async (c) => {
    c.send('GET / HTTP/1.1\r\nHo');
    await c.response('GET');
  },
};

const ask = (connection: Connection, path: string) =>
  connection.exchange(`GET ${path} HTTP/1.1\nHost: a\nConnection: close\n\n`);

function app(t: TestContext): Promise<Origin> {
  return origin(t, ({ target: path }, connection) => {
    if (path === '/close') {
      connection.socket.end();
      return null;
    }
    if (path === '/late') return { body: 'late', delay: 600 };
    if (path === '/garbage') return 'garbage\r\n\r\n';
    const status = Number(path.slice(1)) || 200;
    return { status, headers: { [path.startsWith('/x-') ? path.slice(1) : 'x-app']: '1' }, body: 'ok' };
  });
}

/** What the probe tells once nothing is tracked any more. */
async function told(run: Run): Promise<string> {
  let last = '';
  for (let tries = 0; tries < 100; tries++) {
    last = (await get(run.port('probe'))).get('x-told') ?? '';
    if (/trackers=[01]$/.test(last)) return last;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return last;
}

for (const rule of Object.keys(RULES)) {
  test(`what is counted of an entry tracked by a rule of the ${rule}`, { skip }, async (t) => {
    const apps = { app: await app(t) };
    const [ours, theirs] = await Promise.all([
      start(t, config(rule), { ports: apps }),
      start(t, config(rule), { ports: apps, program: HAPROXY }),
    ]);
    const differences: string[] = [];
    let before = ['', ''];
    for (const [step, act] of Object.entries(STEPS)) {
      for (const run of [ours, theirs]) {
        const connection = await connect(t, run.port('web'));
        await act(connection).catch(() => {});
        connection.socket.destroy();
      }
      const after = await Promise.all([told(ours), told(theirs)]);
      const [own, other] = after.map((text, i) => changes(before[i]!, text));
      if (own !== other) differences.push(`${step}: ${own} where HAProxy has ${other}`);
      before = after;
    }
    assert.deepEqual(differences, []);
  });
}

/** What has changed from one text of the probe to the next. */
function changes(before: string, after: string): string {
  const old = new Map(before.split(' ').map((item) => item.split('=') as [string, string]));
  return after
    .split(' ')
    .map((item) => item.split('=') as [string, string])
    .filter(([name, value]) => Number(value) !== Number(old.get(name) ?? 0))
    .map(([name, value]) => `${name}+${Number(value) - Number(old.get(name) ?? 0)}`)
    .join(' ');
}

test('a look-up by what cannot be a key of the table gives nothing, one without an entry 0', async (t) => {
  const run = await start(
    t,
    `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
backend st
    stick-table type ip size 10 expire 1h store http_req_cnt,gpc0
frontend web
    bind {addr:web}
    http-request return status 200 content-type text/plain lf-string "<%[req.hdr(k),table_http_req_cnt(st)]> <%[req.hdr(k),in_table(st)]> <%[req.hdr(k),table_gpc0(st)]> <%[req.hdr(k),table_expire(st,7)]>"
`,
  );
  const told = async (key: string) =>
    (await request(run.port('web'), `GET / HTTP/1.1\r\nHost: h\r\nK: ${key}\r\nConnection: close\r\n\r\n`)).text;
  assert.equal(await told('no address'), '<> <> <> <>');
  assert.equal(await told('10.0.0.1'), '<0> <0> <0> <7>');
});
