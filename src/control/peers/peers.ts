import { isDeepStrictEqual } from 'node:util';
import { localPeerName, workingPeers } from '../../config/finish-peers.ts';
import type { Config, PeersConfig } from '../../config/types.ts';
import { withoutPlaces } from '../reload-global.ts';
import type { PeersFront } from './link.ts';
import { listenForPeers, type PeersListener, placeOf } from './listener.ts';
import { PeersSection } from './section.ts';
import type { SharedTable } from './shared-table.ts';
import { type PeersTls, peerOptions } from './targets.ts';

/** The sections of peers as surfaces see them, in the order of the configuration. */
export interface Peers {
  readonly sections: readonly PeersSection[];
}

/** Sections that could be opened, or why they could not. */
export type StagedPeers =
  | { readonly problems: readonly string[] }
  | { /** Puts them in force. */ commit(): void /** Gives them up. */; abandon(): void };

/** The sections of peers at work. */
export interface RunningPeers extends Peers {
  /** Listens for sections of another configuration; nothing else changes yet. */
  stage(config: Config): Promise<StagedPeers>;
  /** Teaches the process that takes over. Resolves when that is done, or cannot be. */
  handOver(): Promise<void>;
  close(): void;
}

/** What sections are made with. */
export interface PeersOptions {
  /** The tables that name a section, in the order of the configuration. */
  tablesOf(section: string): readonly SharedTable[];
  /** Another process is replaced by this one, and may teach it. */
  readonly awaitsOldProcess: boolean;
  readonly tls: PeersTls;
  /** Tells operators why a peer cannot be spoken to. */
  readonly warn: (text: string) => void;
}

interface Running {
  readonly config: PeersConfig;
  readonly section: PeersSection;
  readonly tables: readonly SharedTable[];
  readonly listener: PeersListener | null;
}

/** No sections yet: they come with the first configuration that is staged. */
export function createPeers(options: PeersOptions): RunningPeers {
  let running: readonly Running[] = [];
  // Only what starts with the process can be taught by the one before.
  let { awaitsOldProcess } = options;
  return {
    get sections() {
      return running.map(({ section }) => section);
    },
    async stage(config) {
      const opened: PeersListener[] = [];
      const abandon = () => {
        for (const listener of opened) listener.close();
      };
      const wanted: { readonly config: PeersConfig; readonly listener: PeersListener | null }[] = [];
      for (const one of workingPeers(config)) {
        try {
          wanted.push({ config: one, listener: await listenerFor(one, running, opened) });
        } catch (error) {
          abandon();
          return {
            problems: [`Binding [${one.at.file}:${one.at.line}] for peers ${one.name}: ${(error as Error).message}`],
          };
        }
      }
      const commit = () => {
        running = replace(running, wanted, config, { ...options, awaitsOldProcess });
        awaitsOldProcess = false;
      };
      return { commit, abandon };
    },
    async handOver() {
      for (const { listener } of running) listener?.close();
      await Promise.all(running.map(({ section }) => section.handOver()));
    },
    close() {
      for (const { section, listener } of running) {
        listener?.close();
        section.close();
      }
    },
  };
}

/** The socket that the section listens on: one that is there, or a new one. */
async function listenerFor(
  { bind }: PeersConfig,
  running: readonly Running[],
  opened: PeersListener[],
): Promise<PeersListener | null> {
  const place = bind === null ? null : placeOf(bind.address);
  if (bind === null || place === null) return null;
  const { host, port } = place;
  const known = [...running.flatMap(({ listener }) => listener ?? []), ...opened];
  const there = known.find((listener) => listener.host === host && listener.port === port);
  if (there !== undefined) return there;
  const listener = await listenForPeers(bind);
  opened.push(listener);
  return listener;
}

/** Sections that are as before go on; others end, and begin anew. */
function replace(
  before: readonly Running[],
  wanted: readonly { readonly config: PeersConfig; readonly listener: PeersListener | null }[],
  { global }: Config,
  options: PeersOptions,
): readonly Running[] {
  const after = wanted.map(({ config, listener }): Running => {
    const tables = options.tablesOf(config.name);
    const same = before.find((one) => isSame(one, config, tables));
    if (same !== undefined) return { ...same, config, listener };
    const localName = localPeerName(global);
    const section = new PeersSection({
      ...{ name: config.name, localName, tables, longestMessage: global.tune.bufsize, shards: config.shards },
      ...{ peers: peerOptions(config, localName, options.tls), awaitsOldProcess: options.awaitsOldProcess },
      warn: options.warn,
    });
    return { config, section, tables, listener };
  });
  for (const { section, listener } of before) {
    if (!after.some((one) => one.section === section)) section.close();
    if (listener !== null && !after.some((one) => one.listener === listener)) listener.close();
  }
  for (const { section, listener, config } of after) {
    if (listener === null) continue;
    const front: PeersFront | null = config.bind?.tls == null ? null : options.tls.front(config.bind);
    listener.take = (conn) => section.accept(conn, front);
  }
  return after;
}

function isSame(one: Running, config: PeersConfig, tables: readonly SharedTable[]): boolean {
  const settings = ({ name, bind, shards, peers }: PeersConfig) => withoutPlaces({ name, bind, shards, peers });
  return (
    isDeepStrictEqual(settings(one.config), settings(config)) &&
    one.tables.length === tables.length &&
    one.tables.every((table, i) => table === tables[i])
  );
}
