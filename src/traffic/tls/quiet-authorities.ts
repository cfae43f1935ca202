import { setDefaultCACertificates } from 'node:tls';
import type { TrustView } from '../../model/certificates/views.ts';

let inForce: readonly (TrustView | undefined)[] = [];

/**
 * Makes `trusts` what contexts of this thread trust that are built without `ca`. Clients are told the names of authorities in `ca`; of
 * these they are not (manual, `ca-verify-file`, `no-ca-names`). Nothing else in a traffic thread builds contexts without `ca`.
 */
export function trustQuietly(trusts: readonly (TrustView | undefined)[]): void {
  if (trusts.length === inForce.length && trusts.every((trust, index) => trust === inForce[index])) return;
  setDefaultCACertificates(trusts.flatMap((trust) => trust?.certificates ?? []));
  inForce = trusts;
}
