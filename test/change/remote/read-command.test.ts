/** What is typed on a HAProxy's socket is read as the Changes that it makes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../../src/change/change.ts';
import { remoteRow } from '../../../src/change/remote/commands.ts';
import type { Live, LiveRow } from '../../../src/change/remote/live.ts';
import { readCommand } from '../../../src/change/remote/read-command.ts';
import { parseVersion } from '../../../src/change/remote/version.ts';

/** A HAProxy 3.5 that has a frontend in a state. */
function live(status: string): Live {
  const row = { type: '0', pxname: 'fe', status } as LiveRow;
  const never = () => Promise.reject(new Error('not asked here'));
  return {
    version: parseVersion('3.5-dev5'),
    level: 'admin',
    ask: never,
    info: never,
    servers: never,
    stat: async () => [row],
    forget: () => undefined,
    current: async () => false,
  };
}

const word = fc.stringMatching(/^[A-Za-z0-9_.-]{1,12}$/);
const server = { backend: word, server: word };
const port = fc.integer({ min: 0, max: 65_535 });
const count = fc.integer({ min: 0, max: 1_000_000 });
const ip = fc.oneof(fc.ipV4(), fc.ipV6());
const path = fc.stringMatching(/^\/[a-z0-9_./]{1,20}$/);
/** A word of a command may hold anything but line ends. */
const value = fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !/[\0\r\n]/.test(text));
const key = word;
const is = <const T>(kind: T) => fc.constant(kind);

const target = (kind: 'server.check-addr' | 'server.agent-addr') =>
  fc.oneof(
    fc.record({ kind: is(kind), ...server, addr: ip, port: fc.option(port) }),
    fc.record({ kind: is(kind), ...server, addr: fc.constant(null), port }),
  );

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ kind: is('server.state'), ...server, to: fc.constantFrom('ready', 'drain', 'maint') }),
  fc.record({ kind: is('server.weight'), ...server, weight: count, percent: fc.boolean() }),
  fc.record({ kind: is('server.health'), ...server, to: fc.constantFrom('up', 'stopping', 'down') }),
  fc.record({ kind: is('server.agent'), ...server, to: fc.constantFrom('up', 'down') }),
  fc.record({ kind: is('server.addr'), ...server, addr: ip, port: fc.option(port.map(String)) }),
  fc.record({ kind: is('server.fqdn'), ...server, fqdn: word }),
  target('server.check-addr'),
  target('server.agent-addr'),
  fc.record({ kind: is('server.agent-send'), ...server, send: value }),
  fc.record({ kind: is('server.name'), ...server, name: word }),
  fc.record({ kind: is('server.ssl'), ...server, enabled: fc.boolean() }),
  fc.record({ kind: is('server.maxconn'), ...server, maxconn: count }),
  fc.record({
    kind: is('server.checks'),
    ...server,
    which: fc.constantFrom('health', 'agent'),
    enabled: fc.boolean(),
  }),
  fc.record({
    kind: is('server.add'),
    ...server,
    addr: ip,
    from: fc.option(word),
    words: fc.array(word.filter((one) => one !== 'from')),
  }),
  fc.record({ kind: is('server.del'), ...server }),
  fc.record({
    kind: is('backend.add'),
    backend: word,
    from: word,
    mode: fc.constantFrom('tcp', 'http', null),
    guid: fc.option(word),
  }),
  fc.record({ kind: is('backend.del'), backend: word }),
  fc.record({ kind: is('backend.publish'), backend: word, published: fc.boolean() }),
  fc.record({ kind: is('backend.dynamic-cookie'), backend: word, enabled: fc.boolean() }),
  fc.record({ kind: is('backend.dynamic-cookie-key'), backend: word, key: value }),
  fc.record({
    kind: is('frontend.state'),
    frontend: is('fe'),
    to: fc.constantFrom('enabled', 'disabled', 'shutdown'),
  }),
  fc.record({ kind: is('frontend.maxconn'), frontend: word, maxconn: count }),
  fc.record({ kind: is('global.maxconn'), maxconn: count }),
  fc.record({
    kind: is('global.rate-limit'),
    what: fc.constantFrom('connections', 'sessions', 'ssl-sessions', 'http-compression'),
    limit: count,
  }),
  fc.record({ kind: is('session.kill'), id: fc.stringMatching(/^0x[0-9a-f]{1,16}$/) }),
  fc.record({ kind: is('sessions.kill-server'), ...server }),
  fc.record({
    kind: is('counters.clear'),
    scope: fc.oneof(fc.constantFrom('maxima', 'all'), fc.record(server)),
  }),
  fc.record({
    kind: is('var.set'),
    name: word.map((name) => `proc.${name}`),
    value: fc.oneof(
      fc.record({ type: is('str'), value }),
      fc.record({ type: is('sint'), value: fc.integer() }),
      fc.record({ type: is('bool'), value: fc.boolean() }),
      fc.record({ type: is('ipv4'), value: fc.ipV4() }),
    ),
  }),
  fc.record({ kind: fc.constantFrom('map.add', 'map.set'), map: path, key, value }),
  fc.record({ kind: is('map.del'), map: path, key }),
  fc.record({ kind: is('map.clear'), map: path }),
  fc.record({ kind: fc.constantFrom('acl.add', 'acl.del'), acl: path, pattern: key }),
  fc.record({ kind: is('acl.clear'), acl: path }),
  fc.record({
    kind: is('table.set'),
    table: word,
    key,
    data: fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), word, { minKeys: 1, maxKeys: 4 }),
  }),
  fc.record({ kind: is('table.clear'), table: word, key: fc.option(key) }),
  fc.record({ kind: is('cert.new'), path, pem: fc.constant(null) }),
  fc.record({ kind: is('cert.del'), path }),
  fc.record({
    kind: is('crt-list.add'),
    list: path,
    certificate: path,
    options: fc.constantFrom('', '[alpn h2]'),
    filters: fc.array(word, { maxLength: 3 }),
  }),
  fc.record({
    kind: is('crt-list.del'),
    list: path,
    certificate: path,
    line: fc.option(fc.integer({ min: 1, max: 9999 })),
  }),
  fc.record({ kind: is('ocsp.set'), response: fc.base64String({ minLength: 4 }) }),
  fc.record({ kind: is('ticket-key.set'), keys: path, key: fc.base64String({ minLength: 4 }) }),
) as fc.Arbitrary<Change>;

