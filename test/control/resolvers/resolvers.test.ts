import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config, ResolversConfig, ServerConfig } from '../../../src/config/types.ts';
import { resolveInitialAddresses } from '../../../src/control/resolvers/initial-addresses.ts';
import { createResolvers, type ProcessResolvers } from '../../../src/control/resolvers/resolvers.ts';
import { clearAdmin, setAdmin } from '../../../src/control/servers/admin-state.ts';
import type { StateEffects } from '../../../src/control/servers/effects.ts';
import { startServers } from '../../../src/control/servers/start.ts';
import type { Model } from '../../../src/model/model.ts';
import { Admin, type Server } from '../../../src/model/server.ts';
import { modelOf, proxyConfig, serverAt, serverConfig } from '../fixture.ts';
import { a, aaaa, cname, fakeDns, type Reply, response, srv } from './fake-dns.ts';

const at = { file: 'test.cfg', line: 1 };

function section(ports: readonly number[], over: Partial<ResolversConfig> = {}): ResolversConfig {
  return {
    name: 'dns1',
    at,
    nameservers: ports.map((port, i) => ({
      name: `ns${i + 1}`,
      address: { family: 'inet', host: '127.0.0.1', port, portEnd: port, portMap: '' },
      tcp: false,
      at,
    })),
    parseResolvConf: false,
    acceptedPayloadSize: 512,
    resolveRetries: 2,
    timeoutResolve: 40,
    timeoutRetry: 60,
    hold: { valid: 5000, obsolete: 0, nx: 0, timeout: 0, refused: 0, other: 0 },
    ...over,
  };
}

const name = (host: string, port = 80): ServerConfig['address'] => ({
  family: 'name',
  host,
  port,
  portEnd: port,
  portMap: '',
  prefer: 0,
});
const server = (id: string, host: string, over: Partial<ServerConfig> = {}) =>
  serverConfig(id, { address: name(host), resolvers: 'dns1', initAddr: ['none'], ...over });

interface Bench {
  readonly model: Model;
  readonly resolvers: ProcessResolvers;
  readonly lines: string[];
  server(id: string): Server;
  /** Host of each server, `-` for none. */
  hosts(): string;
  /** Resolves when the condition is met after a change that resolving made. */
  until(condition: () => boolean): Promise<void>;
  watch(): void;
}

/** A backend `b` whose servers follow their names, with the real state machine. */
async function bench(
  t: TestContext,
  sections: ResolversConfig[],
  servers: ServerConfig[],
  start = true,
): Promise<Bench> {
  const model = modelOf([proxyConfig('b', 1, { servers })]);
  const all = model.proxies[0]!.servers;
  assert.deepEqual(await resolveInitialAddresses(all, { lookup: async () => null }), []);
  startServers(model);
  const lines: string[] = [];
  let wake = () => {};
  const states: StateEffects = {
    now: () => 0,
    load: () => ({ current: 0, queued: 0 }),
    log: (_proxy, level, text) => lines.push(`<${level}>${text}`),
    console: () => {},
    changed: () => wake(),
    kill: () => {},
    warm: () => {},
  };
  const resolvers = createResolvers(
    { resolvers: sections } as unknown as Config,
    {
      log: states.log,
      console: states.console,
      setAddress(target, host, port = target.port) {
        target.host = host;
        target.port = port;
        target.family = host?.includes(':') ? 'inet6' : 'inet';
        wake();
      },
      setResolved(target, resolved, reason) {
        if (resolved) clearAdmin(states, target, Admin.resolveMaint);
        else setAdmin(states, target, Admin.resolveMaint, reason);
      },
      setFqdn(target, fqdn) {
        target.fqdn = fqdn;
        target.admin |= Admin.fqdnChanged;
      },
      setWeight(target, weight) {
        target.userWeight = weight;
        wake();
      },
    },
    { systemNameServers: ['10.255.255.53'] },
  );
  t.after(() => resolvers.close());
  const watch = () => {
    for (const each of all) resolvers.watch(each);
  };
  if (start) watch();
  return {
    model,
    resolvers,
    lines,
    watch,
    server: (id) => serverAt(model, `b/${id}`),
    hosts: () => all.map(({ host }) => host ?? '-').join(' '),
    async until(condition) {
      while (!condition()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        // What goes with the change happens in the same turn.
        await delay(0);
      }
    },
  };
}

const counters = (b: Bench, nameserver = 'ns1') =>
  b.resolvers.statistics().find((each) => each.nameserver === nameserver)!.counters;
