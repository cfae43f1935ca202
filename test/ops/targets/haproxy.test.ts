import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { Change } from '../../../src/change/change.ts';
import type { HaproxyTarget } from '../../../src/ops/targets/haproxy.ts';
import { connect } from '../../support/connection.ts';
import { type Run, start } from '../../support/program.ts';
import { until } from '../../support/wait.ts';
import { HAPROXY, meta, pem, target } from './support.ts';

const CONFIG = `
  global
    stats socket {sock:admin} level admin
    stats socket {sock:operator} level operator
    stats timeout 1m
    maxconn 500
    ssl-default-bind-options ssl-min-ver TLSv1.2
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    bind {addr:web}
    maxconn 100
    acl bad path -f {dir}/bad.acl
    http-request deny if bad
    http-request set-header x-app %[path,map({dir}/paths.map)]
    http-request set-header x-net %[src,map_ip({dir}/nets.map)]
    http-request track-sc0 src table clients
    default_backend app
  frontend tls
    bind {addr:tls} ssl crt-list {dir}/crt.list tls-ticket-keys {dir}/tickets.keys
    default_backend app
  listen relay
    mode tcp
    bind {addr:relay}
    server r 127.0.0.1:1
  backend clients
    stick-table type ip size 1k expire 10m store gpc0,http_req_cnt
  backend app
    balance roundrobin
    dynamic-cookie-key abc
    cookie SRV insert dynamic
    server app1 127.0.0.1:10001 weight 100 maxconn 30 check agent-check agent-port 10009 agent-inter 60s inter 60s
    server app2 127.0.0.1:10002 weight 50
    server app3 127.0.0.1:10003 disabled
    server safe 127.0.0.1:10004 ssl verify none
  backend named
    server n1 localhost:10001 resolvers dns init-addr last,libc,none
  resolvers dns
    nameserver one 127.0.0.1:10053
`;

const app1 = { backend: 'app', server: 'app1' } as const;
const app2 = { backend: 'app', server: 'app2' } as const;

interface Case {
  readonly name: string;
  readonly change: (run: Run) => Change;
  readonly before: string;
  readonly after: string;
  /** The inverse does not bring `before` back word for word. */
  readonly back?: string;
}

