import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BindTlsView, CertificateView, SniEntryView } from '../../../src/model/certificates/views.ts';
import { SniIndex } from '../../../src/traffic/tls/sni-index.ts';

const BOTH = { rsa: true, ecdsa: true };
const none = new Uint8Array(0);

/** `name rsa|ecdsa filter...`: each a certificate with its entry; the first one is the default. */
function index(...lines: string[]): (name: string, able?: typeof BOTH, strict?: boolean) => number | null {
  const certificates = new Map<number, CertificateView>();
  const entries = lines.map((line, at): SniEntryView => {
    const [type, ...names] = line.split(' ');
    const keyType = type!.replace('+', '') as CertificateView['keyType'];
    const base = { id: at, path: line, chain: none, key: none, keyType, dh: null, ocsp: null, ocspEnds: 0 };
    certificates.set(at, { ...base, names: type!.endsWith('+') ? names : [] });
    return { id: at, certificate: at, filters: type!.endsWith('+') ? null : names, options: null };
  });
  const view: BindTlsView = { key: 'k', entries, defaults: entries.slice(0, 1) };
  const made = new SniIndex(view, (id) => certificates.get(id));
  return (name, able = BOTH, strict = false) => made.find(name, able, strict)?.id ?? null;
}

suite('the certificate for a name', () => {
  test('is the one with the name, else one with a wildcard for it, else the default', () => {
    const find = index('rsa+ default.test', 'rsa+ *.site.test', 'rsa+ www.site.test');
    assert.equal(find('www.site.test'), 2);
    assert.equal(find('other.site.test'), 1);
    assert.equal(find('a.b.site.test'), 0);
    assert.equal(find('site.test'), 0);
    assert.equal(find(''), 0);
    assert.equal(find('elsewhere.test', BOTH, true), null);
    assert.equal(find('', BOTH, true), null);
    assert.equal(find('default.test', BOTH, true), 0);
  });

  test('is of a kind that the client can verify, ECDSA where it can choose', () => {
    const find = index('rsa+ www.site.test', 'ecdsa+ www.site.test');
    assert.equal(find('www.site.test'), 1);
    assert.equal(find('www.site.test', { rsa: true, ecdsa: false }), 0);
    assert.equal(find('www.site.test', { rsa: false, ecdsa: false }), 1);
  });

  test('may be an ECDSA one with a wildcard beside an RSA one with the name, as HAProxy has it', () => {
    const find = index('rsa+ www.site.test', 'ecdsa+ *.site.test');
    assert.equal(find('www.site.test'), 1);
    assert.equal(find('www.site.test', { rsa: true, ecdsa: false }), 0);
  });

  test('is not one whose line excludes the name', () => {
    const find = index('rsa+ default.test', 'rsa *.site.test !secret.site.test', 'rsa *.site.test');
    assert.equal(find('www.site.test'), 1);
    assert.equal(find('secret.site.test'), 2);
  });

  test('is that of the filters where a line has some, not of the names in the certificate', () => {
    const find = index('rsa+ default.test', 'rsa only.test');
    assert.equal(find('only.test'), 1);
    const all = index('rsa+ default.test', 'ecdsa *');
    assert.equal(all('whatever.test'), 1);
    assert.equal(all('whatever.test', { rsa: true, ecdsa: false }), 0);
  });

  test('is found as fast among ten thousand as among ten', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, at) => `rsa+ host${at}.site.test`);
    const time = (count: number) => {
      const find = index(...lines(count));
      for (let at = 0; at < 20_000; at++) find(`host${at % count}.site.test`);
      const start = performance.now();
      for (let at = 0; at < 50_000; at++) assert.equal(find(`host${at % count}.site.test`), at % count);
      return performance.now() - start;
    };
    const few = time(10);
    assert.ok(time(10_000) < few * 8 + 50, 'look-ups grow with the number of certificates');
  });
});
