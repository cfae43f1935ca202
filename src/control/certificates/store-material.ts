import { certificateView, trustView } from '../../model/certificates/make-views.ts';
import type { StoredCertificate, StoredTrust } from '../../model/certificates/store.ts';
import type { CertificateView, TrustView } from '../../model/certificates/views.ts';
import type { Model } from '../../model/model.ts';
import type { TlsMaterial } from '../../traffic/tls/outgoing-context.ts';

const certificates = new WeakMap<StoredCertificate, CertificateView | null>();
const trusts = new WeakMap<StoredTrust, TrustView>();

/** What is in the store of a model at the time, for connections of the control thread. */
export function storeMaterial(model: Pick<Model, 'certificates'>): TlsMaterial {
  return {
    certificatesByPath: {
      get: (path) => {
        const stored = model.certificates.certificate(path);
        return stored === null ? undefined : (memo(certificates, stored, certificateView) ?? undefined);
      },
    },
    trusts: {
      get: (path) => {
        const stored = model.certificates.trusts.get(path);
        return stored === undefined ? undefined : memo(trusts, stored, trustView);
      },
    },
  };
}

/** Records of the store are never changed: each has one view. */
function memo<K extends object, V>(known: WeakMap<K, V>, key: K, make: (key: K) => V): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  const made = make(key);
  known.set(key, made);
  return made;
}