const one = (address: string): Record<string, Reply> => ({ 'one.test A': { answers: a('one.test', address) } });

describe('a server that follows a name', () => {
  it('gets its address, and leaves maintenance, with HAProxy’s lines', async (t) => {
    const dns = await fakeDns(t, one('127.0.0.1'));
    const b = await bench(t, [section([dns.port])], [server('d1', 'one.test')]);
    assert.equal(b.server('d1').admin, Admin.resolveMaint);
    await b.until(() => b.server('d1').admin === 0);
    assert.deepEqual(b.lines, [
      "<5>b/d1: IP changed from '(none)' to '127.0.0.1' by 'dns1/ns1'.",
      "<5>Server b/d1 ('one.test') is UP/READY (resolves again).",
      '<5>Server b/d1 administratively READY thanks to valid DNS answer.',
    ]);
    // IPv6 is asked for first, and there is none.
    assert.deepEqual(
      dns.queries.slice(0, 2).map(({ question }) => question),
      ['one.test AAAA', 'one.test A'],
    );
    const { sent, valid, update, any_err } = counters(b) as Record<string, number>;
    assert.deepEqual({ sent, valid, update, any_err }, { sent: 2, valid: 1, update: 1, any_err: 1 });
  });

  it('gets another one when the answer changes', async (t) => {
    const dns = await fakeDns(t, one('127.0.0.1'));
    const b = await bench(t, [section([dns.port])], [server('d1', 'one.test')]);
    await b.until(() => b.server('d1').host === '127.0.0.1');
    dns.zone.set('one.test A', { answers: [cname('one.test', 'two.test'), ...a('two.test', '127.0.0.2')] });
    b.lines.length = 0;
    await b.until(() => b.server('d1').host === '127.0.0.2');
    assert.deepEqual(b.lines, ["<5>b/d1: IP changed from '127.0.0.1' to '127.0.0.2' by 'dns1/ns1'."]);
  });

  it('keeps its address while the answer still has it, in whatever place', async (t) => {
    const dns = await fakeDns(t, one('127.0.0.1'));
    const b = await bench(t, [section([dns.port])], [server('d1', 'one.test')]);
    await b.until(() => b.server('d1').host === '127.0.0.1');
    dns.zone.set('one.test A', { answers: a('one.test', '127.0.0.2', '127.0.0.1') });
    await dns.next();
    const { valid } = counters(b) as { valid: number };
    while ((counters(b) as { valid: number }).valid < valid + 2) await delay(5);
    assert.equal(b.server('d1').host, '127.0.0.1');
    assert.equal(counters(b)['update'], 1);
  });

  it('prefers a family and a network, and then what it has', async (t) => {
    const dns = await fakeDns(t, {
      'both.test A': { answers: a('both.test', '10.0.0.1', '10.1.0.1') },
      'both.test AAAA': { answers: aaaa('both.test', '2001:db8::1', '2001:db8:1::1') },
    });
    const servers = [
      server('v6', 'both.test'),
      server('v4', 'both.test', { resolvePrefer: 4 }),
      server('net4', 'both.test', { resolvePrefer: 4, resolveNet: ['10.1.0.0/16'], resolveOpts: ['allow-dup-ip'] }),
      server('net6', 'both.test', { resolveNet: ['2001:db8:1::/48'], resolveOpts: ['allow-dup-ip'] }),
    ];
    const b = await bench(t, [section([dns.port])], servers);
    await b.until(() => !b.hosts().includes('-'));
    assert.equal(b.hosts(), '2001:db8::1 10.0.0.1 10.1.0.1 2001:db8:1::1');
    assert.equal(b.server('v6').family, 'inet6');
  });

  it('goes into maintenance when its name has no address any more, and comes back', async (t) => {
    const reasons: readonly (readonly [Reply, string])[] = [
      [{ rcode: 3 }, 'DNS NX status'],
      [{ rcode: 5 }, 'DNS refused status'],
      [{ rcode: 2 }, 'unspecified DNS error'],
      [null, 'DNS timeout status'],
    ];
    const dns = await fakeDns(t, one('127.0.0.1'));
    const b = await bench(
      t,
      [section([dns.port], { timeoutRetry: 20 })],
      [server('d1', 'one.test', { resolvePrefer: 4 })],
    );
    for (const [reply, reason] of reasons) {
      await b.until(() => b.server('d1').admin === 0);
      b.lines.length = 0;
      for (const type of ['A', 'AAAA']) dns.zone.set(`one.test ${type}`, reply);
      await b.until(() => b.server('d1').host === null);
      assert.deepEqual(b.lines.slice(0, 1), [
        `<1>Server b/d1 is going DOWN for maintenance (${reason}). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.`,
      ]);
      assert.equal(b.server('d1').admin, Admin.resolveMaint);
      for (const [key, value] of Object.entries(one('127.0.0.1'))) dns.zone.set(key, value);
    }
    const { nx, refused, other, timeout } = counters(b) as Record<string, number>;
    assert.ok(nx! >= 4 && refused! >= 4 && other! >= 4 && timeout! >= 2, JSON.stringify(counters(b)));
  });

  it('keeps its address for the hold time of an error', async (t) => {
    const dns = await fakeDns(t, one('127.0.0.1'));
    // `timeout`: on a busy machine an answer may be late.
    const hold = { valid: 5000, obsolete: 0, nx: 60_000, timeout: 60_000, refused: 0, other: 0 };
    const b = await bench(t, [section([dns.port], { hold, timeoutRetry: 10 })], [server('d1', 'one.test')]);
    await b.until(() => b.server('d1').host === '127.0.0.1');
    dns.zone.clear();
    while ((counters(b) as { nx: number }).nx < 8) await delay(5);
    assert.equal(b.server('d1').host, '127.0.0.1');
    assert.equal(b.server('d1').admin, 0);
  });

  it('stops asking when it is no longer watched, and asks for its new name', async (t) => {
    const dns = await fakeDns(t, { ...one('127.0.0.1'), 'new.test A': { answers: a('new.test', '127.0.0.7') } });
    const b = await bench(t, [section([dns.port])], [server('d1', 'one.test')]);
    await b.until(() => b.server('d1').host === '127.0.0.1');
    b.server('d1').fqdn = 'new.test';
    b.resolvers.watch(b.server('d1'));
    await b.until(() => b.server('d1').host === '127.0.0.7');
    b.resolvers.unwatch(b.server('d1'));
    await delay(20);
    const { length } = dns.queries;
    await delay(100);
    assert.equal(dns.queries.length, length);
  });
});

