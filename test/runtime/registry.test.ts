import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mistakesPage, runtimePage } from '../../scripts/docs-runtime.ts';
import { hintFor, MISTAKES } from '../../src/runtime/mistakes.ts';
import { registry } from '../../src/runtime/server.ts';
import { exchange, startApi, type TestApi } from './support.ts';

const docs = join(import.meta.dirname, '../../docs');

describe('the table of commands', () => {
  it('has each command once on each kind of socket', () => {
    const seen = new Set<string>();
    for (const { words, where } of registry.commands) {
      for (const place of where === 'both' ? ['worker', 'master'] : [where]) {
        assert.ok(!seen.has(`${place} ${words}`), `${words} is there twice`);
        seen.add(`${place} ${words}`);
      }
    }
  });

  it('says of each command what it does', () => {
    for (const { words, help, about } of registry.commands) assert.ok(help ?? about, words);
  });

  it('is what the reference page shows', () => {
    assert.equal(readFileSync(join(docs, 'reference/runtime-api.md'), 'utf8'), runtimePage());
  });

  it('is listed in the format of -dKcli', () => {
    const lines = registry.listCommands().split('\n');
    assert.equal(lines[0], '# List of registered CLI keywords:');
    assert.ok(lines.includes('echo [MASTER] [WORKER] '));
    assert.ok(lines.includes('set var [WORKER] [EXPERIM] '));
    assert.ok(lines.includes('debug dev hex [WORKER] [EXPERT] '));
    assert.ok(lines.includes('reload [MASTER] '));
    assert.deepEqual(lines.slice(1, -1), lines.slice(1, -1).toSorted());
  });

  it('finds the longest command, and only where it exists', () => {
    assert.equal(registry.find(['show', 'cli', 'level', 'x'], 'worker')?.command.words, 'show cli level');
    assert.equal(registry.find(['show', 'trace'], 'worker')?.length, 2);
    assert.equal(registry.find(['show', 'proc'], 'worker'), null);
    assert.equal(registry.find(['show', 'info'], 'master'), null);
    assert.equal(registry.find(['reload'], 'worker')?.command.own, true);
    assert.equal(registry.find(['show'], 'worker'), null);
    assert.equal(registry.find([], 'worker'), null);
  });
});

describe('levels', () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.close());

  for (const level of ['user', 'operator'] as const) {
    it(`refuse to ${level}s every command above them, and nothing is changed`, async () => {
      const ranks = ['user', 'operator', 'admin'];
      const above = registry.commands.filter(
        (c) => c.where !== 'master' && !c.mode && ranks.indexOf(c.level) > ranks.indexOf(level),
      );
      assert.ok(above.length > 10);
      for (const { words } of above)
        assert.equal(await exchange(api.path(level), `${words} be_app/s1 1\n`), 'Permission denied\n\n', words);
      assert.deepEqual(api.control.changes, []);
    });
  }

  it('and modes hold for expert commands', async () => {
    for (const { words } of registry.commands.filter((command) => command.mode === 'expert')) {
      assert.equal(
        await exchange(api.path('admin'), `${words} 1\n`),
        'This command is restricted to expert mode only.\n\n',
        words,
      );
    }
  });
});

describe('commands that are often typed wrong', () => {
  it('are answered by a right form that exists', () => {
    for (const { wrong, right } of MISTAKES) {
      const hint = hintFor(wrong.split(' '));
      assert.equal(hint, `Did you mean: ${right}`, wrong);
      if (!right.startsWith('set table')) assert.ok(registry.find(right.split(' '), 'worker'), right);
      else assert.match(right, /data\./);
    }
  });

  it('keep their arguments', () => {
    assert.equal(hintFor(['drain', 'be_app/s1']), 'Did you mean: set server be_app/s1 state drain');
    assert.equal(
      hintFor('set table t key k conn_rate(10s) 100'.split(' ')),
      'Did you mean: set table t key k data.conn_rate 100',
    );
    assert.equal(hintFor('set table t key k data.conn_rate 100'.split(' ')), null);
    assert.equal(hintFor(['show', 'stat']), null);
  });

  it('are those of the page', () => {
    assert.equal(readFileSync(join(docs, 'common-mistakes.md'), 'utf8'), mistakesPage());
  });
});