/** Every kind that HAProxy 2.6 makes, tells, and can take back. */
const CASES: readonly Case[] = [
  { name: 'draining', change: () => ({ kind: 'server.state', ...app2, to: 'drain' }), before: 'ready', after: 'drain' },
  {
    name: 'maintenance',
    change: () => ({ kind: 'server.state', ...app2, to: 'maint' }),
    before: 'ready',
    after: 'maint',
  },
  {
    name: 'readiness of what the file disables',
    change: () => ({ kind: 'server.state', backend: 'app', server: 'app3', to: 'ready' }),
    before: 'maint',
    after: 'ready',
  },
  {
    name: 'names by number',
    change: () => ({ kind: 'server.state', backend: 'app', server: '#2', to: 'drain' }),
    before: 'ready',
    after: 'drain',
  },
  {
    name: 'a weight',
    change: () => ({ kind: 'server.weight', ...app1, weight: 30, percent: false }),
    before: '100',
    after: '30',
  },
  {
    name: 'a weight in percent',
    change: () => ({ kind: 'server.weight', ...app2, weight: 25, percent: true }),
    before: '50',
    after: '12',
  },
  {
    name: 'a forced health',
    change: () => ({ kind: 'server.health', ...app2, to: 'down' }),
    before: 'up',
    after: 'down',
  },
  {
    name: 'a stopping health',
    change: () => ({ kind: 'server.health', ...app2, to: 'stopping' }),
    before: 'up',
    after: 'stopping',
  },
  {
    name: "an agent's word",
    change: () => ({ kind: 'server.agent', ...app1, to: 'down' }),
    before: 'up',
    after: 'down',
  },
  {
    name: 'an address',
    change: () => ({ kind: 'server.addr', ...app2, addr: '127.0.0.9', port: '10102' }),
    before: '127.0.0.1:10002',
    after: '127.0.0.9:10102',
  },
  {
    name: 'a port alone',
    change: () => ({ kind: 'server.addr', ...app2, addr: null, port: '10102' }),
    before: '127.0.0.1:10002',
    after: '127.0.0.1:10102',
  },
  {
    name: 'a host name',
    change: () => ({ kind: 'server.fqdn', backend: 'named', server: 'n1', fqdn: 'other.test' }),
    before: 'localhost',
    after: 'other.test',
  },
  {
    name: 'where health checks go',
    change: () => ({ kind: 'server.check-addr', ...app1, addr: '127.0.0.2', port: 10019 }),
    before: '-:0',
    after: '127.0.0.2:10019',
    back: '127.0.0.1:0',
  },
  {
    name: "an agent's port",
    change: () => ({ kind: 'server.agent-addr', ...app1, addr: null, port: 10010 }),
    before: '-:10009',
    after: '-:10010',
  },
  {
    name: "a server's limit",
    change: () => ({ kind: 'server.maxconn', ...app1, maxconn: 7 }),
    before: '30',
    after: '7',
  },
  {
    name: 'TLS to a server',
    change: () => ({ kind: 'server.ssl', backend: 'app', server: 'safe', enabled: false }),
    before: 'on',
    after: 'off',
  },
  {
    name: 'health checks off',
    change: () => ({ kind: 'server.checks', ...app1, which: 'health', enabled: false }),
    before: 'enabled',
    after: 'disabled',
  },
  {
    name: 'agent checks off',
    change: () => ({ kind: 'server.checks', ...app1, which: 'agent', enabled: false }),
    before: 'enabled',
    after: 'disabled',
  },
  {
    name: 'a new server',
    change: () => ({
      kind: 'server.add',
      backend: 'app',
      server: 'app9',
      addr: '127.0.0.1:10009',
      from: null,
      words: ['weight', '5'],
    }),
    before: 'absent',
    after: 'present',
  },
  {
    name: 'a pause of a frontend',
    change: () => ({ kind: 'frontend.state', frontend: 'web', to: 'disabled' }),
    before: 'enabled',
    after: 'disabled',
  },
  {
    name: "a frontend's limit",
    change: () => ({ kind: 'frontend.maxconn', frontend: 'web', maxconn: 60 }),
    before: '100',
    after: '60',
  },
  {
    name: "the process's limit",
    change: () => ({ kind: 'global.maxconn', maxconn: 400 }),
    before: '500',
    after: '400',
  },
  {
    name: 'a rate limit',
    change: () => ({ kind: 'global.rate-limit', what: 'sessions', limit: 77 }),
    before: '0',
    after: '77',
  },
  {
    name: 'a limit of compression',
    change: () => ({ kind: 'global.rate-limit', what: 'http-compression', limit: 12 }),
    before: '0',
    after: '12',
  },
  {
    name: 'a new entry of a map',
    change: (run) => ({ kind: 'map.add', map: `${run.dir}/paths.map`, key: '/new', value: 'a value; with\\ all' }),
    before: '(absent)',
    after: 'a value; with\\ all',
  },
  {
    name: 'a value of a map',
    change: (run) => ({ kind: 'map.set', map: `${run.dir}/paths.map`, key: '/a', value: 'x' }),
    before: 'one',
    after: 'x',
  },
  {
    name: 'an entry of a map less',
    change: (run) => ({ kind: 'map.del', map: `${run.dir}/paths.map`, key: '/b' }),
    before: 'two words',
    after: '(absent)',
  },
  {
    name: 'a network of a map',
    change: (run) => ({ kind: 'map.del', map: `${run.dir}/nets.map`, key: '10.0.0.0/8' }),
    before: 'ten',
    after: '(absent)',
  },
  {
    name: 'an empty map',
    change: (run) => ({ kind: 'map.clear', map: `${run.dir}/paths.map` }),
    before: '2 entries, sha256 a938171ad0c7',
    after: '0 entries',
  },
  {
    name: 'another map',
    change: (run) => ({
      kind: 'map.replace',
      map: `${run.dir}/paths.map`,
      entries: [
        ['/x', '1'],
        ['/y', '2 3'],
        ['/z', '4'],
      ],
    }),
    before: '2 entries, sha256 a938171ad0c7',
    after: '3 entries, sha256 90103b81f652',
  },
  {
    name: 'a new pattern',
    change: (run) => ({ kind: 'acl.add', acl: `${run.dir}/bad.acl`, pattern: '/evil' }),
    before: 'absent',
    after: 'present',
  },
  {
    name: 'a pattern less',
    change: (run) => ({ kind: 'acl.del', acl: `${run.dir}/bad.acl`, pattern: '/bad' }),
    before: 'present',
    after: 'absent',
  },
  {
    name: 'no patterns',
    change: (run) => ({ kind: 'acl.clear', acl: `${run.dir}/bad.acl` }),
    before: '2 patterns, sha256 951baa314145',
    after: '0 patterns',
  },
  {
    name: 'other patterns',
    change: (run) => ({ kind: 'acl.replace', acl: `${run.dir}/bad.acl`, patterns: ['/1', '/2', '/3'] }),
    before: '2 patterns, sha256 951baa314145',
    after: '3 patterns, sha256 63068a25ae95',
  },
  {
    name: 'a new entry of a stick table',
    change: () => ({ kind: 'table.set', table: 'clients', key: '192.0.2.1', data: { gpc0: '3' } }),
    before: '(absent)',
    after: 'gpc0=3',
  },
];

