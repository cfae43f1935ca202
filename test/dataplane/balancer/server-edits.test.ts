import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parseDocument } from '../../../src/config/document.ts';
import type { Config } from '../../../src/config/types.ts';
import { load } from '../../../src/control/load.ts';
import { withServerEdits } from '../../../src/dataplane/balancer/server-edits.ts';

const TEXT = `# _version=1
defaults base
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
    default-server inter 7s check

frontend web
    bind 127.0.0.1:8080
    default_backend app

backend app from base
    default-server weight 20
    http-request deny if { path /x }
    server a1 127.0.0.1:81 weight 10 # first
    server a2 127.0.0.1:82

backend other from base
    server a1 127.0.0.1:91
`;

function configOf(text: string): Config {
  const { config, diagnostics } = load({ texts: [{ name: 'h.cfg', text }], env: {} });
  assert.ok(config, diagnostics.map((one) => one.text).join('\n'));
  return config;
}

/** What is found without loading, beside what loading gives. */
function edited(from: string, to: string, text = TEXT) {
  const after = text.replace(from, to);
  const documents = (content: string) => [parseDocument('h.cfg', content)];
  return { found: withServerEdits(configOf(text), documents(text), documents(after)), after };
}

suite('edits of server lines', () => {
  test('of weight, address and state give what loading the whole would give, and share the rest', () => {
    for (const [from, to] of [
      ['127.0.0.1:81 weight 10', '127.0.0.1:81 weight 99'],
      ['127.0.0.1:81 weight 10', '10.0.0.9:4000 weight 10'],
      ['a2 127.0.0.1:82', 'a2 127.0.0.1:82 weight 0 disabled'],
      ['_version=1', '_version=2'],
      ['weight 10 #', ' weight  10 #'],
    ] as const) {
      const { found, after } = edited(from, to);
      assert.ok(found, to);
      assert.deepEqual(found, {
        ...configOf(after),
        files: found.files,
        certificates: found.certificates,
        patterns: found.patterns,
      });
    }
    const before = configOf(TEXT);
    const document = parseDocument('h.cfg', TEXT);
    const found = withServerEdits(before, [document], [parseDocument('h.cfg', TEXT.replace('weight 10', 'weight 11'))]);
    assert.equal(found!.proxies[2], before.proxies[2]);
    assert.equal(found!.global, before.global);
  });

  test('of anything else are for loading', () => {
    for (const [from, to] of [
      ['weight 10', 'weight 10 inter 3s'],
      ['weight 10', 'weight 1000'],
      ['weight 10', 'weight nonsense'],
      ['server a2', 'server a9'],
      ['weight 10', 'weight "$WEIGHT"'],
      ['default-server weight 20', 'default-server weight 30'],
      ['path /x', 'path /y'],
      ['    server a2 127.0.0.1:82\n', ''],
      ['_version=1', '_version=1\n'],
    ] as const)
      assert.equal(edited(from, to).found, null, to);
  });

  test('are for loading where the line means something else than by itself', () => {
    const text = `global\n    ssl-server-verify none\n${TEXT.replace('server a2 127.0.0.1:82', 'server a2 127.0.0.1:82 no-check ssl')}`;
    const { found, after } = edited('server a2 127.0.0.1:82', 'server a2 127.0.0.1:83', text);
    assert.equal(found, null);
    assert.notEqual(after, text);
  });
});
