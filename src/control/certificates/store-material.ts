import { bindView, certificateView, ticketKeysView, trustView } from '../../model/certificates/make-views.ts';
import type { StoredCertificate, StoredTicketKeys, StoredTrust } from '../../model/certificates/store.ts';
import {
  bindTlsKey,
  type CertificateView,
  type TicketKeysView,
  type TrustView,
} from '../../model/certificates/views.ts';
import type { Model } from '../../model/model.ts';
import type { BindBasis } from '../../traffic/tls/bind-tls.ts';
import type { TlsMaterial } from '../../traffic/tls/outgoing-context.ts';

const certificates = new WeakMap<StoredCertificate, CertificateView | null>();
const trusts = new WeakMap<StoredTrust, TrustView>();
const ticketKeys = new WeakMap<StoredTicketKeys, TicketKeysView>();

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

/** The same for the side that shows certificates. Handshakes are few there: what belongs to a line is looked up for each. */
export function storeCertificates(model: Pick<Model, 'certificates'>): BindBasis['certificates'] {
  let version = 0;
  return {
    get version() {
      return version++;
    },
    bind: (proxy, at) => {
      const store = model.certificates;
      const bind = store.binds.get(bindTlsKey(proxy, at));
      return bind === undefined ? null : bindView(store, bind);
    },
    certificates: {
      get: (id) => {
        for (const stored of model.certificates.certificates.values())
          if (stored.id === id) return memo(certificates, stored, certificateView) ?? undefined;
        return undefined;
      },
    },
    trusts: storeMaterial(model).trusts,
    ticketKeys: {
      get: (path) => {
        const stored = model.certificates.ticketKeys.get(path);
        return stored === undefined ? undefined : memo(ticketKeys, stored, ticketKeysView);
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