describe('a real HAProxy', { skip: existsSync(HAPROXY) ? false : 'haproxy is not installed' }, () => {
  const cleanUps: (() => unknown)[] = [];
  const scope = { after: (cleanUp: () => unknown) => void cleanUps.unshift(cleanUp) };
  let run: Run;
  let lb: HaproxyTarget;
  before(async () => {
    const files = {
      'bad.acl': '/bad\n/worse\n',
      'paths.map': '/a one\n/b two words\n',
      'nets.map': '10.0.0.0/8 ten\n',
      'site.pem': pem(scope, 'site.test'),
      'other.pem': pem(scope, 'other.test'),
      'crt.list': '{dir}/site.pem [alpn h2] site.test\n{dir}/other.pem\n',
      'tickets.keys': [1, 2, 3].map((n) => Buffer.alloc(48, n).toString('base64')).join('\n') + '\n',
    };
    run = await start(scope, CONFIG, { program: HAPROXY, files });
    lb = await target(scope, run.sock('admin'));
  });
  after(async () => {
    for (const cleanUp of cleanUps) await cleanUp();
  });

  for (const { name, change, before: was, after: becomes, back } of CASES) {
    it(`can be told ${name}, shows it, and is put back by the inverse`, async () => {
      const made = change(run);
      const [preview] = await lb.preview([made]);
      assert.deepEqual(preview?.problems, []);
      assert.equal(preview?.before, was);
      assert.equal(preview?.after, becomes);
      assert.ok(preview.commands.length > 0);
      const applied = await lb.apply([made], meta(name));
      assert.deepEqual([applied.ok, applied.text], [true, ''], applied.outcomes[0]?.text);
      const { inverse } = applied.outcomes[0]!;
      assert.ok(inverse);
      assert.equal((await lb.preview([made]))[0]?.before || becomes, becomes);
      const undone = await lb.apply([inverse], meta(`not ${name}`));
      assert.ok(undone.ok, undone.outcomes[0]?.text);
      assert.equal((await lb.preview([made]))[0]?.before, back ?? was);
    });
  }

  it('gets another certificate, which new connections see, and the old one back', async () => {
    const path = `${run.dir}/site.pem`;
    const [change] = [{ kind: 'cert.set', path, pem: pem(scope, 'renewed.test') }] as const;
    const served = () =>
      execFileSync('openssl', ['s_client', '-connect', `127.0.0.1:${run.port('tls')}`, '-servername', 'site.test'], {
        input: '',
        encoding: 'latin1',
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    assert.match(served(), /CN ?= ?site\.test/);
    const [preview] = await lb.preview([change]);
    assert.deepEqual(preview?.problems, []);
    assert.ok(!preview?.commands.join().includes('PRIVATE KEY'), 'the key is not shown');
    const applied = await lb.apply([change], meta('renew'));
    assert.ok(applied.ok, applied.outcomes[0]?.text);
    assert.match(served(), /CN ?= ?renewed\.test/);
    const journal = JSON.stringify(await lb.ledger.history({}));
    assert.ok(!journal.includes('PRIVATE KEY'), 'the journal has no keys');
    const undone = await lb.ledger.undo(null, meta('undo'));
    assert.ok(undone.ok, undone.text || undone.outcomes[0]?.text);
    assert.match(served(), /CN ?= ?site\.test/);
  });

  it('refuses certificates that cannot work before anything is sent, and leaves nothing pending', async () => {
    const path = `${run.dir}/site.pem`;
    const [one, other] = [pem(scope, 'one.test'), pem(scope, 'two.test')];
    const mixed =
      one.replace(/-----BEGIN PRIVATE KEY[\s\S]*/, '') + other.slice(other.indexOf('-----BEGIN PRIVATE KEY'));
    const problem = async (change: Change) => (await lb.preview([change]))[0]?.problems[0]?.text ?? '';
    assert.match(
      await problem({ kind: 'cert.set', path, pem: mixed }),
      /the private key is not that of the first certificate/,
    );
    assert.match(await problem({ kind: 'cert.set', path, pem: 'x' }), /has no certificate/);
    assert.match(
      await problem({ kind: 'cert.set', path: '/nope', pem: one }),
      /there is no certificate '\/nope'; there are /,
    );
    assert.match(
      await problem({ kind: 'cert.set', path, pem: `${one}\n${'#'.repeat(5)}${one.repeat(9)}` }),
      /more than one private key/,
    );
    const leafOnly = one.slice(0, one.indexOf('-----BEGIN PRIVATE KEY'));
    assert.match(await problem({ kind: 'cert.set', path, pem: leafOnly }), /has no private key/);
    assert.ok(!(await run.cli('show ssl cert')).includes('# transaction'));
    await run.cli(`set ssl cert ${path} <<\n${one.trim()}\n\n`);
    assert.match(await problem({ kind: 'cert.set', path, pem: one }), /another change of a certificate is pending/);
    await run.cli(`abort ssl cert ${path}`);
  });

  it('gets a new certificate into a crt-list and out again', async () => {
    const path = `${run.dir}/fresh.pem`;
    const list = `${run.dir}/crt.list`;
    const changes: Change[] = [
      { kind: 'cert.new', path, pem: pem(scope, 'fresh.test') },
      {
        kind: 'crt-list.add',
        list,
        certificate: path,
        options: '[alpn h2]',
        filters: ['fresh.test', '!www.fresh.test'],
      },
    ];
    const applied = await lb.apply(changes, meta('new site'));
    assert.ok(applied.ok, applied.outcomes.map(({ text }) => text).join());
    assert.match(await run.cli(`show ssl crt-list ${list}`), /fresh\.pem \[alpn h2.?\] fresh\.test !www\.fresh\.test/);
    const inUse = (await lb.preview([{ kind: 'cert.del', path }]))[0]!;
    assert.match(inUse.problems[0]?.text ?? '', /is in use: take it out of its crt-list first/);
    const undone = await lb.ledger.undo(null, meta('undo'));
    assert.ok(undone.ok, undone.text || undone.outcomes.map(({ text }) => text).join());
    assert.ok(!(await run.cli('show ssl cert')).includes('fresh.pem'));
  });

  it('gets a new ticket key, which is never shown', async () => {
    const key = Buffer.alloc(48, 9).toString('base64');
    const change: Change = { kind: 'ticket-key.set', keys: `${run.dir}/tickets.keys`, key };
    const [preview] = await lb.preview([change]);
    assert.match(preview!.warnings[0]!, /cannot be taken back/);
    assert.ok((await lb.apply([change], meta('ticket'))).ok);
    assert.ok((await run.cli('show tls-keys #0')).includes(key));
    assert.ok(!JSON.stringify([preview!.commands, await lb.ledger.history({})]).includes(key));
  });

  it('does what has no way back, and says so', async () => {
    const once: Change[] = [
      { kind: 'counters.clear', scope: 'all' },
      { kind: 'sessions.kill-server', ...app1 },
      { kind: 'server.agent-send', ...app1, send: 'hello there' },
      { kind: 'backend.dynamic-cookie-key', backend: 'app', key: 'secret' },
      { kind: 'backend.dynamic-cookie', backend: 'app', enabled: false },
      { kind: 'frontend.state', frontend: 'tls', to: 'enabled' },
      { kind: 'table.clear', table: 'clients', key: null },
    ];
    for (const change of once) {
      const applied = await lb.apply([change], meta(change.kind));
      assert.ok(applied.ok, `${change.kind}: ${applied.outcomes[0]?.text ?? applied.text}`);
    }
    const set = { kind: 'var.set', name: 'proc.color', value: { type: 'str', value: "it's 5; or" } } as const;
    assert.match((await lb.preview([set]))[0]!.warnings[0]!, /HAProxy cannot unset it/);
    const applied = await lb.apply([set], meta());
    assert.ok(applied.ok, applied.outcomes[0]?.text);
    assert.match(await run.cli('get var proc.color'), /value=<it's 5; or>/);
    const again = await lb.apply([{ ...set, value: { type: 'int', value: 7 } }], meta());
    assert.deepEqual(again.outcomes[0]?.inverse, { ...set });
  });

  it('kills a session', async () => {
    const client = await connect(scope, run.port('relay'));
    const id = await until(
      'a session',
      async () => /^(0x[0-9a-f]+): .* fe=relay /m.exec(await run.cli('show sess'))?.[1],
    );
    const applied = await lb.apply([{ kind: 'session.kill', id }], meta());
    assert.ok(applied.ok, applied.outcomes[0]?.text);
    await client.rest({ tolerateReset: true });
    const gone = await lb.apply([{ kind: 'session.kill', id: '0x1234' }], meta());
    assert.equal(gone.outcomes[0]?.text, 'there is no session 0x1234');
  });

  it('deletes a server that is in maintenance, and no other', async () => {
    const made: Change[] = [
      {
        kind: 'server.add',
        backend: 'app',
        server: 'late',
        addr: '127.0.0.1:10010',
        from: null,
        words: ['weight', '7'],
      },
      { kind: 'server.state', backend: 'app', server: 'late', to: 'ready' },
      { kind: 'server.weight', backend: 'app', server: 'late', weight: 3, percent: false },
    ];
    const preview = await lb.preview(made);
    assert.deepEqual(
      preview.map(({ problems }) => problems),
      [[], [], []],
    );
    assert.match(preview[1]!.warnings[0]!, /^judged after the changes before it/);
    const applied = await lb.apply(made, meta());
    assert.ok(applied.ok, applied.outcomes.map(({ text }) => text).join());
    const gone: Change = { kind: 'server.del', backend: 'app', server: 'late' };
    assert.match((await lb.preview([gone]))[0]!.problems[0]!.text, /not in maintenance: set its state to maint first/);
    const deleted = await lb.apply(
      [{ kind: 'server.state', backend: 'app', server: 'late', to: 'maint' }, gone],
      meta(),
    );
    assert.ok(deleted.ok, deleted.outcomes.map(({ text }) => text).join());
  });

  it('says in advance what does not exist or cannot be, with what there is', async () => {
    const expected: readonly (readonly [Change, RegExp])[] = [
      [
        { kind: 'server.state', backend: 'app', server: 'nope', to: 'drain' },
        /^backend 'app' has no server 'nope'; it has app1, app2, app3, safe$/,
      ],
      [
        { kind: 'server.state', backend: 'nope', server: 'app1', to: 'drain' },
        /^there is no backend 'nope'; there are relay, clients, app, named$/,
      ],
      [
        { kind: 'frontend.maxconn', frontend: 'app', maxconn: 1 },
        /^there is no frontend 'app'; there are web, tls, relay$/,
      ],
      [{ kind: 'server.weight', ...app1, weight: 257, percent: false }, /at most 256/],
      [{ kind: 'server.addr', ...app1, addr: 'localhost', port: null }, /no IP address/],
      [{ kind: 'server.addr', ...app1, addr: null, port: '+5' }, /no port from 0/],
      [{ kind: 'server.checks', ...app2, which: 'health', enabled: true }, /health checks are not configured/],
      [
        { kind: 'server.name', ...app1, name: 'x' },
        /^server\.name needs HAProxy 3\.5, this is 2\.6.*: add a server with the new name/,
      ],
      [{ kind: 'backend.add', backend: 'x', from: 'd', mode: null, guid: null }, /^backend\.add needs HAProxy 3\.4/],
      [{ kind: 'counters.clear', scope: app1 }, /from HAProxy 3\.5 on/],
      [{ kind: 'global.maxconn', maxconn: 100_000 }, /the limit fixed at start is 500/],
      [{ kind: 'map.add', map: '/nope', key: 'a', value: 'b' }, /^there is no map '\/nope' in use; there are /],
      [{ kind: 'map.add', map: `${run.dir}/paths.map`, key: '/a', value: 'b' }, /has the key '\/a' already/],
      [{ kind: 'map.set', map: `${run.dir}/paths.map`, key: 'a b', value: 'b' }, /a key is one word/],
      [{ kind: 'map.add', map: `${run.dir}/paths.map`, key: '#1', value: 'b' }, /for the number of an entry: #1/],
      [{ kind: 'acl.del', acl: `${run.dir}/bad.acl`, pattern: '#1' }, /for the number of an entry: #1/],
      [{ kind: 'map.replace', map: `${run.dir}/paths.map`, entries: [['a', '']] }, /a value is not empty/],
      [{ kind: 'table.set', table: 'clients', key: '192.0.2.7', data: {} }, /nothing is given/],
      [{ kind: 'table.clear', table: 'none', key: null }, /^there is no stick table 'none'; there are clients$/],
      [{ kind: 'crt-list.del', list: '/nope', certificate: 'x', line: null }, /^there is no crt-list '\/nope'/],
      [{ kind: 'config.reload' }, /cannot be told/],
    ];
    for (const [change, text] of expected) {
      const [preview] = await lb.preview([change]);
      assert.match(preview?.problems[0]?.text ?? '', text, change.kind);
      const applied = await lb.apply([change], meta());
      assert.deepEqual([applied.ok, applied.failedAt], [false, 0]);
      assert.match(applied.outcomes[0]!.text, text);
    }
  });

  it('undoes what it made when a later change of the same batch is refused', async () => {
    const changes: Change[] = [
      { kind: 'server.weight', ...app1, weight: 10, percent: false },
      { kind: 'server.state', ...app2, to: 'drain' },
      // HAProxy alone knows that it takes no such address on this server.
      { kind: 'server.fqdn', backend: 'named', server: 'n1', fqdn: `${'x'.repeat(300)}` },
    ];
    const applied = await lb.apply(changes, meta('batch'));
    assert.deepEqual([applied.ok, applied.failedAt, applied.text], [false, 2, '']);
    const { servers } = (await lb.state()).backends.find(({ name }) => name === 'app')!;
    assert.deepEqual(
      servers.slice(0, 2).map(({ admin, weight }) => [admin, weight]),
      [
        ['ready', 100],
        ['ready', 50],
      ],
    );
    const surfaces = (await lb.ledger.history({ phase: 'outcome', last: 5 })).map(({ origin, ok }) => [
      origin.surface,
      ok,
    ]);
    assert.deepEqual(surfaces, [
      ['runner', true],
      ['runner', true],
      ['runner', false],
      ['roll-back', true],
      ['roll-back', true],
    ]);
    const keys = (await lb.ledger.overrides()).map(({ key }) => key);
    assert.ok(!keys.some((key) => /weight|state/.test(key)), keys.join());
  });

  it('makes nothing of a batch of which one change can be seen to be impossible', async () => {
    const map = `${run.dir}/paths.map`;
    const changes: Change[] = [
      { kind: 'map.set', map, key: '/a', value: 'other' },
      { kind: 'server.weight', ...app1, weight: 9, percent: false },
      { kind: 'server.addr', backend: 'named', server: 'n1', addr: '127.0.0.1', port: '70000' },
    ];
    const applied = await lb.apply(changes, meta('refused at once'));
    assert.deepEqual([applied.ok, applied.failedAt], [false, 2]);
    assert.match(await run.cli(`get map ${map} /a`), /value="one"/);
  });

  it('takes a thousand changes as one', async () => {
    const map = `${run.dir}/paths.map`;
    const changes = Array.from(
      { length: 1000 },
      (_, i): Change => ({ kind: 'map.add', map, key: `/k${i}`, value: `v${i}` }),
    );
    const many = meta('many');
    assert.ok((await lb.apply(changes, many)).ok);
    assert.match((await lb.preview([{ kind: 'map.clear', map }]))[0]!.before, /^1002 entries, sha256 /);
    assert.ok((await lb.ledger.undo(many.operation, meta('undo'))).ok);
    assert.match((await lb.preview([{ kind: 'map.clear', map }]))[0]!.before, /^2 entries, sha256 /);
  });

  it('clears an entry of a stick table, and puts it back with what it counted', async () => {
    const [set, clear]: Change[] = [
      { kind: 'table.set', table: 'clients', key: '192.0.2.9', data: { gpc0: '4', http_req_cnt: '11' } },
      { kind: 'table.clear', table: 'clients', key: '192.0.2.9' },
    ];
    assert.ok((await lb.apply([set!], meta())).ok);
    assert.ok((await lb.apply([clear!], meta())).ok);
    assert.equal(await run.cli('show table clients key 192.0.2.9'), '');
    assert.ok((await lb.ledger.undo(null, meta('undo'))).ok);
    assert.match(await run.cli('show table clients key 192.0.2.9'), /gpc0=4 http_req_cnt=11/);
    const [none] = await lb.preview([{ ...set!, data: { gpc1: '1' } } as Change]);
    assert.match(none!.problems[0]!.text, /^table 'clients' does not store 'gpc1'; it stores gpc0, http_req_cnt$/);
  });

  it('is refused what the level of its socket does not allow, before anything is sent', async () => {
    const weak = await target(scope, run.sock('operator'));
    const [preview] = await weak.preview([{ kind: 'server.state', ...app1, to: 'drain' }]);
    assert.equal(
      preview?.problems[0]?.text,
      "the socket has level operator, server.state needs admin: use a socket with 'level admin'",
    );
    assert.equal((await weak.apply([{ kind: 'server.state', ...app1, to: 'drain' }], meta())).ok, false);
    assert.ok(
      (await weak.apply([{ kind: 'table.set', table: 'clients', key: '192.0.2.2', data: { gpc0: '1' } }], meta())).ok,
    );
  });
});
