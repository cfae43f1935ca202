/** What was set of certificates is there again in a process that starts on the same journal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyChange } from '../../src/change/apply.ts';
import type { Change } from '../../src/change/change.ts';
import type { Conflict } from '../../src/change/conflicts.ts';
import type { Journal } from '../../src/change/journal/journal.ts';
import { type Keeper, keeper, secretsOnly } from '../../src/change/journal/keeper.ts';
import { type KeptStore, memoryStore } from '../../src/change/journal/kept-store.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import { resumeStanding } from '../../src/change/resume.ts';
import { standingOf } from '../../src/change/standing.ts';
import type { CertificatesConfig } from '../../src/config/certificates.ts';
import { newGlobal } from '../../src/config/draft-global.ts';
import type { CertificateStore } from '../../src/model/certificates/store.ts';
import { modelOf } from '../control/fixture.ts';
import { fetched, testCertificates } from '../runtime/certificates.ts';
import { issue, ocspResponse } from '../support/pki.ts';
import { deskOn, origin } from './fixture.ts';

const ca = issue({ name: 'Another CA', ca: true });
const [next, third] = [issue({ name: 'next.test', issuer: ca }), issue({ name: 'third.test', issuer: ca })];
const pem = next.pem + ca.certificate;
const key = (byte: number) => Buffer.alloc(48, byte).toString('base64');

/** The same files for each process. */
const files = filesOf(testCertificates());

function filesOf(store: CertificateStore): CertificatesConfig {
  const plain = <T extends { readonly digest: string | null; readonly content?: unknown }>(all: Iterable<T>) =>
    [...all].filter(({ content }) => content !== null).map((one) => ({ ...one, digest: one.digest ?? 'x' }));
  return {
    certificates: plain(store.certificates.values()),
    trusts: plain(store.trusts.values()),
    lists: plain(store.lists.values()),
    ticketKeys: plain([...store.ticketKeys.values()].filter(({ path }) => path !== '')),
    binds: [],
  } as unknown as CertificatesConfig;
}

function begin(journal: Journal, kept: Keeper) {
  const store = testCertificates();
  for (const part of [store.certificates, store.trusts, store.lists] as Map<string, { path: string }>[])
    for (const [path, one] of part) part.set(path, { ...one, digest: 'x', edited: false } as never);
  Object.assign(store.pending, { certificate: null, ca: null, crl: null });
  const model = modelOf([]);
  const global = { ...model.config.global, tls: newGlobal().tls };
  const config = { ...model.config, global, certificates: files };
  const made = deskOn({ ...model, config, certificates: store }, {}, journal);
  return { ...made, ctx: { ...made.ctx, keeper: kept } };
}

type Running = ReturnType<typeof begin>;

function inForce({ ctx }: Pick<Running, 'ctx'>) {
  const { certificates, trusts, lists, ticketKeys } = ctx.model.certificates;
  const sorted = <T extends { readonly path: string }>(all: T[]) => all.sort((a, b) => (a.path < b.path ? -1 : 1));
  return structuredClone({
    certificates: sorted(
      [...certificates.values()].map(({ path, content }) => ({
        path,
        parts:
          content &&
          [content.chain, content.key, content.ocsp].map((bytes) => bytes && Buffer.from(bytes).toString('latin1')),
      })),
    ),
    trusts: sorted([...trusts.values()].map(({ path, content }) => ({ path, content }))),
    lists: [...lists.values()].map(({ path, entries }) => {
      const told = entries.map(({ certificate, filters, options }) => JSON.stringify([certificate, filters, options]));
      // Of equal lines the first counts.
      return { path, order: [...new Set(told)], all: told.sort() };
    }),
    keys: [...ticketKeys.get('tickets.keys')!.keys].map((one) => Buffer.from(one).toString('hex')),
  });
}

const list = (certificate: string, filters: readonly string[], options = ''): Change => ({
  ...{ kind: 'crt-list.add', list: 'certs.list', certificate, options, filters },
});

