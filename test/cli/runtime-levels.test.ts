import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { levelsFile } from '../../scripts/runtime-levels.ts';
import { neededLevel } from '../../src/cli/runtime/needed-level.ts';
import { levelNumber } from '../../src/runtime/levels.ts';
import { registry } from '../../src/runtime/server.ts';

const file = join(import.meta.dirname, '../../src/cli/runtime/command-levels.ts');
const recorded = join(import.meta.dirname, '../../../shared/runtime-api/commands.tsv');

function needs(line: string): string {
  return neededLevel(line.split(' '));
}

describe('the levels of commands', () => {
  it('are those of the table of commands', () => {
    assert.equal(readFileSync(file, 'utf8'), levelsFile());
    for (const { words, level, where } of registry.commands)
      if (where !== 'master') assert.ok(levelNumber(neededLevel(words.split(' '))) >= levelNumber(level), words);
  });

  it('are admin for what nobody knows, and for what only begins like something harmless', () => {
    for (const line of ['nonsense', 'show', 'show tls-keys #0', 'dump ssl cert a', 'set server be/s1 state drain'])
      assert.equal(needs(line), 'admin', line);
    for (const line of [
      'commit ssl cert a',
      'abort ssl cert a',
      'commit map @1 /m',
      'clear counters all',
      'add map /m',
    ])
      assert.equal(needs(line), 'admin', line);
    assert.equal(needs('clear counters'), 'operator');
    assert.equal(needs('show stat'), 'user');
  });

  it('are never lower than those that HAProxy asks for', (t) => {
    let text: string;
    try {
      text = readFileSync(recorded, 'utf8');
    } catch {
      return t.skip('the list of HAProxy commands is not here');
    }
    for (const line of text.trim().split('\n').slice(1)) {
      const [command, level, category] = line.split('\t') as [string, string, string];
      const asked = /^(user|operator|admin)/.exec(level)?.[1];
      // What is behind an argument of a row, HAProxy sees to: the connection is lowered, too.
      if (asked === undefined || category === 'master CLI' || command.startsWith('show table')) continue;
      if (command.startsWith('show events') || command.startsWith('_')) continue;
      const words = command.replace(/ \(.*$/, '').split(' ');
      const fixed = words.slice(0, words.findIndex((word) => /^[<[{|@(]/.test(word)) >>> 0);
      assert.ok(
        levelNumber(neededLevel(fixed)) >= levelNumber(asked as 'user'),
        `${command}: ${neededLevel(fixed)}, HAProxy ${asked}`,
      );
    }
  });
});
