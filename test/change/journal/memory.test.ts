import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryJournal } from '../../../src/change/journal/memory.ts';
import { attempt, outcome } from './fixture.ts';

test('what was recorded is given by any of its properties, oldest first', async () => {
  const journal = memoryJournal(100, () => 1000);
  const [one] = await journal.attempt([attempt('app1', { operation: 'op-1' })]);
  const [two] = await journal.attempt([attempt('app2', { operation: 'op-2', actor: 'anna' })]);
  await journal.outcome([outcome(two!), outcome(one!)]);
  const seqs = async (query: Parameters<typeof journal.entries>[0]) =>
    (await journal.entries(query)).map((entry) => entry.seq);
  assert.deepEqual(await seqs({}), [1, 2, 3, 4]);
  assert.deepEqual(await seqs({ last: 1 }), [4]);
  assert.deepEqual(await seqs({ operation: 'op-1' }), [1, 4]);
  assert.deepEqual(await seqs({ object: 'be_app/app2' }), [2, 3]);
  assert.deepEqual(await seqs({ object: 'be_app' }), [1, 2, 3, 4]);
  assert.deepEqual(await seqs({ object: 'be_ap' }), []);
  assert.deepEqual(await seqs({ actor: 'anna', phase: 'outcome' }), [3]);
  assert.deepEqual(await seqs({ before: 3 }), [1, 2]);
  assert.deepEqual(await seqs({ until: 1000 }), []);
  assert.deepEqual(await seqs({ target: 'lb2' }), []);
});

test('an outcome belongs to one open attempt', async () => {
  const journal = memoryJournal();
  const [seq] = await journal.attempt([attempt('app1')]);
  await assert.rejects(journal.outcome([outcome(seq! + 1)]), { code: 'unknown-attempt' });
  await journal.outcome([outcome(seq!)]);
  await assert.rejects(journal.outcome([outcome(seq!)]), { code: 'unknown-attempt' });
});

test('private keys and ticket keys are not kept', async () => {
  const journal = memoryJournal();
  const pem =
    '-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n-----BEGIN RSA PRIVATE KEY-----\nSECRET\n-----END RSA PRIVATE KEY-----\n';
  for (const change of [
    { kind: 'cert.set', path: '/a.pem', pem },
    { kind: 'cert.new', path: '/a.pem', pem: '-----BEGIN PRIVATE KEY-----\nSECRET' },
    { kind: 'ticket-key.set', id: '1', key: 'SECRET' },
  ])
    await journal.attempt([{ ...attempt('app1'), change: change as never }]);
  const text = JSON.stringify(await journal.entries());
  assert.doesNotMatch(text, /SECRET/);
  assert.match(text, /BEGIN CERTIFICATE/);
  assert.equal(text.match(/\(withheld, sha256 [0-9a-f]{32}\)/g)?.length, 3);
});
