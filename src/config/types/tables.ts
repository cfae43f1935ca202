/** Stick tables, and the peers that they are exchanged with. */

import type { StoredData } from '../tables/store.ts';
import type { Address } from './address.ts';
import type { BindConfig } from './bind.ts';
import type { Location } from './place.ts';
import type { ServerConfig, SourceConfig } from './server.ts';
import type { ServerTlsConfig } from './tls.ts';

export type StickTableType = 'ip' | 'ipv6' | 'integer' | 'string' | 'binary';

/** A stick table: one of a proxy, by whose name it goes, or a `table` line of a peers section. */
export interface StickTableConfig {
  /** `<proxy>`, or `<peers section>/<name>`: no two have the same. */
  readonly name: string;
  /** The peers section that it stands in; null: in the proxy called `name`. */
  readonly section: string | null;
  readonly at: Location;
  readonly type: StickTableType;
  /** Bytes of a key: the most of a string, all of them of another type. */
  readonly keyLength: number;
  /** Most entries. */
  readonly size: number;
  /** How long an entry lasts that is not used, ms; 0: for ever. */
  readonly expire: number;
  /** When it is full, nothing is added (instead of removing what was not used longest). */
  readonly nopurge: boolean;
  /** Peers write it, this process does not tell them. */
  readonly recvOnly: boolean;
  /** Name of the table that takes what peers say of this one. */
  readonly writeTo: string | null;
  /** The peers section that it is exchanged with. */
  readonly peers: string | null;
  /** What server_key tells of a server. */
  /** Shards of its peers' section that keys are spread over; 0: none. */
  readonly shards: number;
  readonly srvkey: 'name' | 'addr';
  /** Byte rates are kept in units of so many bytes. */
  readonly bratesFactor: number;
  /** File that keeps the entries over a restart of the process (an addition to HAProxy's language). */
  readonly stateFile: string | null;
  /** How often it is saved there, ms. */
  readonly stateInterval: number;
  /** In the order of the types' numbers. */
  readonly data: readonly StoredData[];
}

/** A `peer` or `server` line of a peers section. */
export interface PeerConfig {
  readonly name: string;
  /** null: that of the `bind` line. */
  readonly address: Address | null;
  readonly tls: ServerTlsConfig | null;
  /** The shard whose keys it is taught; 0: all. */
  readonly shard: number;
  readonly source: SourceConfig | null;
  readonly socks4: ServerConfig['socks4'];
  readonly namespace: string | null;
  readonly md5Key: string | null;
  readonly at: Location;
}

export interface PeersConfig {
  readonly name: string;
  readonly at: Location;
  readonly disabled: boolean;
  /** Where the local peer listens: of a `bind` line, or its own `peer` line with what `default-bind` says. null: nowhere. */
  readonly bind: BindConfig | null;
  /** Keys are spread over so many shards; 0: each peer is taught all of them. */
  readonly shards: number;
  readonly peers: readonly PeerConfig[];
  /** Tables that are named `<section>/<name>`. */
  readonly tables: readonly StickTableConfig[];
}
