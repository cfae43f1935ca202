import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, suite, type TestContext, test } from 'node:test';
import { type Connection, connect, get, request } from '../support/connection.ts';
import { type Origin, origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { type Syslog, syslog } from '../support/syslog.ts';

// What the differential run has found: each case holds on HAProxy, too.

const DEFAULTS = `
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
`;

/** What a case is played on. */
interface Played {
  readonly app: Origin;
  readonly log: Syslog;
  readonly port: number;
}

interface Case {
  readonly name: string;
  readonly lines: string;
  readonly files: Record<string, string>;
  readonly body: (played: Played, t: TestContext) => Promise<void>;
}

const cases: Case[] = [];

/** A case on a frontend with these lines, whose log and server are its own. `{dir}` is the folder of its files. */
function onFrontend(name: string, lines: string, body: Case['body'], files: Record<string, string> = {}): void {
  cases.push({ name, lines, body, files });
}

onFrontend(
  'requests that were sent ahead are answered after one that was answered here',
  'http-request deny if { path_beg /deny }',
  async ({ port }, t) => {
    const client = await connect(t, port);
    client.send('GET /deny HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2) + 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const seen = [await client.response(), await client.response(), await client.response()];
    assert.deepEqual(
      seen.map(({ status }) => status),
      [403, 403, 200],
    );
  },
);

onFrontend(
  'what a server answered to a request that a rule answers then is not taken for requests',
  'http-response deny if { res.hdr(x-deny) 1 }',
  async ({ port, app }, t) => {
    app.script = () => ({ headers: { 'x-deny': '1' }, body: 'GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n' });
    const client = await connect(t, port);
    client.send('GET /first HTTP/1.1\r\nhost: a\r\n\r\nGET /second HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.deepEqual([(await client.response()).status, (await client.response()).status], [502, 502]);
    assert.ok(await client.silent(100));
    assert.deepEqual(
      app.requests.map(({ target }) => target),
      ['/first', '/second'],
    );
  },
);

onFrontend(
  'a connection is kept after an answer made here to a request with a body',
  'http-request deny if { path_beg /deny }',
  async ({ port }, t) => {
    const client = await connect(t, port);
    for (const body of [
      'content-length: 5\r\n\r\nhello',
      'transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    ]) {
      client.send(`POST /deny HTTP/1.1\r\nhost: a\r\n${body}GET / HTTP/1.1\r\nhost: a\r\n\r\n`);
      const denied = await client.response();
      assert.deepEqual([denied.status, denied.get('connection')], [403, undefined]);
      assert.equal((await client.response()).text, 'hello');
    }
  },
);

onFrontend(
  'a page of a file keeps the version that the file has',
  'errorfile 403 {dir}/403.http\nhttp-request deny',
  async ({ port }, t) => {
    const client = await connect(t, port);
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const kept = await client.response();
    assert.deepEqual([kept.version, kept.get('connection')], ['HTTP/1.0', 'keep-alive']);
    const last = await get(port);
    assert.deepEqual([last.version, last.get('connection')], ['HTTP/1.0', undefined]);
  },
  { '403.http': 'HTTP/1.0 403 Mine\r\nContent-Length: 4\r\n\r\nmine' },
);

onFrontend(
  'replace-value takes the blanks around what it replaces away',
  'http-request replace-value x-l ^t(.*)$ <t\\1>\nhttp-request return status 200 hdr x-l "%[req.fhdr(x-l)]"',
  async ({ port }) => {
    for (const [value, expected] of [
      ['one, two', 'one,<two>'],
      ['two, one,  two ,tw', '<two>, one,<two>,<tw>'],
      ['ten,"t,x" , a', '<ten>,"t,x" , a'],
    ])
      assert.equal((await get(port, '/', `x-l: ${value}`)).get('x-l'), expected);
  },
);

onFrontend(
  'the default port of the scheme is no part of the host of an HTTP/2 request',
  '',
  async ({ port, app }, t) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    t.after(() => session.close());
    for (const authority of ['a.example:80', 'a.example:443', 'a.example:8080']) {
      const stream = session.request({ ':path': '/', ':authority': authority });
      stream.resume();
      await Promise.all([once(stream, 'response'), once(stream, 'end')]);
    }
    assert.deepEqual(
      app.requests.map((seen) => seen.get('host')),
      ['a.example', 'a.example:443', 'a.example:8080'],
    );
  },
);

onFrontend(
  'log lines keep the blanks around what is empty, and tell of captures that a response did not get to',
  'capture response header x-a len 4\nhttp-request deny\nlog-format "|%HP %HQ %HU %hr %hs|"',
  async ({ port, log }) => {
    await get(port, '/x');
    await log.waitFor(/\|\/x {2}\/x \{\}\|/);
    assert.equal((await request(port, 'G@T / HTTP/1.1\n\n')).status, 400);
    await log.waitFor(/\|<BADREQ> <BADREQ> <BADREQ> \|/);
  },
);

onFrontend(
  'a request that cannot be read counts for nothing in its line',
  'log-format "%ST %U %B %{+Q}r"',
  async ({ port, log }) => {
    await request(port, 'G@T / HTTP/1.1\n\n');
    await log.waitFor(/400 0 0 "<BADREQ>"/);
  },
);

onFrontend(
  'text outside of ASCII in the configuration is sent byte by byte, in headers, bodies and log lines',
  'log-format "né %HP"\nhttp-request return status 200 content-type text/plain string "très" hdr x-a "été %[path]"',
  async ({ port, log }) => {
    const seen = await get(port, '/x');
    assert.deepEqual([Buffer.from(seen.get('x-a')!, 'latin1').toString(), seen.text], ['été /x', 'très']);
    assert.equal(
      Buffer.from(await log.waitFor(/\/x$/), 'latin1')
        .toString()
        .endsWith(' né /x'),
      true,
    );
  },
);

onFrontend(
  'an empty page is silence, and the log tells the status that it stands for',
  'errorfile 403 /dev/null\nhttp-after-response set-header x-a b\nlog-format "%ST %ts %B"\nhttp-request deny',
  async ({ port, log }, t) => {
    const client = await connect(t, port);
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(await client.rest(), '');
    await log.waitFor(/403 PR 0/);
  },
);

onFrontend(
  'a page keeps the order of its fields, and the log tells the status that it stands for',
  'errorfile 403 {dir}/403.http\nlog-format "%ST"\nhttp-request deny',
  async ({ port, log }, t) => {
    const client = await connect(t, port);
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(await client.through('mine'), 'HTTP/1.1 404 Mine\r\ncontent-length: 4\r\nx-page: 1\r\n\r\nmine');
    await log.waitFor(/ 403$/);
  },
  { '403.http': 'HTTP/1.1 404 Mine\r\nContent-Length: 4\r\nX-Page: 1\r\n\r\nmine' },
);

onFrontend(
  'pages of http-error lines are made from formats',
  'http-error status 403 content-type text/plain lf-string "no %[capture.req.uri]" hdr x-a "%[method]" hdr x-none "%[var(txn.no)]"\nhttp-request deny',
  async ({ port }) => {
    const seen = await get(port, '/x');
    assert.deepEqual([seen.status, seen.text, seen.get('x-a'), seen.get('x-none')], [403, 'no /x', 'GET', undefined]);
  },
);

onFrontend(
  'a tarpit is logged as time in a queue, and leaves the connection open',
  'timeout tarpit 50ms\nlog-format "%TR/%Tw %ts"\nhttp-request tarpit',
  async ({ port, log }, t) => {
    const client = await connect(t, port);
    for (let i = 0; i < 2; i++) {
      client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
      assert.equal((await client.response()).status, 500);
      await log.waitFor(/ -1\/\d+ PT/);
    }
  },
);

onFrontend(
  'the unique ID is made when the rules are through, and its field comes behind theirs',
  'unique-id-format "%[path]"\nunique-id-header x-id\nhttp-request set-path /new\nhttp-request set-header x-a b',
  async ({ port, app }) => {
    await get(port, '/old');
    assert.deepEqual(
      app.requests[0]!.fields.map(([name, value]) => `${name}: ${value}`).filter((field) => field.startsWith('x-')),
      ['x-a: b', 'x-id: /new'],
    );
  },
);

onFrontend(
  'error-log-format is that of requests that could not be read',
  'log-format "fine"\nerror-log-format "bad %ST"',
  async ({ port, log }) => {
    await request(port, 'G@T / HTTP/1.1\n\n');
    await log.waitFor(/bad 400/);
  },
);

onFrontend(
  'a target with an authority is that of the Host field, too, and quotes are none of headers',
  'http-request set-uri http://other.example/x\nhttp-request set-header x-a "%{+Q}[path]"\nhttp-request replace-path (.*) /r\\1',
  async ({ port, app }) => {
    await get(port, '/');
    assert.deepEqual([app.requests[0]!.get('host'), app.requests[0]!.get('x-a')], ['other.example', '/x']);
  },
);

test('retry-on that does not list failed connections has none tried again', async (t) => {
  const log = await syslog(t);
  const run = await start(
    t,
    `
    listen web
        mode http
        bind {addr:web}
        log {addr:log} local0
        log-format "%rc %ST"
        retry-on 503
        retries 2
        timeout client 5s
        timeout connect 5s
        timeout server 5s
        server s {addr:refused}
`,
    { ports: { log } },
  );
  assert.equal((await get(run.port('web'))).status, 503);
  await log.waitFor(/ 0 503$/);
});

onFrontend(
  'a later level takes the silence of an earlier rule back',
  'log-format "%HP"\nhttp-request set-log-level silent\nhttp-request set-log-level warning if { path /told }',
  async ({ port, log }) => {
    await get(port, '/untold');
    await get(port, '/told');
    assert.match(await log.waitFor(/told/), /^<132>.*\/told$/);
  },
);

onFrontend(
  'nothing behind the last request of a connection is read, nor logged',
  'log-format "%HM %ST"\nhttp-response deny if { res.hdr(x-deny) 1 }',
  async ({ port, log, app }, t) => {
    const next = 'PATCH /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n\r\n';
    app.script = () => ({ headers: { 'x-deny': '1' }, body: 'until the end', framing: 'close' });
    const last = await connect(t, port);
    last.send(`GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n${next}`);
    assert.match(await last.rest(), /^HTTP\/1\.1 502 /);
    const kept = await connect(t, port);
    kept.send(`GET / HTTP/1.1\r\nhost: a\r\n\r\n${next}`);
    assert.deepEqual([(await kept.response()).status, (await kept.response()).status], [502, 502]);
    await log.waitFor(/PATCH 502/);
    assert.deepEqual(
      log.lines.map((line) => line.slice(line.indexOf(']: ') + 3)),
      ['GET 502', 'GET 502', 'PATCH 502'],
    );
  },
);

onFrontend(
  'append-slash appends one wherever the target does not end with it',
  'http-request redirect prefix /p append-slash',
  async ({ port }) => {
    const to = async (path: string) => (await get(port, path)).get('location');
    assert.deepEqual(
      [await to('/a'), await to('/a/'), await to('/'), await to('/a?b=1')],
      ['/p/a/', '/p/a/', '/p/', '/p/a?b=1/'],
    );
  },
);

onFrontend(
  'the log has a unique ID for all requests; what is denied has one without anything of the request',
  'unique-id-format "%[path]:%fi"\nlog-format "id=%ID %ST"\nhttp-request deny if { path /denied }',
  async ({ port, log }) => {
    await get(port, '/denied');
    await log.waitFor(/id=-?:127\.0\.0\.1 403/);
    await get(port, '/x');
    await log.waitFor(/id=\/x:127\.0\.0\.1 200/);
  },
);

for (const [edit, host] of [
  ['set-header host b.example', 'b.example'],
  ["replace-header host '^a(.*)$' 'c\\1'", 'c.example'],
  ["replace-value host '^a(.*)$' 'd\\1'", 'd.example'],
] as const) {
  onFrontend(
    `the authority of an absolute target follows the host header: ${edit}`,
    `http-request ${edit}`,
    async ({ app, port }) => {
      await request(port, 'GET http://a.example/x?y HTTP/1.1\r\nhost: a.example\r\n\r\n');
      const seen = await app.nextRequest();
      assert.equal(seen.target, `http://${host}/x?y`);
      assert.equal(seen.get('host'), host);
    },
  );
}

onFrontend(
  'a truth is captured as 1 or 0',
  'log-format "%hr %ST"\nhttp-request capture always_true len 5\nhttp-request capture always_false len 5',
  async ({ port, log }) => {
    await get(port);
    await log.waitFor(/\{1\|0\} 200/);
  },
);

onFrontend(
  'names of fields are restricted behind the rules, which see all of them',
  'option http-restrict-req-hdr-names delete\nhttp-request set-header x-seen %[req.hdr(a_b)]\nhttp-request set-header c_d 1',
  async ({ app, port }) => {
    await request(port, 'GET / HTTP/1.1\r\nhost: a\r\na_b: 1\r\n\r\n');
    const seen = await app.nextRequest();
    assert.deepEqual([seen.get('x-seen'), seen.get('a_b'), seen.get('c_d')], ['1', undefined, undefined]);
  },
);

onFrontend(
  'rules may answer before the names of fields are restricted',
  'option http-restrict-req-hdr-names reject\nhttp-request return status 200 if { path /here }\nhttp-request set-header c_d 1 if { path /added }',
  async ({ port }) => {
    const status = async (target: string) =>
      (await request(port, `GET ${target} HTTP/1.1\r\nhost: a\r\n${target === '/here' ? 'a_b: 1\r\n' : ''}\r\n`))
        .status;
    assert.deepEqual([await status('/here'), await status('/added'), await status('/')], [200, 403, 200]);
  },
);

onFrontend(
  'captures stand in the log in the order of their lines, whatever they are',
  'log-format "%hr %ST"\nhttp-request capture str(a) len 5\ndeclare capture request len 4\ntcp-request content capture str(b) len 5\ncapture request header host len 5\nhttp-request capture str(c) len 5\nhttp-request capture str(d) id 1',
  async ({ port, log }) => {
    await request(port, 'GET / HTTP/1.1\r\nhost: h\r\n\r\n');
    await log.waitFor(/\{a\|d\|b\|h\|c\} 200/);
  },
);

onFrontend(
  'who captures a cookie takes the spaces around equal signs out of all of them',
  'capture cookie sid len 10',
  async ({ app, port }) => {
    for (const [sent, arrives] of [
      ['sid = spaced ; theme= dark', 'sid=spaced ; theme=dark'],
      ['a =b;sid', 'a=b;sid'],
      ['$Path = /; x=1', '$Path = /; x=1'],
    ] as const) {
      await request(port, `GET / HTTP/1.1\r\nhost: a\r\ncookie: ${sent}\r\n\r\n`);
      assert.equal((await app.nextRequest()).get('cookie'), arrives);
    }
  },
);

onFrontend(
  'a response that has no body has one of no bytes, whatever it announces',
  'http-response set-header x-size %[res.body_size]',
  async ({ app, port }, t) => {
    const client = await connect(t, port);
    app.script = () => 'HTTP/1.1 304 Not Modified\r\ncontent-length: 12\r\n\r\n';
    assert.match(
      (await client.exchange('GET / HTTP/1.1\r\nhost: a\r\n\r\n')).head,
      /content-length: 12\r\nx-size: 0\r\n/,
    );
    app.script = () => 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';
    assert.match(
      (await client.exchange('GET / HTTP/1.1\r\nhost: a\r\n\r\n')).head,
      /content-length: 5\r\nx-size: 5\r\n/,
    );
  },
);

onFrontend(
  'a connection that a server refuses was one for HTTP/1, too',
  'log-format "%ST %[bc_http_major]"\nuse_backend nobody if { path /nobody }',
  async ({ log, port }) => {
    await request(port, 'GET /nobody HTTP/1.1\r\nhost: a\r\n\r\n');
    await log.waitFor(/503 1$/);
    await get(port);
    await log.waitFor(/200 1$/);
  },
);

/** Lets the server of a case switch to a protocol that repeats words, and asks it to. */
async function switched({ app, port }: Played, t: TestContext): Promise<Connection> {
  app.script = async (_, server) => {
    server.send('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: foo\r\nx-a: 1\r\n\r\nraw');
    server.send(`<${await server.bytes(4).catch(() => '')}>`).catch(() => undefined);
    return null;
  };
  const client = await connect(t, port);
  client.send('GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: foo\r\n\r\n');
  return client;
}

onFrontend(
  'rules on responses see one that switches protocols, and do not wait for a body of it',
  'http-response wait-for-body time 10s\nhttp-response set-header x-b %[status]\nhttp-response del-header x-a\nhttp-after-response set-header x-c 1',
  async (played, t) => {
    const client = await switched(played, t);
    const head = await client.through('\r\n\r\nraw');
    assert.match(head, /^HTTP\/1.1 101 .*\r\nupgrade: foo\r\nx-b: 101\r\nx-c: 1\r\n\r\nraw$/s);
    client.send('word');
    await client.through('<word>');
  },
);

onFrontend(
  'a rule answers in place of a response that switches protocols',
  'log-format "%ST %ts"\nhttp-response deny if { status 101 }',
  async (played, t) => {
    const client = await switched(played, t);
    assert.equal((await client.response()).status, 502);
    await played.log.waitFor(/502 PH/);
    played.app.script = () => ({ body: 'next' });
    assert.equal((await client.exchange('GET / HTTP/1.1\nhost: a\n\n')).text, 'next');
  },
);

onFrontend(
  'a response that switches protocols and gets another status is one of that status',
  'http-response set-status 404',
  async (played, t) => {
    const client = await switched(played, t);
    assert.equal((await client.response('GET')).status, 404);
    played.app.script = () => ({ body: 'next' });
    assert.equal((await client.exchange('GET / HTTP/1.1\nhost: a\n\n')).text, 'next');
  },
);

onFrontend(
  'the connection ends behind a status below 200 that a rule makes',
  'http-response set-status 101',
  async ({ port }, t) => {
    const client = await connect(t, port);
    client.send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.match(await client.rest(), /^HTTP\/1.1 101 /);
  },
);

onFrontend(
  'the statistics page knows its address in an absolute target',
  'stats enable\nstats uri /stats\nstats realm here\nstats auth a:b',
  async ({ port }) => {
    const asked = await request(port, 'GET http://a/stats HTTP/1.1\r\nhost: a\r\n\r\n');
    assert.equal(asked.status, 401);
    assert.match(asked.head, /^content-length: 112\r\n.*\r\nwww-authenticate: Basic realm="here"\r\n/ms);
    const known = await request(
      port,
      'GET http://a/stats;csv HTTP/1.1\r\nhost: a\r\nauthorization: Basic YTpi\r\n\r\n',
    );
    assert.match(known.text, /^# pxname,/);
  },
);

onFrontend(
  'what an answer tells of the time that an exchange has taken is nothing yet',
  'http-request return status 200 content-type text/plain lf-string "%Tt %Ta"',
  async ({ port }) => {
    // Time before the first byte of the request is taken off, as HAProxy does.
    assert.match((await get(port)).text, /^0 (0|-\d+)$/);
  },
);

onFrontend(
  'a listen section that another frontend has chosen runs its rules on requests, too',
  'log-format "%hr %ST"\ndeclare capture request len 8\nuse_backend both if { path_beg /both }',
  async ({ log, port }) => {
    assert.match((await get(port, '/both')).text, /^both for web\d+$/);
    await log.waitFor(/\{theirs\} 200/);
    assert.equal(
      (await request(port, 'GET /both/reject HTTP/1.1\r\nhost: a\r\n\r\n').catch(() => null))?.status,
      undefined,
    );
  },
);

onFrontend(
  'a request of HTTP has no payload of raw bytes, and nobody waits for one',
  'tcp-request inspect-delay 5s\ntcp-request content reject if { req.payload(0,2) -m found }\nhttp-request set-header x-payload "<%[req.payload(0,0)]%[req.payload_lv(0,1)]>"',
  async ({ app, port }) => {
    await request(port, 'POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n\x03abcd');
    const seen = await app.nextRequest();
    assert.deepEqual([seen.get('x-payload'), String(seen.body)], ['<>', '\x03abcd']);
  },
);

onFrontend(
  'a unique ID has 127 bytes at most',
  "unique-id-format '%[path]'\nunique-id-header x-unique",
  async ({ app, port }) => {
    await get(port, `/${'u'.repeat(200)}`);
    assert.equal((await app.nextRequest()).get('x-unique'), `/${'u'.repeat(126)}`);
  },
);

// One process has the frontends of all cases.
suite('what the differential run has found', async () => {
  const apps = await Promise.all(cases.map(() => origin({ after }, 'hello')));
  const logs = await Promise.all(cases.map(() => syslog({ after })));
  const proxies = cases.map(
    ({ lines }, i) => `
    frontend web${i}
        bind {addr:web${i}}
        log {addr:log${i}} local0
        ${lines.replaceAll('{dir}', `{dir}/${i}`)}
        default_backend app${i}
    backend app${i}
        server app {addr:app${i}}
`,
  );
  const nobody = `
    backend nobody
        retries 0
        server nobody 127.0.0.1:1
    listen both
        bind {addr:both}
        tcp-request content reject if { path /both/reject }
        http-request capture str(theirs) len 8
        http-request return status 200 content-type text/plain lf-string '%[be_name] for %[fe_name]'
`;
  const named = <T>(prefix: string, all: readonly T[]) => all.map((one, i) => [`${prefix}${i}`, one] as const);
  const run = await start({ after }, DEFAULTS + proxies.join('') + nobody, {
    ports: Object.fromEntries([...named('app', apps), ...named('log', logs)]),
    files: Object.fromEntries(
      cases.flatMap(({ files }, i) => Object.entries(files).map(([name, text]) => [`${i}/${name}`, text])),
    ),
  });
  for (const [i, { name, body }] of cases.entries())
    test(name, (t) => body({ app: apps[i]!, log: logs[i]!, port: run.port(`web${i}`) }, t));
});
