import type { ServerConfig } from '../../config/types.ts';
import { isTrustUsed, trustView } from '../../model/certificates/make-views.ts';
import type { CertificateStore } from '../../model/certificates/store.ts';
import type { TlsUpdate } from '../../model/certificates/views.ts';
import { type Problem, problem } from '../context.ts';

/** What a server that is made live needs must be in memory: of the configuration, or made by `new ssl ca-file` and the like. */
export function lacksMaterial(store: CertificateStore, { tls }: ServerConfig): Problem | null {
  if (tls === null) return null;
  const { caFile, crlFile } = tls.options;
  if (caFile !== null && store.trust('ca', caFile) === null) return problem(`'ca-file' : unable to load ${caFile}.`);
  if (crlFile !== null && store.trust('crl', crlFile) === null)
    return problem(`'crl-file' : unable to load ${crlFile}.`);
  return tls.crt !== null && store.certificate(tls.crt) === null
    ? problem(`unable to stat SSL certificate '${tls.crt}'.`)
    : null;
}

/** What the traffic threads must be told before they get the server: CA and CRL files that nothing has used. null: nothing. */
export function materialFor(store: CertificateStore, { tls }: ServerConfig): TlsUpdate | null {
  const paths = tls === null ? [] : [tls.options.caFile, tls.options.crlFile];
  const trusts = paths.flatMap((path) => {
    const found = path === null || isTrustUsed(store, path) ? undefined : store.trusts.get(path);
    return found === undefined ? [] : trustView(found);
  });
  return trusts.length === 0 ? null : { put: { trusts } };
}
