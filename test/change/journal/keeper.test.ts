import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Change } from '../../../src/change/change.ts';
import { keeper, secretsOnly } from '../../../src/change/journal/keeper.ts';
import { folderStore, patientStore } from '../../../src/change/journal/kept-store.ts';

const keys: Change = { kind: 'ticket-key.set', keys: 'a', key: 'newest', older: ['one', 'two'] };

function folder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'keeper-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'secrets');
}

test('what is secret is put aside, comes back as it was, and is forgotten when nothing refers to it', async (t) => {
  const dir = folder(t);
  const secrets = keeper(folderStore(dir), secretsOnly);
  assert.deepEqual(await secrets.away({ kind: 'cert.del', path: 'a' }), { kind: 'cert.del', path: 'a' });
  assert.equal(existsSync(dir), false, 'without a secret there is no folder');
  const aside = await secrets.away(keys);
  assert.doesNotMatch(JSON.stringify(aside), /newest|one|two/);
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  assert.deepEqual(await secrets.away(aside), aside, 'once is enough');
  assert.deepEqual(await secrets.back(aside), keys);
  writeFileSync(join(dir, 'left behind'), '');
  await secrets.sweep(() => [aside]);
  assert.equal(readdirSync(dir).length, 2);
  await secrets.sweep(() => []);
  assert.deepEqual(readdirSync(dir), []);
  await assert.rejects(secrets.back(aside), /is not kept any more/);
});

test('what names nothing that could be kept is refused', async (t) => {
  const secrets = keeper(folderStore(folder(t)), secretsOnly);
  const strange = { kind: 'ticket-key.set', keys: 'a', key: { kept: '../../etc/passwd' } } as const;
  await assert.rejects(secrets.back(strange), /names nothing that was kept/);
  assert.equal(await secrets.text('../../etc/passwd'), null);
});

test('where changes are made although nothing can be written, keys wait in memory and are written when that works again', async (t) => {
  const dir = folder(t);
  writeFileSync(dir, 'in the way');
  await assert.rejects(keeper(folderStore(dir), secretsOnly).away(keys));
  const secrets = keeper(patientStore(folderStore(dir)), secretsOnly);
  const aside = await secrets.away(keys);
  assert.deepEqual(await secrets.back(aside), keys);
  rmSync(dir);
  await secrets.sweep(() => [aside]);
  assert.equal(readdirSync(dir).length, 2);
  assert.deepEqual(await keeper(folderStore(dir), secretsOnly).back(aside), keys);
});