describe('servers of one name', () => {
  const three = () => [1, 2, 3].map((i) => server(`t${i}`, 'multi.test', { resolvePrefer: 4 }));

  it('get one address each, the further ones from the cache; those left over are in maintenance', async (t) => {
    const dns = await fakeDns(t, { 'multi.test A': { answers: a('multi.test', '10.0.0.1', '10.0.0.2') } });
    const b = await bench(t, [section([dns.port])], three());
    await b.until(() => b.hosts() === '10.0.0.1 10.0.0.2 -');
    assert.equal(b.server('t3').admin, Admin.resolveMaint);
    assert.match(b.lines[0]!, /t1: IP changed from '\(none\)' to '10.0.0.1' by 'dns1\/ns1'/);
    assert.match(b.lines[3]!, /t2: IP changed from '\(none\)' to '10.0.0.2' by 'DNS cache'/);
    assert.equal(dns.queries.filter(({ question }) => question === 'multi.test A').length, 1);
    b.lines.length = 0;
    dns.zone.set('multi.test A', { answers: a('multi.test', '10.0.0.2', '10.0.0.3') });
    await b.until(() => b.hosts() === '10.0.0.3 10.0.0.2 -');
    dns.zone.set('multi.test A', { answers: a('multi.test', '10.0.0.2') });
    await b.until(() => b.hosts() === '- 10.0.0.2 -');
    assert.equal(
      b.lines.at(-1),
      '<1>Server b/t1 is going DOWN for maintenance (No IP for server ). 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
    );
  });

  it('may share an address when they are allowed to', async (t) => {
    const dns = await fakeDns(t, { 'multi.test A': { answers: a('multi.test', '10.0.0.1') } });
    const servers = three().map((config) => ({ ...config, resolveOpts: ['allow-dup-ip'] }));
    const b = await bench(t, [section([dns.port])], servers);
    await b.until(() => b.hosts() === '10.0.0.1 10.0.0.1 10.0.0.1');
  });

  it('keep an address for `hold obsolete` after the last answer with it', async (t) => {
    const dns = await fakeDns(t, { 'multi.test A': { answers: a('multi.test', '10.0.0.1') } });
    const hold = { valid: 5000, obsolete: 60_000, nx: 0, timeout: 0, refused: 0, other: 0 };
    const b = await bench(t, [section([dns.port], { hold })], three().slice(0, 2));
    await b.until(() => b.hosts() === '10.0.0.1 -');
    dns.zone.set('multi.test A', { answers: a('multi.test', '10.0.0.9') });
    await b.until(() => b.hosts() === '10.0.0.1 10.0.0.9');
  });

  it('that come later are served from the cache', async (t) => {
    const dns = await fakeDns(t, { 'multi.test A': { answers: a('multi.test', '10.0.0.1', '10.0.0.2') } });
    const b = await bench(t, [section([dns.port], { timeoutResolve: 60_000 })], three(), false);
    b.resolvers.watch(b.server('t1'));
    await b.until(() => b.hosts() === '10.0.0.1 - -');
    b.resolvers.watch(b.server('t2'));
    assert.equal(b.hosts(), '10.0.0.1 10.0.0.2 -');
    assert.equal(dns.queries.length, 1);
  });
});

