import { isIP } from 'node:net';
import type { Address, BindConfig, PeerConfig, PeersConfig } from '../../config/types.ts';
import { PEERS_ID } from '../../model/certificates/views.ts';
import type { Model } from '../../model/model.ts';
import type { ConnectSpec } from '../../net/transport.ts';
import { BindTls } from '../../traffic/tls/bind-tls.ts';
import { RecentContexts } from '../../traffic/tls/recent-contexts.ts';
import { ServerTls } from '../../traffic/tls/server-tls.ts';
import { storeCertificates, storeMaterial } from '../certificates/store-material.ts';
import { controlTlsAccounts } from '../certificates/tls-accounts.ts';
import type { PeersFront } from './link.ts';
import type { PeerOptions } from './peer.ts';

/** How TLS is spoken with peers. */
export interface PeersTls {
  /** On connections that a `bind` line accepts. */
  front(bind: BindConfig): PeersFront;
  /** On connections to a peer; null: it is not. */
  towards(peer: Pick<PeerConfig, 'tls'>): ServerTls | null;
}

/** With the certificates and authorities that a model has at the time: those that are replaced live are used from the next handshake on. */
export function peersTls(model: Model): PeersTls {
  const global = () => model.config.global.tls;
  const accounts = controlTlsAccounts(model);
  const material = storeMaterial(model);
  const basis = {
    certificates: storeCertificates(model),
    tlsContexts: new RecentContexts(() => global().contexts),
    get global() {
      return model.config.global;
    },
  };
  return {
    front: (bind) => ({ bind: new BindTls(basis, PEERS_ID, false, bind), accounts, global }),
    towards: ({ tls }) => (tls?.on === true ? new ServerTls(material, tls, global, accounts) : null),
  };
}

/** The peers of a section. The local one is reached, by the process that it is replaced by, where it listens. */
export function peerOptions({ peers, bind }: PeersConfig, localName: string, tls: PeersTls): PeerOptions[] {
  return peers.map((peer) => {
    const { name, shard } = peer;
    const to = whereOf(name === localName ? (bind?.address ?? peer.address) : peer.address, peer);
    return { name, shard, target: to === null ? null : { to, socks4: peer.socks4, tls: tls.towards(peer) } };
  });
}

function whereOf(address: Address | null, { source, namespace, md5Key }: PeerConfig): ConnectSpec | null {
  if (address === null) return null;
  const from = source !== null && isIP(source.host) !== 0 ? source : null;
  const by = {
    sourceHost: from?.host ?? null,
    sourcePort: from?.port ?? 0,
    device: source?.interface ?? null,
    namespace,
    md5Key,
  };
  if (address.family === 'unix') return { family: 'unix', host: address.path, port: 0, ...by };
  if ((address.family !== 'inet' && address.family !== 'inet6') || address.port === 0) return null;
  return { family: address.family, host: address.host, port: address.port, ...by, wrapped: true };
}
