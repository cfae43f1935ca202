import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');

/** Files that are loaded together with a file: imports of values, not those of types and not those that come when they are needed. */
function loaded(entry: string): Set<string> {
  const found = new Set<string>();
  const left = [entry];
  for (let file = left.pop(); file !== undefined; file = left.pop()) {
    if (found.has(file)) continue;
    found.add(file);
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, names, path] of text.matchAll(/^(?:import|export) (?!type )([^;]*?)from '(\.[^']+)';/gm)) {
      const types =
        names!.includes('{') &&
        names!
          .replace(/[{}\n]/g, '')
          .split(',')
          .every((name) => /^\s*(type .*)?$/.test(name));
      if (!types) left.push(normalize(join(dirname(file), path!)));
    }
  }
  return found;
}

test('an operation is started without the balancer and the language of the configuration', () => {
  const entries = ['src/cli/main.ts', 'src/cli/ops/ops.ts', 'src/cli/ops/terminal.ts', 'src/ops/open-target.ts'];
  const all = new Set(entries.flatMap((entry) => [...loaded(entry)]));
  assert.ok(all.has('src/ops/operations/drain.ts'));
  const heavy = [...all].filter((file) =>
    /^src\/(control|traffic|model|expr|net|runtime|config\/(?!suggest\.ts))/.test(file),
  );
  assert.deepEqual(heavy, []);
});
