import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Change } from '../../../src/change/change.ts';
import { remoteRow } from '../../../src/change/remote/commands.ts';
import { openLive } from '../../../src/change/remote/live.ts';
import { previewRemote } from '../../../src/change/remote/preview.ts';
import { send } from '../../../src/change/remote/send.ts';
import { commandText, type Wire } from '../../../src/change/remote/wire.ts';

const recorded = join(import.meta.dirname, '../../../../shared/runtime-api/golden');

/** The answer in a recording, without the line ends after it. */
function answer(name: string): string {
  return readFileSync(join(recorded, `${name}.txt`), 'latin1')
    .replace(/^.*\n/, '')
    .replace(/\n+$/, '');
}

/** A HAProxy 3.5 that answers what was recorded: what is asked for -> name of the recording. Anything else answers `otherwise`. */
function recording(
  answers: Readonly<Record<string, string>>,
  otherwise = '',
  level = 'admin',
): Wire & { asked: string[] } {
  const asked: string[] = [];
  const all: Record<string, string> = {
    'show stat': 'show-stat',
    'show servers state be_app': 'show-servers-state.be',
    ...answers,
  };
  return {
    asked,
    async ask(command) {
      const text = commandText(command);
      asked.push(text);
      if (text === 'show info')
        return { severity: null, text: 'Name: HAProxy\nVersion: 3.5-dev5-50872daa6\nPid: 5\nHard_maxconn: 200\n' };
      if (text === 'show cli level') return { severity: 6, text: level };
      return { severity: null, text: all[text] === undefined ? otherwise : answer(all[text]) };
    },
    pour: async () => ({ sent: 0, objection: null }),
    renew: async () => undefined,
  };
}

const s1 = { backend: 'be_app', server: 's1' } as const;
const BENCH = '@BENCH@';

