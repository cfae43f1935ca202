import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { bundle } from '../../scripts/bundle.ts';
import { directBuiltins } from '../../scripts/direct-builtins.ts';

describe('the bundle', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bundle-'));
  before(async () => {
    await bundle(dir);
  });
  after(() => rmSync(dir, { recursive: true, force: true }));

  /** Files that are loaded together with a file. */
  function loaded(file: string, found = new Set<string>()): Set<string> {
    if (found.has(file)) return found;
    found.add(file);
    const text = readFileSync(join(dir, file), 'utf8');
    for (const [, other] of text.matchAll(/^(?:import|export|\}) ?[^;]*?["']\.\/([\w.-]+\.js)["'];$/gm))
      loaded(other!, found);
    return found;
  }

  /** The part that is asked for where this name is wanted. */
  function part(of: string, name: string): string {
    const text = readFileSync(join(dir, of), 'utf8');
    const found = new RegExp(`\\b${name}\\b[^;]*?import\\("\\./(part-\\w+\\.js)"\\)`).exec(text);
    return found?.[1] ?? assert.fail(`nobody asks for ${name}`);
  }

  it('begins with few files', () => {
    assert.ok(loaded('sluice.js').size <= 2, [...loaded('sluice.js')].join(' '));
    const operation = loaded(part('sluice.js', 'runOps'));
    assert.ok(operation.size <= 6, [...operation].join(' '));
  });

  it('takes modules of Node.js without an import, in any form', () => {
    for (const file of readdirSync(dir)) assert.doesNotMatch(readFileSync(join(dir, file), 'utf8'), /^import .*node:/m);
    const code = [
      'import { readFileSync as read, rmSync } from "node:fs";',
      "import net from 'node:net';",
      'import * as path from "node:path";',
      'import {',
      '  a as b',
      '} from "node:timers/promises";',
      'import { c } from "./part.js";',
    ];
    assert.deepEqual(directBuiltins(code.join('\n')).split('\n'), [
      'const { readFileSync: read, rmSync } = process.getBuiltinModule("node:fs");',
      "const net = process.getBuiltinModule('node:net');",
      'const path = process.getBuiltinModule("node:path");',
      'const {',
      '  a: b',
      '} = process.getBuiltinModule("node:timers/promises");',
      'import { c } from "./part.js";',
    ]);
  });

  it('tells its version', () => {
    assert.match(
      execFileSync(process.execPath, [join(dir, 'sluice.js'), '-v'], { encoding: 'utf8' }),
      /^HAProxy version /,
    );
  });

  it('knows errors of one part in another', () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(dir, 'sluice.js'), 'status', '--target', join(dir, 'none.sock')],
      { encoding: 'utf8' },
    );
    assert.equal(status, 4, stderr);
    assert.match(stderr, /no such socket/);
  });
});
