/** Sections of peers, once all is read. */

import { hostname } from 'node:os';
import { formatAddress } from './address.ts';
import { parseBindLine } from './bind.ts';
import type { PeersDraft } from './draft.ts';
import { finishServer } from './draft-server.ts';
import { bindTlsProblems } from './finish-proxy.ts';
import { completeServers } from './finish-servers.ts';
import type { Context } from './line.ts';
import type { Config, GlobalConfig, PeersConfig } from './types.ts';

/** The name of this process among its peers: `-L`, else `localpeer`, else the name of the machine. */
export function localPeerName({ localpeer }: Pick<GlobalConfig, 'localpeer'>): string {
  return localpeer ?? hostname();
}

/** The sections that work: those with the local peer that are not disabled. */
export function workingPeers({ peers, global }: Pick<Config, 'peers' | 'global'>): readonly PeersConfig[] {
  const localName = localPeerName(global);
  return peers.filter((section) => !section.disabled && section.peers.some(({ name }) => name === localName));
}

/**
 * Fills in what peers and the socket of the local one are. Sections without the local peer are left out, with a warning as HAProxy's; those
 * that are disabled, without.
 */
export function finishPeers(context: Context, mistakes: boolean): void {
  const { config, diagnostics } = context;
  const localName = localPeerName(config.global);
  for (const draft of config.peers) {
    const { peers, lines } = draft;
    const servers = lines.map(({ server }) => server);
    completeServers(context, servers, peers.name, mistakes);
    peers.peers = lines.map(({ server, addressText }) => {
      const { name, address, tls, source, socks4, namespace, md5Key, at } = finishServer(server);
      const known = addressText === '' ? null : address;
      return { name, address: known, tls, shard: server.shard, source, socks4, namespace, md5Key, at };
    }) as typeof peers.peers;
    if (mistakes) continue;
    const local = lines.find(({ server }) => server.name === localName);
    if (local !== undefined) {
      finishBind(context, draft, local);
      if (local.server.shard > 0) {
        diagnostics.warning(null, `Peers section '${peers.name}': shard ignored for '${localName}' local peer`);
        peers.peers[lines.indexOf(local)]!.shard = 0;
      }
    } else if (!peers.disabled)
      diagnostics.warning(null, `Removing incomplete section 'peers ${peers.name}' (no peer named '${localName}').`);
    if (peers.shards === 0) ignoreShards(context, draft);
  }
}

/** Where the local peer listens: as `bind` says, else at the address that the others reach it at. */
function finishBind(context: Context, draft: PeersDraft, local: PeersDraft['lines'][number]): void {
  const { bindAddress, bindOptions, bindAt, peers } = draft;
  const { server, addressText } = local;
  const address = bindAddress === '' ? addressText : bindAddress;
  if (address === '' || (bindAddress === '' && !('port' in server.address))) return;
  const rules = { at: bindAt ?? server.at, tls: context.config.global };
  const [bind] = parseBindLine([address, ...bindOptions], rules).binds;
  if (bind === undefined) return;
  peers.bind = bind;
  const where = `bind '${formatAddress(bind.address)}' at [${bind.at.file}:${bind.at.line}]`;
  for (const text of bindTlsProblems(bind.tls, where))
    context.diagnostics.alert(null, `peers '${peers.name}': ${text}`);
}

/** `shard` without `shards`. */
function ignoreShards({ diagnostics }: Context, { peers }: PeersDraft): void {
  for (const peer of peers.peers) {
    if (peer.shard === 0) continue;
    diagnostics.warning(
      null,
      `Peers section '${peers.name}': shard ignored for peer '${peer.name}' because the section says no 'shards'.`,
    );
    peer.shard = 0;
  }
}