describe('servers of an SRV record', () => {
  const SRV = '_x._tcp.test';
  const four = (over: Partial<ServerConfig> = {}) =>
    [1, 2, 3, 4].map((i) => server(`s${i}`, SRV, { address: name(SRV, 0), ...over }));
  const told = (b: Bench) =>
    b.model.proxies[0]!.servers.map(
      ({ host, port, userWeight, fqdn }) => `${fqdn ?? '-'}/${host ?? '-'}:${port}*${userWeight}`,
    ).join(' ');

  it('get port, weight and host name from the record, addresses with it or from their names', async (t) => {
    const dns = await fakeDns(t, {
      [`${SRV} SRV`]: {
        answers: [
          srv(SRV, 'h1.test', 81, 0),
          srv(SRV, 'h2.test', 82, 255),
          srv(SRV, 'h3.test', 83, 257),
          srv(SRV, 'h4.test', 84, 65_535),
        ],
        additionals: a('h4.test', '10.1.0.4'),
      },
      'h1.test A': { answers: a('h1.test', '10.1.0.1') },
      'h2.test A': { answers: a('h2.test', '10.1.0.2') },
      'h3.test A': { answers: a('h3.test', '10.1.0.3') },
    });
    const b = await bench(t, [section([dns.port])], four());
    assert.equal(b.server('s1').srvRecord, SRV);
    await b.until(() => !b.hosts().includes('-'));
    assert.equal(told(b), 'h1.test/10.1.0.1:81*0 h2.test/10.1.0.2:82*1 h3.test/10.1.0.3:83*2 h4.test/10.1.0.4:84*256');
    assert.ok(!dns.queries.some(({ question }) => question.startsWith('h4.test')));
    assert.deepEqual(b.lines.slice(0, 7), [
      "<5>b/s1 changed its FQDN from (null) to h1.test by 'SRV record'",
      "<5>b/s2 changed its FQDN from (null) to h2.test by 'SRV record'",
      "<5>b/s3 changed its FQDN from (null) to h3.test by 'SRV record'",
      "<5>b/s4: IP changed from '(none)' to '10.1.0.4' by 'DNS additional record'.",
      "<5>b/s4 changed its FQDN from (null) to h4.test by 'SRV record'",
      "<5>Server b/s4 ('h4.test') is UP/READY (resolves again).",
      '<5>Server b/s4 administratively READY thanks to valid DNS answer.',
    ]);
    assert.ok(b.lines.includes("<5>b/s1: IP changed from '(none)' to '10.1.0.1' by 'dns1/ns1'."));
    assert.equal(b.server('s1').admin, Admin.fqdnChanged);
  });

  it('are given up with their service, and taken for the next one', async (t) => {
    const reply = (...services: [string, number, number][]): Reply => ({
      answers: services.map(([host, port, weight]) => srv(SRV, host, port, weight)),
      additionals: services.flatMap(([host, port]) => a(host, `10.1.0.${port}`)),
    });
    const dns = await fakeDns(t, { [`${SRV} SRV`]: reply(['h1.test', 81, 256], ['h2.test', 82, 256]) });
    const b = await bench(t, [section([dns.port])], four().slice(0, 2));
    await b.until(() => b.hosts() === '10.1.0.81 10.1.0.82');
    b.lines.length = 0;
    dns.zone.set(`${SRV} SRV`, reply(['h2.test', 82, 1024]));
    await b.until(() => b.server('s1').host === null && b.server('s2').userWeight === 4);
    assert.equal(told(b), '-/-:0*1 h2.test/10.1.0.82:82*4');
    assert.match(
      b.lines[0]!,
      /^<1>Server b\/s1 is going DOWN for maintenance \(entry removed from SRV record\)\. 1 active/,
    );
    dns.zone.set(`${SRV} SRV`, reply(['h2.test', 82, 1024], ['h3.test', 83, 256]));
    await b.until(() => b.hosts() === '10.1.0.83 10.1.0.82');
    assert.equal(told(b), 'h3.test/10.1.0.83:83*1 h2.test/10.1.0.82:82*4');
    dns.zone.clear();
    await b.until(() => b.hosts() === '- -');
    assert.equal(b.server('s1').admin, Admin.resolveMaint | Admin.fqdnChanged);
  });

  it('keep their own weight when they are told to', async (t) => {
    const dns = await fakeDns(t, {
      [`${SRV} SRV`]: { answers: [srv(SRV, 'h.test', 81, 65_535)], additionals: a('h.test', '10.1.0.1') },
    });
    const b = await bench(t, [section([dns.port])], four({ resolveOpts: ['ignore-weight'], weight: 7 }).slice(0, 1));
    await b.until(() => b.hosts() === '10.1.0.1');
    assert.equal(b.server('s1').userWeight, 7);
  });
});

