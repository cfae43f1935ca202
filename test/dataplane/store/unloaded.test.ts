import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Unloaded } from '../../../src/dataplane/store/unloaded.ts';
import type { Scope } from '../../support/wait.ts';

const requester = { user: 'kim', from: '127.0.0.1', title: 'PUT it' };

function folder(scope: Scope): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-unloaded-'));
  scope.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Work that goes on until it is told what came of it. */
function begun(unloaded: Unloaded, version: number | null) {
  const { promise, resolve } = Promise.withResolvers<{ readonly reload: string | null }>();
  const done = unloaded.during(requester, version, () => promise);
  return async (reload: string | null) => {
    resolve({ reload });
    await done;
  };
}

suite('what is written and not in force', () => {
  test('is found after the end of the service, unless nothing was written', async (t) => {
    const path = folder(t);
    void begun(new Unloaded(path, '/etc/h.cfg'), 3);
    assert.equal(new Unloaded(path, '/etc/other.cfg').found(4), null);
    assert.deepEqual(new Unloaded(path, '/etc/h.cfg').found(4), requester);
    assert.equal(new Unloaded(path, '/etc/h.cfg').found(3), null);
    assert.deepEqual(readdirSync(path), []);
  });

  test('is forgotten when it is in force, or loaded', async (t) => {
    const path = folder(t);
    const unloaded = new Unloaded(path, '/etc/h.cfg');
    const isNoted = () => readdirSync(path).length > 0;
    const live = begun(unloaded, 1);
    assert.ok(isNoted());
    await live(null);
    assert.ok(!isNoted());
    await begun(unloaded, 2)('2026-01-01-1');
    assert.ok(isNoted());
    // A later one that is live does not make the earlier one loaded; its version tells nothing any more.
    await begun(unloaded, 3)(null);
    assert.deepEqual(new Unloaded(path, '/etc/h.cfg').found(3), requester);
    unloaded.loaded(true);
    assert.ok(isNoted());
    unloaded.loaded(false);
    assert.ok(!isNoted());
  });

  test('stays noted until all of several are done, also when one fails', async (t) => {
    const path = folder(t);
    const unloaded = new Unloaded(path, '/etc/h.cfg');
    const first = begun(unloaded, null);
    const failing = unloaded.during(requester, 1, () => Promise.reject(new Error('no')));
    await assert.rejects(failing, /no/);
    assert.equal(readdirSync(path).length, 1);
    await first(null);
    assert.deepEqual(readdirSync(path), []);
    assert.ok(existsSync(path));
  });
});
