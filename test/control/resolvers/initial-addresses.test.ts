import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { ServerConfig } from '../../../src/config/types.ts';
import { resolveInitialAddresses } from '../../../src/control/resolvers/initial-addresses.ts';
import { readResolvConf } from '../../../src/control/resolvers/resolv-conf.ts';
import { Admin } from '../../../src/model/server.ts';
import { modelOf, proxyConfig, serverConfig } from '../fixture.ts';

const name = (host: string, prefer: 0 | 4 | 6 = 0): ServerConfig['address'] => ({
  family: 'name',
  host,
  port: 80,
  portEnd: 80,
  portMap: '',
  prefer,
});

/** Servers with these host names and settings; what is said about them; host and administrative state of each afterwards. */
async function start(
  servers: readonly (readonly [string, Partial<ServerConfig>?])[],
  known: Record<string, string> = {},
  last: Record<string, string> = {},
) {
  const configs = servers.map(([host, over], i) => serverConfig(`s${i + 1}`, { address: name(host), ...over }));
  const all = modelOf([proxyConfig('bb', 1, { servers: configs })]).proxies[0]!.servers;
  const asked: string[] = [];
  const told = await resolveInitialAddresses(all, {
    last: (server) => last[server.name] ?? null,
    lookup: async (host, family) => {
      asked.push(host);
      return known[`${host} ${family}`] ?? known[host] ?? null;
    },
  });
  return {
    asked,
    told: told.map(({ severity, text }) => `${severity}: ${text}`),
    state: all.map(({ host, family, admin, fqdn, srvRecord }) => [host, family, admin, fqdn, srvRecord]),
  };
}

describe('the address that a server starts with', () => {
  it('is looked up once for each name, unless a state file has it', async () => {
    const { asked, told, state } = await start(
      [['one.test'], ['ONE.test'], ['two.test', { address: name('two.test', 6) }], ['three.test']],
      { 'one.test': '10.0.0.1', 'two.test 6': '::2' },
      { s4: '10.0.0.4' },
    );
    assert.deepEqual(told, []);
    assert.deepEqual(asked, ['one.test', 'two.test']);
    assert.deepEqual(state, [
      ['10.0.0.1', 'inet', 0, 'one.test', null],
      ['10.0.0.1', 'inet', 0, 'ONE.test', null],
      ['::2', 'inet6', 0, 'two.test', null],
      ['10.0.0.4', 'inet', 0, 'three.test', null],
    ]);
  });

  it('is missing in HAProxy’s words', async () => {
    const { told } = await start([
      ['a.invalid'],
      ['b.invalid', { initAddr: ['last'] }],
      ['c.invalid', { initAddr: ['libc', '1.2.3.4'] }],
      ['d.invalid', { initAddr: ['1.2.3.4', 'libc'] }],
      ['e.invalid', { initAddr: ['none', 'libc'] }],
      ['f.invalid', { initAddr: ['last', 'libc', 'none'] }],
      ['g.invalid', { resolvers: 'r1' }],
      ['_x._tcp.invalid', { resolvers: 'r1' }],
      ['_x._tcp.invalid'],
    ]);
    assert.deepEqual(told, [
      "alert: 'server bb/s1' : could not resolve address 'a.invalid'.",
      "alert: 'server bb/s2' : no method found to resolve address 'b.invalid'.",
      "warning: 'server bb/s3' : could not resolve address 'c.invalid', falling back to configured address.",
      "warning: 'server bb/s6' : could not resolve address 'f.invalid', disabling server.",
      "warning: 'server bb/s7' : could not resolve address 'g.invalid', disabling server.",
      "alert: 'server bb/s9' : no method found to resolve address '_x._tcp.invalid'.",
      'alert: Failed to initialize server(s) addr.',
    ]);
  });

  it('is none in maintenance, or the one that is written down', async () => {
    const { state } = await start([
      ['a.invalid', { initAddr: ['none'] }],
      ['b.invalid', { initAddr: ['1.2.3.4'] }],
      ['_x._tcp.invalid', { resolvers: 'r1' }],
    ]);
    assert.deepEqual(state, [
      [null, 'inet', Admin.resolveMaint, 'a.invalid', null],
      ['1.2.3.4', 'inet', 0, 'b.invalid', null],
      [null, 'inet', Admin.resolveMaint, null, '_x._tcp.invalid'],
    ]);
  });
});

describe('resolv.conf', () => {
  it('has name servers by address, in order, each once', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-resolv-'));
    try {
      const file = join(folder, 'resolv.conf');
      writeFileSync(
        file,
        '# comment\nsearch a b\nnameserver 10.0.0.53\n  nameserver\t::1 # x\nnameserver nope\nnameserver 10.0.0.53\nnameserver\n',
      );
      assert.deepEqual(readResolvConf(file), ['10.0.0.53', '::1']);
      assert.deepEqual(readResolvConf(join(folder, 'none')), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