describe('name servers', () => {
  it('are all asked, from ports and with ids of their own; the first good answer counts', async (t) => {
    const refusing = await fakeDns(t, { 'one.test A': { rcode: 5 }, 'one.test AAAA': { rcode: 5 } });
    const good = await fakeDns(t, one('127.0.0.1'));
    const b = await bench(t, [section([refusing.port, good.port])], [server('d1', 'one.test', { resolvePrefer: 4 })]);
    await b.until(() => b.server('d1').admin === 0);
    assert.match(b.lines[0]!, /by 'dns1\/ns2'/);
    while (good.queries.length < 8) await good.next();
    for (const queries of [refusing.queries, good.queries]) {
      assert.ok(new Set(queries.map(({ id }) => id)).size > queries.length - 2);
      assert.ok(new Set(queries.map(({ sourcePort }) => sourcePort)).size > queries.length / 2);
    }
    // An answer that comes when another one was already used, or an error while waiting for it.
    const { refused, outdated } = counters(b, 'ns1') as Record<string, number>;
    assert.ok(refused! + outdated! > 0);
  });

  it('that are silent or slow do not hold up others', async (t) => {
    const silent = await fakeDns(t, { 'one.test A': null, 'one.test AAAA': null });
    const good = await fakeDns(t, one('127.0.0.1'));
    const b = await bench(
      t,
      [section([silent.port, good.port], { timeoutRetry: 5000 })],
      [server('d1', 'one.test', { resolvePrefer: 4 })],
    );
    await b.until(() => b.server('d1').host === '127.0.0.1');
  });

  it('are believed only when the answer comes from them, to the port and id that asked, and is about the question', async (t) => {
    const stranger = createSocket('udp4').bind(0, '127.0.0.1');
    await once(stranger, 'listening');
    t.after(() => stranger.close());
    const forged = { answers: a('one.test', '6.6.6.6') };
    const dns = await fakeDns(t, {
      'one.test A': {
        raw(query) {
          const wrongId = response(query, forged);
          wrongId.writeUInt16BE((wrongId.readUInt16BE() + 1) & 0xffff);
          const otherQuestion = response(query, { answers: a('two.test', '6.6.6.6') });
          otherQuestion[13]! ^= 1;
          stranger.send(response(query, forged), dns.queries.at(-1)!.sourcePort, '127.0.0.1');
          return [wrongId, otherQuestion, response(query, { answers: a('one.test', '127.0.0.1') })];
        },
      },
    });
    const b = await bench(t, [section([dns.port])], [server('d1', 'one.test', { resolvePrefer: 4 })]);
    await b.until(() => b.server('d1').host !== null);
    assert.equal(b.server('d1').host, '127.0.0.1');
    const { outdated, invalid, valid } = counters(b) as Record<string, number>;
    assert.deepEqual({ outdated, invalid, valid }, { outdated: 1, invalid: 1, valid: 1 });
  });

  it('are asked over TCP when an answer does not fit, or when the section says so', async (t) => {
    const many = Array.from({ length: 200 }, (_, i) => `10.2.${i >> 8}.${i & 255}`);
    const dns = await fakeDns(t, { 'many.test A': { answers: a('many.test', ...many), truncated: true } });
    const udp = await bench(t, [section([dns.port])], [server('d1', 'many.test', { resolvePrefer: 4 })]);
    await udp.until(() => udp.server('d1').host === '10.2.0.0');
    assert.ok((counters(udp) as { truncated: number }).truncated >= 1);
    assert.deepEqual(
      dns.queries.slice(0, 2).map(({ transport }) => transport),
      ['udp', 'tcp'],
    );
    dns.queries.length = 0;
    const tcpSection = section([dns.port]);
    const config = { ...tcpSection, nameservers: tcpSection.nameservers.map((each) => ({ ...each, tcp: true })) };
    const tcp = await bench(
      t,
      [config],
      [1, 2, 3].map((i) => server(`d${i}`, 'many.test', { resolvePrefer: 4 })),
    );
    udp.resolvers.close();
    dns.queries.length = 0;
    await tcp.until(() => !tcp.hosts().includes('-'));
    assert.equal(tcp.hosts(), '10.2.0.0 10.2.0.1 10.2.0.2');
    assert.ok(dns.queries.every(({ transport }) => transport === 'tcp'));
  });

  it('whose answers are longer than accepted, or that cannot be reached, are counted', async (t) => {
    const many = Array.from({ length: 60 }, (_, i) => `10.2.0.${i}`);
    const dns = await fakeDns(t, { 'many.test A': { answers: a('many.test', ...many) } });
    const b = await bench(
      t,
      [section([dns.port, 1], { timeoutRetry: 15 })],
      [server('d1', 'many.test', { resolvePrefer: 4 })],
    );
    while ((counters(b) as { too_big: number }).too_big < 2) await dns.next();
    assert.equal(b.server('d1').host, null);
    assert.ok((counters(b, 'ns2') as { snd_error: number }).snd_error > 0);
  });

  it('get as many attempts as `resolve_retries` says, `timeout retry` apart', async (t) => {
    const dns = await fakeDns(t, { 'one.test A': null, 'one.test AAAA': null });
    const settings = { resolveRetries: 3, timeoutRetry: 30, timeoutResolve: 60_000 };
    const b = await bench(t, [section([dns.port], settings)], [server('d1', 'one.test')]);
    while ((counters(b) as { timeout: number }).timeout === 0) await delay(10);
    assert.deepEqual(
      dns.queries.map(({ question }) => question),
      ['one.test AAAA', 'one.test AAAA', 'one.test AAAA'],
    );
  });
});

