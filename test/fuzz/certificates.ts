import { ok } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { contentOf, contentProblem, partsOf } from '../../src/change/rows/certificates/content.ts';
import { CertificateError, readPem } from '../../src/model/certificates/content.ts';
import { optionsText, parseCrtListLine } from '../../src/model/certificates/crt-list-line.ts';
import { addCertificate } from '../../src/model/certificates/edits.ts';
import { certIdOf, OcspError, readOcspResponse } from '../../src/model/certificates/ocsp.ts';
import { checkFetched } from '../../src/model/certificates/ocsp-check.ts';
import { CertificateStore } from '../../src/model/certificates/store.ts';
import { readTrust } from '../../src/model/certificates/trust.ts';
import { crlLines, storedLines } from '../../src/runtime/certificates/details.ts';
import { ocspLines } from '../../src/runtime/certificates/ocsp-text.ts';
import { issue, ocspResponse, revocationList } from '../support/pki.ts';
import type { Target } from './targets.ts';

const ca = issue({ name: 'Test CA', ca: true });
const site = issue({ name: 'site.test', dns: ['site.test', '*.b.test'], issuer: ca, responder: 'http://ocsp.test/' });
const crl = revocationList(ca, [site]);
const response = ocspResponse(ca, site);

const asPem = (label: string, bytes: Buffer) =>
  `-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`;

/** Runs `read`, and passes over the errors that tell of bad input. */
function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof CertificateError || error instanceof OcspError) return null;
    throw error;
  }
}

/** Certificates, keys, CRLs and OCSP responses, in DER and PEM, and lines of crt-lists: read, judged and shown. */
export function certificates(): Target {
  const issuer = new X509Certificate(ca.certificate);
  const id = certIdOf(site.der, ca.der);
  return {
    name: 'certificates',
    corpus: [
      ...[site.der, response, Buffer.from(crl.split('\n').slice(1, -2).join(''), 'base64')],
      ...[site.pem + ca.certificate, crl, 'site.pem [alpn h2,http/1.1 ssl-min-ver TLSv1.2] a.test !b.test'].map(
        (text) => Buffer.from(text),
      ),
    ],
    words: [
      '-----BEGIN CERTIFICATE-----\n',
      '-----END CERTIFICATE-----\n',
      ...['ocsp-update on', 'key a.key', 'acme le domains a.test', 'jwt on', 'ktls on'],
      'verify required',
      '[',
      ']',
    ],
    run(bytes) {
      const read = attempt(() => readOcspResponse(bytes));
      if (read !== null) ok([...ocspLines(read)].join('').length > 0);
      attempt(() => checkFetched(bytes, id, issuer, Date.now()));
      const text = bytes.toString('latin1');
      for (const pem of [text, asPem('CERTIFICATE', bytes), asPem('X509 CRL', bytes)]) {
        const trust = readTrust(pem);
        for (const one of trust?.crls ?? []) for (const line of crlLines(one)) ok(line.length > 0);
        ok(typeof contentProblem({ pem: pem + site.key }, 'x') !== 'undefined');
        const content = attempt(() => readPem(pem, 'x'));
        if (content === null) continue;
        const store = new CertificateStore();
        addCertificate(store, 'x', content);
        for (const line of storedLines(store, store.certificate('x')!, false, false)) ok(typeof line === 'string');
        attempt(() => contentOf(partsOf(content), 'x'));
      }
      const line = parseCrtListLine(text.split('\n', 1)[0]!, 'CLI:1', null);
      if (line !== null && !('error' in line)) ok(typeof optionsText(line) === 'string');
    },
  };
}
