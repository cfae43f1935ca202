import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { newGlobal } from '../../../src/config/draft-global.ts';
import { plainServerTls } from '../../../src/config/keywords/server-tls.ts';
import type { GlobalTlsConfig, ServerTlsConfig, TlsOptions } from '../../../src/config/types.ts';
import type { CertificateView, TrustView } from '../../../src/model/certificates/views.ts';
import { outgoingContext } from '../../../src/traffic/tls/outgoing-context.ts';
import { issue } from '../../support/pki.ts';

const ca = issue({ name: 'Test CA', ca: true });
const trust = (): TrustView => ({ path: 'ca.pem', certificates: [ca.certificate], crls: [] });
const global = newGlobal().tls as GlobalTlsConfig;

function server(options: Partial<TlsOptions> = {}, more: Partial<ServerTlsConfig> = {}): ServerTlsConfig {
  const plain = plainServerTls({ tls: global });
  return { ...plain, ...more, options: { ...plain.options, verify: 'required', caFile: 'ca.pem', ...options } };
}

suite('the context for connections to a server', () => {
  test('is one for all servers with the same settings, whatever names they are verified by', () => {
    const trusts = new Map([['ca.pem', trust()]]);
    const material = { certificatesByPath: new Map<string, CertificateView>(), trusts };
    const one = outgoingContext(material, server(), global);
    assert.equal(outgoingContext(material, server({}, { verifyHost: 'a.test', sni: 'str(b.test)' }), global), one);
    assert.notEqual(outgoingContext(material, server({ maxVersion: 'TLSv1.2' }), global), one);
    assert.notEqual(outgoingContext({ ...material }, server(), global), one);
  });

  test('is another one when authorities or settings have changed', () => {
    const trusts = new Map([['ca.pem', trust()]]);
    const material = { certificatesByPath: new Map<string, CertificateView>(), trusts };
    const one = outgoingContext(material, server(), global);
    trusts.set('ca.pem', trust());
    const other = outgoingContext(material, server(), global);
    assert.notEqual(other, one);
    assert.notEqual(outgoingContext(material, server(), { ...global, securityLevel: 1 }), other);
  });

  test('is built anew after many others, and what is wrong is told each time', () => {
    const material = { certificatesByPath: new Map<string, CertificateView>(), trusts: new Map([['ca.pem', trust()]]) };
    const one = outgoingContext(material, server(), global);
    for (let i = 0; i < 300; i++) outgoingContext(material, server({ alpn: [`p${i}`] }), global);
    assert.notEqual(outgoingContext(material, server(), global), one);
    for (let times = 0; times < 2; times++) {
      assert.throws(() => outgoingContext(material, server({ ciphers: 'NONSENSE' }), global));
      assert.throws(
        () => outgoingContext(material, server({}, { crt: 'none.pem' }), global),
        /no certificate 'none.pem'/,
      );
    }
  });
});
