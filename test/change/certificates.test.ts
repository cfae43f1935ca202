import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { Change } from '../../src/change/change.ts';
import { keptChange, rememberedChange } from '../../src/change/journal/kept-change.ts';
import { newGlobal } from '../../src/config/draft-global.ts';
import { sharedBytes } from '../../src/model/certificates/shared-bytes.ts';
import { modelOf } from '../control/fixture.ts';
import { testCertificates } from '../runtime/certificates.ts';
import { issue, ocspResponse } from '../support/pki.ts';
import { deskOn } from './fixture.ts';

const ca = issue({ name: 'Another CA', ca: true });
const next = issue({ name: 'next.test', issuer: ca });
const other = issue({ name: 'other.test', issuer: ca });
const pem = next.pem + ca.certificate;
const short = issue({ name: 'short.test', issuer: ca, keys: generateKeyPairSync('rsa', { modulusLength: 512 }) });

function certificateDesk() {
  const model = modelOf([]);
  const global = { ...model.config.global, tls: newGlobal().tls };
  return deskOn({ ...model, config: { ...model.config, global }, certificates: testCertificates() });
}

/** All that is in force. */
function inForce({ ctx }: ReturnType<typeof certificateDesk>) {
  const { certificates, trusts, lists, ticketKeys } = ctx.model.certificates;
  return structuredClone({
    certificates: [...certificates.values()].map(({ path, content, jwt }) => {
      if (content === null) return { path, jwt };
      const { chain, key, ocsp } = content;
      return { path, jwt, parts: [chain, key, ocsp].map((bytes) => bytes && Buffer.from(bytes).toString('latin1')) };
    }),
    trusts: [...trusts.values()].map(({ path, content }) => ({ path, content })),
    lists: [...lists.values()].map(({ path, entries }) => ({
      path,
      entries: entries.map(({ certificate, line, filters }) => ({ certificate, line, filters })),
    })),
    keys: [...ticketKeys.get('tickets.keys')!.keys].map((key) => Buffer.from(key).toString('hex')),
  });
}

const newKey = Buffer.alloc(48, 9).toString('base64');
const undoable: readonly Change[] = [
  { kind: 'cert.new', path: 'new.pem', pem: null },
  { kind: 'cert.new', path: 'new.pem', pem },
  { kind: 'cert.set', path: 'site.pem', pem },
  { kind: 'cert.set', path: 'site.pem', pem, ocsp: ocspResponse(ca, next).toString('base64') },
  { kind: 'cert.jwt', path: 'site.pem', allowed: true },
  { kind: 'trust.new', store: 'ca-file', file: 'new.pem', pem: ca.certificate },
  { kind: 'trust.set', store: 'ca-file', file: 'ca.pem', pem: ca.certificate },
  { kind: 'trust.add', store: 'ca-file', file: 'ca.pem', pem: ca.certificate },
  {
    kind: 'crt-list.add',
    list: 'certs.list',
    certificate: 'spare.pem',
    options: '[alpn h2]',
    filters: ['*.a.test', '!b.a.test'],
  },
  { kind: 'crt-list.del', list: 'certs.list', certificate: 'site.pem', line: 1 },
  { kind: 'ticket-key.set', keys: 'tickets.keys', key: newKey },
];

for (const change of undoable)
  test(`${change.kind} is undone by its inverse, as the journal has kept it`, async () => {
    const desk = certificateDesk();
    const before = inForce(desk);
    const { ok, text, inverse } = await desk.apply(change);
    assert.equal(ok, true, text);
    assert.notDeepEqual(inForce(desk), before);
    const kept = keptChange(inverse!);
    assert.doesNotMatch(JSON.stringify(kept), /BEGIN (EC |RSA )?PRIVATE/);
    const undone = await desk.apply(rememberedChange(kept));
    assert.equal(undone.ok, true, undone.text);
    assert.deepEqual(inForce(desk), before);
  });

test('a secret comes back into the member that it was taken from only', () => {
  const kept = keptChange({ kind: 'cert.set', path: 'site.pem', pem }) as { readonly pem: string };
  assert.match(kept.pem, /\(withheld, sha256 [0-9a-f]{32}\)/);
  const elsewhere: Change = { kind: 'var.set', name: 'proc.x', value: { type: 'str', value: kept.pem } };
  assert.deepEqual(rememberedChange(elsewhere), elsewhere);
});

