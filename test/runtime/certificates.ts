import { readPem } from '../../src/model/certificates/content.ts';
import { addCertificate, addEntry, setTrust } from '../../src/model/certificates/edits.ts';
import { readOcspResponse } from '../../src/model/certificates/ocsp.ts';
import { sharedBytes } from '../../src/model/certificates/shared-bytes.ts';
import { CertificateStore } from '../../src/model/certificates/store.ts';
import { readTrust } from '../../src/model/certificates/trust.ts';
import { issue, ocspResponse, revocationList } from '../support/pki.ts';

const ca = issue({ name: 'Test CA', ca: true });
const site = issue({ name: 'site.test', issuer: ca });
const crl = revocationList(ca, [site]);
const response = ocspResponse(ca, site);

/** What a responder would answer about `site.pem`. */
export function fetched() {
  return { response: readOcspResponse(response), bytes: response };
}

/**
 * Certificates in memory, none of them in use by a bind line: `site.pem` with a response, twice in `certs.list`, `spare.pem`; `ca.pem`,
 * `crl.pem`; ticket keys. A change of each of the first ones is staged.
 */
export function testCertificates(): CertificateStore {
  const store = new CertificateStore();
  const content = readPem(site.pem + ca.certificate, 'site.pem');
  addCertificate(store, 'site.pem', { ...content, ocsp: sharedBytes(response) });
  addCertificate(store, 'spare.pem', content);
  const empty = { path: 'certs.list', folder: false, entries: [], lines: 0, digest: 'x', edited: false };
  store.lists.set('certs.list', empty);
  const line = { certificate: 'site.pem', options: null, words: {}, filters: [] };
  for (const _ of [1, 2]) addEntry(store, store.lists.get('certs.list')!, line, null);
  setTrust(store, 'ca', 'ca.pem', readTrust(ca.certificate));
  setTrust(store, 'crl', 'crl.pem', readTrust(crl));
  const keys = [1, 2, 3].map((byte) => new Uint8Array(48).fill(byte));
  store.ticketKeys.set('tickets.keys', { path: 'tickets.keys', keys, digest: 'x', edited: false });
  store.pending.certificate = { path: 'site.pem', content };
  store.pending.ca = { path: 'ca.pem', content: readTrust(ca.certificate)! };
  store.pending.crl = { path: 'crl.pem', content: readTrust(crl)! };
  return store;
}
