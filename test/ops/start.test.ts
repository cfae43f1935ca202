import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/**
 * Files, and modules of Node.js, that are loaded together with files: imports of values, not those of types and not those that come when
 * they are needed.
 */
function loaded(...entries: readonly string[]): Set<string> {
  const found = new Set<string>();
  const left = [...entries];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    if (file.startsWith('node:')) continue;
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, names, path] of text.matchAll(/^(?:import|export) (?!type )([^;]*?)from '((?:\.|node:)[^']+)';/gm)) {
      const types =
        names!.includes('{') &&
        names!
          .replace(/[{}\n]/g, '')
          .split(',')
          .every((name) => /^\s*(type .*)?$/.test(name));
      if (!types) left.push(path!.startsWith('node:') ? path! : normalize(join(dirname(file), path!)));
    }
  }
  return found;
}

/** What `sluice OPERATION` loads on a HAProxy, which takes more than Sluice does. */
const operation = loaded(
  ...['src/cli/main.ts', 'src/cli/ops/ops.ts', 'src/cli/ops/terminal.ts', 'src/ops/open-target.ts'],
  'src/ops/targets/open-haproxy.ts',
);
/** What `sluice -v` loads. */
const version = loaded('src/cli/main.ts', 'src/cli/arguments.ts', 'src/cli/version.ts');

test('an operation is started without the balancer and the language of the configuration', () => {
  assert.ok(operation.has('src/ops/operations/drain.ts'));
  const heavy = [...operation].filter((file) =>
    /^src\/(control|traffic|model|expr|net|runtime|config\/(?!suggest\.ts))/.test(file),
  );
  assert.deepEqual(heavy, []);
});

test('neither an operation nor the version loads what takes Node.js as long as itself', () => {
  assert.ok(operation.has('node:net'));
  for (const all of [operation, version])
    for (const slow of ['node:tls', 'node:http', 'node:https', 'node:child_process']) assert.ok(!all.has(slow), slow);
});

test('the version is told without the balancer', () => {
  assert.ok(version.has('src/cli/version.ts'));
  assert.deepEqual(
    [...version].filter((file) => file.startsWith('src/') && !/^src\/(cli|util)\//.test(file)),
    [],
  );
  assert.ok(version.size < 20, [...version].join(' '));
});