const typed = (line: string, payload: string | null = null) =>
  readCommand({ words: line.split(' '), payload, mode: null });

describe('a typed command', () => {
  it('is read as the Change whose command it is', async () => {
    await fc.assert(
      fc.asyncProperty(change, async (made) => {
        const status = made.kind === 'frontend.state' && made.to === 'enabled' ? 'PAUSED' : 'OPEN';
        const [command, ...others] = await remoteRow(made)!.commands(made, live(status));
        assert.deepEqual(others, []);
        const { words, payload = null, experimental } = command!;
        const back = readCommand({ words, payload, mode: experimental ? 'experimental' : null });
        assert.deepEqual(back, [JSON.parse(JSON.stringify(made))]);
      }),
      { numRuns: 2000 },
    );
  });

  it('that is deprecated is the Change that its successor makes', () => {
    const name = { backend: 'be', server: 's1' };
    assert.deepEqual(typed('disable server be/s1'), [{ kind: 'server.state', ...name, to: 'maint' }]);
    assert.deepEqual(typed('enable server be/s1'), [{ kind: 'server.state', ...name, to: 'ready' }]);
    assert.deepEqual(typed('set weight be/s1 50%'), [{ kind: 'server.weight', ...name, weight: 50, percent: true }]);
  });

  it('with a payload is a Change for each of its lines', () => {
    assert.deepEqual(typed('add map /m', 'a 1\nb  2 3\n'), [
      { kind: 'map.add', map: '/m', key: 'a', value: '1' },
      { kind: 'map.add', map: '/m', key: 'b', value: '2 3' },
    ]);
    assert.deepEqual(typed('add acl /a', 'x\ny'), [
      { kind: 'acl.add', acl: '/a', pattern: 'x' },
      { kind: 'acl.add', acl: '/a', pattern: 'y' },
    ]);
  });

  it('that no Change stands for is recorded as it is, with what it is made to', () => {
    for (const [line, on] of [
      ['set server be/s1 addr +', 'be/s1'],
      ['set server be/s1 weight x', 'be/s1'],
      ['set maxconn server be/s1 x', 'be/s1'],
      ['shutdown sessions backend be', 'be'],
      ['set ssl cert /a.pem', '/a.pem'],
      ['commit ssl cert /a.pem', '/a.pem'],
      ['add map @1 /m a b', '/m'],
      ['del map /m #0x1234', '/m'],
      ['clear table t data.gpc0 gt 1', 't'],
      ['debug dev exit', ''],
      ['trace h1 start now', ''],
      ['something unknown', ''],
    ] as const) {
      const made = typed(line);
      // An address is HAProxy's to judge.
      if (line.endsWith('addr +')) assert.equal(made?.[0]?.kind, 'server.addr');
      else assert.deepEqual(made, [{ kind: 'runtime.command', words: line.split(' '), payload: null, mode: null, on }]);
    }
  });

  it('that only reads makes no Change', () => {
    for (const line of ['show stat', 'get weight be/s1', 'help', 'wait 5 srv-removable be/s1', 'operator', 'trace'])
      assert.equal(typed(line), null, line);
  });
});
