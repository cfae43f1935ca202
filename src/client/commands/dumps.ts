import { parseColumns, parseServersConn, type ServerConn, type ServerState } from '../parse/columns.ts';
import { type Info, parseInfo } from '../parse/info.ts';
import { type Peers, parsePeers, parseResolvers, type Resolvers } from '../parse/names.ts';
import { parseStat, type StatRow } from '../parse/stat.ts';
import type { Session } from '../session.ts';

/** Which rows of `show stat` are wanted. */
export interface StatFilter {
  /** Name or id of a proxy; default: all. */
  readonly proxy?: string | number;
  /** Sum of 1 frontends, 2 backends, 4 servers; -1 for all. */
  readonly type?: number;
  /** Id of a server; -1 for all. */
  readonly server?: number;
}

/** What is read of a running program as a whole. */
export function dumpCommands({ run }: Session) {
  return {
    /** Facts about the process, by HAProxy's keys. */
    async showInfo(): Promise<Info> {
      return parseInfo(await run(['show', 'info']));
    },
    /** Counters of frontends, backends, servers and listeners, by HAProxy's field names. */
    async showStat({ proxy, type = -1, server = -1 }: StatFilter = {}): Promise<StatRow[]> {
      const filter = [String(proxy ?? -1), String(type), String(server)];
      const all = proxy === undefined && type === -1 && server === -1;
      return parseStat(await run(['show', 'stat', ...(all ? [] : filter)]));
    },
    /** What a server state file would hold of each server. `backend`: name, or `#id`. */
    async showServersState(backend?: string): Promise<ServerState[]> {
      const rows = parseColumns(await run(['show', 'servers', 'state', ...(backend === undefined ? [] : [backend])]));
      return rows as unknown as ServerState[];
    },
    /** Connection pools of servers. */
    async showServersConn(backend?: string): Promise<ServerConn[]> {
      return parseServersConn(await run(['show', 'servers', 'conn', ...(backend === undefined ? [] : [backend])]));
    },
    /** Counters of name servers. */
    async showResolvers(section?: string): Promise<Resolvers[]> {
      return parseResolvers(await run(['show', 'resolvers', ...(section === undefined ? [] : [section])]));
    },
    /** Peers and their state. */
    async showPeers(section?: string): Promise<Peers[]> {
      return parsePeers(await run(['show', 'peers', ...(section === undefined ? [] : [section])]));
    },
    /** Names of the backends. */
    async showBackends(): Promise<string[]> {
      return (await run(['show', 'backend'])).split('\n').slice(1);
    },
  };
}
