import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Address, ServerConfig } from '../../../src/config/types.ts';
import { resolveInitialAddresses } from '../../../src/control/resolvers/initial-addresses.ts';
import { parseStateFile, type StateLine } from '../../../src/control/state-file/parse.ts';
import { restoreName } from '../../../src/control/state-file/restore.ts';
import { Admin, type Server } from '../../../src/model/server.ts';
import { modelOf, proxyConfig, serverConfig } from '../../runtime/support.ts';

const named = (host: string, port = 80): Address => ({
  family: 'name',
  host,
  port,
  portEnd: port,
  portMap: '',
  prefer: 0,
});

function serverAt(host: string, more: Partial<ServerConfig> = {}): Server {
  const server = { ...serverConfig('s1', 80), address: named(host), resolvers: 'dns', ...more };
  return modelOf([proxyConfig('be', 'backend', 4, { servers: [server] })]).proxies[0]!.servers[0]!;
}

function line(address: string, admin: number, fqdn: string, port: number, record = '-'): StateLine {
  const file = parseStateFile(`1\n4 be 1 s1 ${address} 2 ${admin} 1 1 9 1 0 4 0 0 0 0 ${fqdn} ${port} ${record}\n`);
  assert.ok('lines' in file);
  return file.lines[0]!;
}

/** The names that are looked up when a server starts with a line. */
async function lookedUp(server: Server, from: StateLine): Promise<string[]> {
  const names: string[] = [];
  const last = restoreName(server, from);
  const lookup = async (host: string) => {
    names.push(host);
    return '127.0.0.50';
  };
  await resolveInitialAddresses([server], { last: () => last, lookup });
  return names;
}

describe('names and addresses of a state file', () => {
  it('keep a name that was set on the control socket, until the configuration has it too', async () => {
    const server = serverAt('one.example', { initAddr: ['libc'] });
    assert.deepEqual(await lookedUp(server, line('127.0.0.9', Admin.fqdnChanged, 'two.example', 80)), ['two.example']);
    assert.deepEqual([server.fqdn, server.admin], ['two.example', Admin.fqdnChanged]);
    const same = serverAt('two.example', { initAddr: ['libc'] });
    assert.deepEqual(await lookedUp(same, line('127.0.0.9', Admin.fqdnChanged, 'two.example', 80)), ['two.example']);
    assert.equal(same.admin, 0);
  });

  it('leave a name that only the configuration of before had', async () => {
    const server = serverAt('new.example', { initAddr: ['libc'] });
    assert.deepEqual(await lookedUp(server, line('127.0.0.9', 0, 'old.example', 80)), ['new.example']);
    assert.equal(server.fqdn, 'new.example');
  });

  it('are asked for before the resolver of the system, by default', async () => {
    const server = serverAt('one.example');
    assert.deepEqual(await lookedUp(server, line('127.0.0.9', 0, 'one.example', 80)), []);
    assert.equal(server.host, '127.0.0.9');
    const without = serverAt('one.example');
    assert.deepEqual(await lookedUp(without, line('-', Admin.resolveMaint, 'one.example', 80)), ['one.example']);
    assert.equal(without.host, '127.0.0.50');
  });

  it('give a server of an SRV record the service that it had', async () => {
    const server = serverAt('_http._tcp.example');
    await lookedUp(server, line('127.0.0.9', 0, 'node7.example', 8080, '_http._tcp.example'));
    assert.deepEqual(
      [server.fqdn, server.host, server.srvRecord],
      ['node7.example', '127.0.0.9', '_http._tcp.example'],
    );
    const other = serverAt('_other._tcp.example');
    await lookedUp(other, line('127.0.0.9', 0, 'node7.example', 8080, '_http._tcp.example'));
    assert.equal(other.fqdn, null);
  });

  it('are left alone when any value of the line cannot be', () => {
    const server = serverAt('one.example');
    const damaged = { ...line('127.0.0.9', Admin.fqdnChanged, 'two.example', 80), srv_uweight: '999' };
    assert.equal(restoreName(server, damaged), null);
    assert.equal(server.fqdn, 'one.example');
  });
});