test('a deleted certificate comes back by its inverse', async () => {
  const desk = certificateDesk();
  const { inverse } = await desk.apply({ kind: 'cert.del', path: 'spare.pem' });
  assert.equal(desk.ctx.model.certificates.certificate('spare.pem'), null);
  assert.equal((await desk.apply(inverse!)).ok, true);
  assert.notEqual(desk.ctx.model.certificates.certificate('spare.pem'), null);
});

const refused: readonly (readonly [why: string, change: Change, text: RegExp])[] = [
  [
    'a key of another certificate',
    { kind: 'cert.set', path: 'site.pem', pem: next.certificate + other.key },
    /inconsistencies between private key and certificate/,
  ],
  ['no key', { kind: 'cert.set', path: 'site.pem', pem: next.certificate }, /unable to load SSL private key/],
  ['a key that is too short', { kind: 'cert.set', path: 'site.pem', pem: short.pem }, /ee key too small/],
  ['no PEM', { kind: 'cert.set', path: 'site.pem', pem: 'x' }, /site\.pem/],
  ['a certificate that is not there', { kind: 'cert.set', path: 'nope.pem', pem }, /'nope\.pem' doesn't exist/],
  [
    'an OCSP response about another one',
    { kind: 'cert.set', path: 'site.pem', pem, ocsp: ocspResponse(ca, other).toString('base64') },
    /does not match/,
  ],
  [
    'an OCSP response that is none',
    { kind: 'cert.set', path: 'site.pem', pem, ocsp: 'aGVsbG8=' },
    /Unable to parse OCSP response/,
  ],
  [
    'an OCSP response without an issuer',
    { kind: 'cert.set', path: 'site.pem', pem: next.pem, ocsp: ocspResponse(ca, next).toString('base64') },
    /the issuer is neither in the chain/,
  ],
  [
    'a key that the journal withheld',
    { kind: 'cert.set', path: 'site.pem', pem: `${next.certificate}(withheld, sha256 0)` },
    /give the certificate again/,
  ],
  [
    'a certificate in a crt-list that is used',
    { kind: 'crt-list.add', list: 'nope.list', certificate: 'site.pem', options: '', filters: [] },
    /'nope\.list' does not exist/,
  ],
  [
    'a filter in two lines',
    { kind: 'crt-list.add', list: 'certs.list', certificate: 'spare.pem', options: '', filters: ['a\nb'] },
    /only one line/,
  ],
  ['a CA file that is none', { kind: 'trust.set', store: 'ca-file', file: 'ca.pem', pem: 'x' }, /Invalid payload/],
  ['a CRL file named as a CA file', { kind: 'trust.del', store: 'ca-file', file: 'crl.pem' }, /doesn't exist/],
  ['a ticket key of another size', { kind: 'ticket-key.set', keys: 'tickets.keys', key: 'AAAA' }, /wrong size/],
  [
    'an OCSP response for nobody',
    { kind: 'ocsp.set', response: ocspResponse(ca, other).toString('base64') },
    /does not match any certificate/,
  ],
];

for (const [why, change, text] of refused)
  test(`${change.kind} is refused, and nothing is touched: ${why}`, async () => {
    const desk = certificateDesk();
    const before = inForce(desk);
    const outcome = await desk.apply(change);
    assert.equal(outcome.ok, false);
    assert.match(outcome.text, text);
    assert.deepEqual(inForce(desk), before);
    assert.deepEqual(desk.traffic.sent, []);
  });

test('what the traffic threads get of a certificate is what was set, under the number that it had', async () => {
  const desk = certificateDesk();
  const { id } = desk.ctx.model.certificates.certificate('site.pem')!;
  await desk.apply({ kind: 'cert.set', path: 'site.pem', pem });
  const [sent] = desk.traffic.sent;
  assert.ok(sent?.kind === 'tls' && sent.update.put.certificates?.length === 1);
  const [view] = sent.update.put.certificates;
  assert.equal(view!.id, id);
  assert.deepEqual(view!.chain, sharedBytes(Buffer.from(next.certificate + ca.certificate)));
});