describe('recorded answers of HAProxy 3.5', { skip: existsSync(recorded) ? false : 'no recordings here' }, () => {
  const previews: readonly (readonly [string, Change, Record<string, string>, string, string])[] = [
    ['a state', { kind: 'server.state', ...s1, to: 'drain' }, {}, 'ready', 'drain'],
    [
      'what the file disables',
      { kind: 'server.state', backend: 'be_app', server: 's3', to: 'ready' },
      {},
      'maint',
      'ready',
    ],
    ['a weight in percent', { kind: 'server.weight', ...s1, weight: 50, percent: true }, {}, '10', '5'],
    ['a pause', { kind: 'frontend.state', frontend: 'fe_http', to: 'disabled' }, {}, 'enabled', 'disabled'],
    [
      'a value of a map',
      { kind: 'map.set', map: `${BENCH}/data/hosts.map`, key: 'c.test', value: 'x' },
      { 'show map': 'prepare-map.list', [`show map ${BENCH}/data/hosts.map`]: 'show-map.file' },
      'value with spaces',
      'x',
    ],
    [
      'a pattern',
      { kind: 'acl.add', acl: `${BENCH}/data/ua.acl`, pattern: 'NewBot' },
      { 'show acl': 'show-acl', [`show acl ${BENCH}/data/ua.acl`]: 'show-acl.file' },
      'absent',
      'present',
    ],
    [
      'an entry of a stick table',
      { kind: 'table.set', table: 'fe_http', key: '127.0.0.1', data: { gpc0: '5', conn_rate: '7' } },
      { 'show table': 'show-table', 'show table fe_http key 127.0.0.1': 'show-table.one' },
      'gpc0=0 conn_rate=24',
      'gpc0=5 conn_rate=7',
    ],
    [
      'an entry of a crt-list',
      {
        kind: 'crt-list.add',
        list: `${BENCH}/data/crt.list`,
        certificate: `${BENCH}/pki/fresh.pem`,
        options: '',
        filters: [],
      },
      {
        'show ssl crt-list': 'show-ssl-crt-list',
        [`show ssl cert ${BENCH}/pki/fresh.pem`]: 'new-ssl-cert.show',
        [`show ssl crt-list -n ${BENCH}/data/crt.list`]: 'show-ssl-crt-list.one',
      },
      '0 entries',
      '1 entries',
    ],
    ['publishing', { kind: 'backend.publish', backend: 'be_app', published: false }, {}, 'published', 'unpublished'],
    [
      'a new backend',
      { kind: 'backend.add', backend: 'dynbe', from: 'd', mode: 'http', guid: null },
      {},
      'absent',
      'present',
    ],
  ];
  for (const [name, change, answers, before, after] of previews) {
    it(`give the preview of ${name}`, async () => {
      const [preview] = await previewRemote([change], await openLive(recording(answers)));
      assert.deepEqual(preview?.problems, []);
      assert.deepEqual([preview?.before, preview?.after], [before, after]);
    });
  }

  const success: readonly (readonly [Change, string])[] = [
    [
      { kind: 'server.add', backend: 'be_app', server: 'dyn1', addr: '127.0.0.1:1', from: null, words: [] },
      'add-server.ok',
    ],
    [{ kind: 'server.addr', ...s1, addr: '::1', port: '5' }, 'set-server.addr-v6'],
    [{ kind: 'server.fqdn', ...s1, fqdn: 'a.test' }, 'set-server.fqdn-same'],
    [{ kind: 'server.fqdn', ...s1, fqdn: 'a.test' }, 'set-server.fqdn-ip-server'],
    [{ kind: 'server.ssl', ...s1, enabled: true }, 'set-server.ssl-nossl-default'],
    [{ kind: 'server.weight', ...s1, weight: 15, percent: false }, 'set-server.weight'],
    [{ kind: 'server.state', ...s1, to: 'ready' }, 'set-server.state-ready'],
    [{ kind: 'backend.publish', backend: 'be_app', published: true }, 'new.publish-backend.ok'],
    [{ kind: 'counters.clear', scope: s1 }, 'new.clear-counters-server.force'],
    [{ kind: 'crt-list.del', list: 'x', certificate: 'y', line: 4 }, 'del-ssl-crt-list.line'],
    [{ kind: 'crt-list.add', list: 'x', certificate: 'y', options: '', filters: ['a'] }, 'add-ssl-crt-list.payload'],
    [{ kind: 'cert.del', path: 'x' }, 'del-ssl-cert.ok'],
    [{ kind: 'ticket-key.set', keys: '#0', key: 'x' }, 'set-ssl-tls-key.file'],
    [{ kind: 'map.set', map: 'x', key: 'y', value: 'z' }, 'prepare-map.add-payload'],
  ];
  for (const [change, name] of success) {
    it(`count as success: ${name}`, async () => {
      const wire = recording({}, answer(name));
      assert.equal((await send(change, remoteRow(change)!, await openLive(wire), wire)).made, 'yes');
    });
  }

  const refusals: readonly (readonly [Change, string])[] = [
    [
      { kind: 'server.add', backend: 'be_app', server: 'dyn1', addr: '127.0.0.1:1', from: null, words: [] },
      'add-server.dup',
    ],
    [{ kind: 'server.addr', ...s1, addr: '::1', port: 'x' }, 'set-server.addr-port-bad'],
    [{ kind: 'server.name', ...s1, name: 'blue' }, 'set-server.name'],
    [{ kind: 'server.del', ...s1 }, 'del-server.in-use'],
    [{ kind: 'server.state', ...s1, to: 'ready' }, 'denied.user.set-weight'],
    [{ kind: 'server.ssl', ...s1, enabled: false }, 'set-server.dyn-ssl'],
    [{ kind: 'table.set', table: 'x', key: 'y', data: { gpc0: '1' } }, 'set-table.unknown'],
    [{ kind: 'crt-list.del', list: 'x', certificate: 'y', line: null }, 'del-ssl-crt-list.ambiguous'],
    [{ kind: 'ticket-key.set', keys: '#0', key: 'x' }, 'set-ssl-tls-key.short'],
  ];
  for (const [change, name] of refusals) {
    it(`do not count as success: ${name}`, async () => {
      const wire = recording({}, answer(name));
      const { made, text } = await send(change, remoteRow(change)!, await openLive(wire), wire);
      assert.notEqual(made, 'yes');
      assert.equal(text, answer(name).trim());
    });
  }

  it('let a certificate be set, or abort what cannot be committed', async () => {
    const path = `${BENCH}/pki/site.pem`;
    const change: Change = { kind: 'cert.set', path, pem: '-----BEGIN X-----\na\n-----END X-----' };
    const staged = `set ssl cert ${path} << (3 lines, 35 bytes)`;
    const wire = recording({ [staged]: 'set-ssl-cert.ok', [`commit ssl cert ${path}`]: 'commit-ssl-cert.mismatch' });
    const { made, text } = await send(change, remoteRow(change)!, await openLive(wire), wire);
    assert.equal(made, 'no');
    assert.match(text, /^inconsistencies between private key and certificate/);
    assert.deepEqual(wire.asked.slice(-2), [`commit ssl cert ${path}`, `abort ssl cert ${path}`]);
  });

  it('are waited for: silence is no staged certificate', async () => {
    const change: Change = { kind: 'cert.set', path: 'x', pem: '' };
    const wire = recording({});
    assert.equal((await send(change, remoteRow(change)!, await openLive(wire), wire)).made, 'no');
  });

  it('are asked for by level: maps need admin since 3.4', async () => {
    const change: Change = { kind: 'map.set', map: 'x', key: 'y', value: 'z' };
    const [preview] = await previewRemote([change], await openLive(recording({}, '', 'operator')));
    assert.equal(
      preview?.problems[0]?.text,
      "the socket has level operator, map.set needs admin: use a socket with 'level admin'",
    );
  });
});
