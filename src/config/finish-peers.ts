/** Sections of peers, once all is read. */

import { hostname } from 'node:os';
import type { ConfigDraft } from './draft.ts';
import type { Context } from './line.ts';
import type { GlobalConfig } from './types.ts';

/** The name of this process among its peers: `-L`, else `localpeer`, else the name of the machine. */
export function localPeerName({ localpeer }: Pick<GlobalConfig, 'localpeer'>): string {
  return localpeer ?? hostname();
}

/** Sections without the local peer are left out, with a warning as HAProxy's; those that are disabled, without. */
export function checkPeers({ config, diagnostics }: Context): void {
  const name = localPeerName(config.global);
  for (const section of config.peers) {
    if (section.disabled || hasLocalPeer(section, name)) continue;
    diagnostics.warning(null, `Removing incomplete section 'peers ${section.name}' (no peer named '${name}').`);
  }
}

function hasLocalPeer({ peers }: ConfigDraft['peers'][number], name: string): boolean {
  return peers.some((peer) => peer.name === name);
}