/** Some of them cannot be made at some times: then they change nothing. */
const changes: readonly Change[] = [
  { kind: 'cert.new', path: 'new.pem', pem },
  { kind: 'cert.new', path: 'new.pem', pem: null },
  { kind: 'cert.set', path: 'new.pem', pem: third.pem },
  { kind: 'cert.set', path: 'site.pem', pem },
  { kind: 'cert.set', path: 'site.pem', pem, ocsp: ocspResponse(ca, next).toString('base64') },
  { kind: 'cert.set', path: 'spare.pem', pem: third.pem },
  { kind: 'cert.del', path: 'new.pem' },
  { kind: 'cert.del', path: 'spare.pem' },
  { kind: 'ocsp.set', response: fetched().bytes.toString('base64') },
  { kind: 'ocsp.set', response: ocspResponse(ca, next, { thisUpdate: Date.now() - 5000 }).toString('base64') },
  { kind: 'trust.new', store: 'ca-file', file: 'more.pem', pem: ca.certificate },
  { kind: 'trust.set', store: 'ca-file', file: 'ca.pem', pem: ca.certificate },
  { kind: 'trust.set', store: 'ca-file', file: 'more.pem', pem: next.certificate },
  { kind: 'trust.del', store: 'ca-file', file: 'more.pem' },
  { kind: 'trust.del', store: 'ca-file', file: 'ca.pem' },
  list('spare.pem', ['a.test']),
  list('spare.pem', ['*.b.test', '!c.b.test'], '[alpn h2 ca-file more.pem]'),
  list('new.pem', []),
  { kind: 'crt-list.del', list: 'certs.list', certificate: 'site.pem', line: 1 },
  { kind: 'crt-list.del', list: 'certs.list', certificate: 'site.pem', line: 2 },
  { kind: 'crt-list.del', list: 'certs.list', certificate: 'new.pem', line: null },
  { kind: 'ticket-key.set', keys: 'tickets.keys', key: key(7) },
  { kind: 'ticket-key.set', keys: '#0', key: key(8) },
];

test('a process that starts again has all that was set of certificates, keeps no key too many, and tells no conflict', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(changes.length - 1), { minLength: 1, maxLength: 12 }), async (numbers) => {
      const made = numbers.map((n) => changes[n]!);
      const [journal, store] = [memoryJournal(), memoryStore()];
      const before = begin(journal, keeper(store, secretsOnly));
      for (const change of made) if (!isListed(change, before)) await applyChange(change, before.ctx, origin);
      const { overrides } = { overrides: before.ctx.standing.overrides() };
      assert.doesNotMatch(JSON.stringify(overrides), /PRIVATE KEY/);
      await assertNothingTooMuch(store, JSON.stringify(overrides));
      const fresh = begin(journal, keeper(store, secretsOnly));
      const after = { ...fresh, ctx: { ...fresh.ctx, standing: await standingOf(journal) } };
      const conflicts: Conflict[] = [];
      await resumeStanding(after.ctx, conflicts);
      assert.deepEqual(
        conflicts.map(({ text }) => text),
        [],
      );
      assert.deepEqual(inForce(after), inForce(before));
      for (const one of [before, after]) one.ctx.states.close();
    }),
    { numRuns: 300, includeErrorInReport: true },
  );
});

/** Whether it takes away what a line names: where `bind` lines use the list, that is refused. */
function isListed(change: Change, { ctx }: Running): boolean {
  const entries = ctx.model.certificates.lists.get('certs.list')!.entries;
  if (change.kind === 'cert.del') return entries.some(({ certificate }) => certificate === change.path);
  return change.kind === 'trust.del' && entries.some(({ options }) => options?.caFile === change.file);
}

/** What is kept is referred to. */
async function assertNothingTooMuch(store: KeptStore, references: string): Promise<void> {
  for (const hash of await store.hashes()) assert.ok(references.includes(hash), hash);
}