describe('sections', () => {
  it('are listed in order with their counters, the system’s name servers last', async (t) => {
    const b = await bench(t, [section([1, 2]), section([], { name: 'sys', parseResolvConf: true })], []);
    assert.deepEqual(b.resolvers.sections, ['dns1', 'sys', 'default']);
    assert.deepEqual(
      b.resolvers.statistics().map(({ section: of, nameserver }) => `${of} ${nameserver}`),
      ['dns1 ns1', 'dns1 ns2', 'sys 10.255.255.53', 'default 10.255.255.53'],
    );
    assert.deepEqual(Object.keys(counters(b)), [
      'sent',
      'snd_error',
      'valid',
      'update',
      'cname',
      'cname_error',
      'any_err',
      'nx',
      'timeout',
      'refused',
      'other',
      'invalid',
      'too_big',
      'truncated',
      'outdated',
    ]);
  });

  it('that stay the same keep counters and cache over a reload; servers go over to the others', async (t) => {
    const dns = await fakeDns(t, one('127.0.0.1'));
    const other = await fakeDns(t, one('127.0.0.9'));
    const b = await bench(t, [section([dns.port])], [server('d1', 'one.test')]);
    await b.until(() => b.server('d1').host === '127.0.0.1');
    const before = (counters(b) as { sent: number }).sent;
    b.resolvers.configure({
      resolvers: [{ ...section([dns.port]), at: { file: 'test.cfg', line: 99 } }],
    } as unknown as Config);
    assert.equal(counters(b)['sent'], before);
    b.resolvers.configure({ resolvers: [section([other.port])] } as unknown as Config);
    await b.until(() => b.server('d1').host === '127.0.0.9');
    const asked = dns.queries.length;
    await other.next();
    assert.equal(dns.queries.length, asked);
    b.resolvers.configure({ resolvers: [] } as unknown as Config);
    assert.deepEqual(b.resolvers.sections, ['default']);
    assert.equal(b.server('d1').host, '127.0.0.9');
  });
});
