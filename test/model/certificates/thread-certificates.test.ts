import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ThreadCertificates } from '../../../src/model/certificates/thread-certificates.ts';
import {
  bindTlsKey,
  type CertificateView,
  type SniEntryView,
  type TlsUpdate,
} from '../../../src/model/certificates/views.ts';

const at = { file: 'a.cfg', line: 3 };
const key = bindTlsKey(7, at);

function certificate(id: number, path: string, names: readonly string[] = []): CertificateView {
  const none = new Uint8Array();
  return { id, path, names, chain: none, key: none, keyType: 'rsa', dh: null, ocsp: null, ocspEnds: 0 };
}

function entry(id: number, filters: readonly string[] | null = null): SniEntryView {
  return { id, certificate: 1, filters, options: null };
}

test('a certificate takes the place of the one with its id, under another path too', () => {
  const all = new ThreadCertificates();
  all.update({ put: { certificates: [certificate(1, 'a.pem'), certificate(2, 'b.pem')] } });
  all.update({ put: { certificates: [certificate(1, 'c.pem', ['c.test'])] } });
  assert.deepEqual(all.certificates.get(1)?.names, ['c.test']);
  assert.equal(all.certificatesByPath.get('a.pem'), undefined);
  assert.equal(all.certificatesByPath.get('c.pem')?.id, 1);
  all.update({ put: {}, drop: { certificates: [1, 2] } });
  assert.deepEqual([all.certificates.size, all.certificatesByPath.size], [0, 0]);
});

test('entries come behind the others of their bind line, and go, as defaults too', () => {
  const first = entry(1);
  const binds = [{ key, entries: [first, entry(2, ['b.test'])], defaults: [first] }];
  const all = new ThreadCertificates({ certificates: [], trusts: [], ticketKeys: [], binds });
  all.update({ put: {}, entries: [{ key, add: [entry(3, ['*.c.test', '!a.c.test'])], remove: [1] }] });
  const bind = all.bind(7, at)!;
  assert.deepEqual(
    bind.entries.map(({ id }) => id),
    [2, 3],
  );
  assert.deepEqual(bind.defaults, []);
  all.update({ put: {}, entries: [{ key: 'another', add: [entry(4)], remove: [] }], drop: { binds: [key] } });
  assert.equal(all.bind(7, at), null);
});

test('whoever builds contexts hears of each update after it is in force', () => {
  const all = new ThreadCertificates();
  const heard: [TlsUpdate, boolean][] = [];
  all.onUpdate((update) => heard.push([update, all.trusts.has('ca.pem')]));
  const update = { put: { trusts: [{ path: 'ca.pem', certificates: ['x'], crls: [] }] } };
  all.update(update);
  assert.deepEqual(heard, [[update, true]]);
});
