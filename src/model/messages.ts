import type { BindConfig, Config, ProxyConfig, ServerConfig } from '../config/types.ts';
import type { CacheView } from './cache/memory.ts';
import type { TlsState, TlsUpdate } from './certificates/views.ts';
import type { CounterChunk } from './counters.ts';
import type { DatabaseView } from './databases/database.ts';
import type { PatternReferenceView, PatternsView } from './patterns/references.ts';
import type { TableView } from './tables/table.ts';
import type { TablesView } from './tables/tables.ts';

/** What a traffic thread must know of a server to send traffic to it. Sent again, whole, whenever any of it changes. */
export interface ServerView {
  /** Ids of the proxy and, in it, of the server. */
  readonly proxy: number;
  readonly id: number;
  readonly name: string;
  readonly slot: number;
  /** null while the host name is unresolved. */
  readonly host: string | null;
  readonly family: 'inet' | 'inet6' | 'unix' | 'abns' | 'abnsz';
  readonly port: number;
  readonly portMap: '' | '+' | '-';
  /** `down`: nothing is sent; `drain`: persistent requests only; `up`: all. */
  readonly state: 'up' | 'drain' | 'down';
  /** In maintenance: not even forced persistence reaches it. */
  readonly maint: boolean;
  /** Effective weight in 1/16 units (user weight x 16 x slow start), 0..4096: what balancers use. */
  readonly weight: number;
  /** User weight 0..256. */
  readonly userWeight: number;
  readonly backup: boolean;
  readonly maxconn: number;
  readonly minconn: number;
  readonly maxqueue: number;
  readonly cookie: string | null;
  readonly ssl: boolean;
  /** Full configuration of a server that is not in the proxy's under its name (dynamic, renamed), else null. */
  readonly config: ServerConfig | null;
}

/** What a traffic thread must know of a proxy. */
export interface ProxyView {
  readonly config: ProxyConfig;
  readonly frontendSlot: number;
  readonly backendSlot: number;
  readonly listeners: readonly {
    readonly id: number;
    readonly name: string;
    readonly slot: number;
    readonly config: BindConfig;
  }[];
  readonly servers: readonly ServerView[];
  readonly published: boolean;
  readonly maxconn: number;
  readonly dynamicCookie: boolean;
  readonly dynamicCookieKey: string | null;
}

/** What a traffic thread knows beside its proxies: settings, what proxies refer to, contents of files by path. */
export interface EnvironmentView {
  readonly global: Config['global'];
  readonly httpErrors: Config['httpErrors'];
  readonly logProfiles: Config['logProfiles'];
  readonly userlists: Config['userlists'];
  readonly files: NonNullable<Config['files']>;
  readonly caches: readonly CacheView[];
}

/** Start data of a traffic thread (`workerData`). */
export interface ThreadInit extends EnvironmentView {
  readonly thread: number;
  readonly threads: number;
  readonly rows: number;
  readonly chunks: readonly CounterChunk[];
  readonly processSlot: number;
  readonly patterns: PatternsView;
  readonly tables: TablesView;
  readonly databases: readonly DatabaseView[];
  readonly tls: TlsState;
  readonly tlsSessions: SharedArrayBuffer | null;
  readonly proxies: readonly ProxyView[];
  readonly limits: LimitsView;
  readonly startedAt: number;
  /** The root of the file system for this thread, when others are confined already. */
  readonly chroot: string | null;
  /** Connections wait until `admit`. */
  readonly holding: boolean;
  /** Where a thread that uses io_uring notes its resources (`ThreadResources`); null: it uses libuv. */
  readonly resources: SharedArrayBuffer | null;
}

export interface LimitsView {
  readonly maxconn: number;
  readonly connRate: number;
  readonly sessRate: number;
  readonly sslRate: number;
  /** Bytes per second that compression may put out, 0 = no limit. */
  readonly compRate: number;
}

/** Which streams a listing or a kill is about. */
export interface StreamFilter {
  readonly id?: string;
  readonly frontend?: string;
  readonly backend?: string;
  readonly server?: string;
  readonly olderThanMs?: number;
}

/** A stream as `show sess` tells it. */
export interface StreamView {
  readonly id: string;
  readonly thread: number;
  readonly proto: string;
  readonly source: string;
  readonly frontend: string;
  readonly frontendId: number;
  readonly frontendMode: string;
  readonly listener: string;
  readonly listenerId: number;
  readonly destination: string;
  readonly backend: string | null;
  readonly backendId: number;
  readonly backendMode: string;
  readonly server: string | null;
  readonly serverId: number;
  readonly serverAddress: string;
  readonly localAddress: string;
  /** Date accepted, ms, and date last active. */
  readonly startedAt: number;
  readonly lastActive: number;
  /** Date at which the stream times out, 0 = never. */
  readonly expires: number;
  readonly state: string;
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly retries: number;
  readonly queued: boolean;
  readonly requestState: string;
  readonly responseState: string;
}

/** A captured invalid message (`show errors`). */
export interface CapturedError {
  /** Date, ms. */
  readonly date: number;
  readonly side: 'request' | 'response';
  readonly proxy: string;
  readonly proxyId: number;
  readonly backend: string | null;
  readonly backendId: number;
  readonly server: string | null;
  readonly serverId: number;
  readonly source: string;
  readonly frontend: string;
  readonly frontendId: number;
  readonly eventId: number;
  /** Offset in the captured bytes at which parsing failed. */
  readonly position: number;
  readonly bytes: Uint8Array;
  /** State of the parser in HAProxy's words (`MSG_HDR_NAME`, ...). */
  readonly parserState: string;
}

/** A thread's share of a gauge. */
export interface GaugeCount {
  readonly slot: number;
  readonly field: number;
  readonly count: number;
}

/** Names a listener. `inherited`: sockets that listen on its address already, one a thread; what is over goes to the first. */
export interface ListenerRef {
  readonly proxy: number;
  readonly id: number;
  /** By thread: descriptors that it accepts from, and then owns; a thread without any binds the address itself. */
  readonly sockets?: readonly (readonly number[] | undefined)[];
}

/** A variable of the process. */
export interface ProcVar {
  readonly type: string;
  readonly value: string | number | boolean | Uint8Array;
}

/** Another value for a variable of the process; null: it is unset. */
export interface ProcVarEdit {
  readonly name: string;
  readonly value: ProcVar | null;
}

/**
 * What a rule wants of a map or an ACL, named as its file is. `set`: the key has this value from now on; `add`: the pattern is there once
 * at least; `del`: nothing is there under the key.
 */
export interface PatternEdit {
  readonly how: 'set' | 'add' | 'del';
  readonly name: string;
  readonly key: string;
  readonly value: string;
}

/** From the control thread. Each is answered by `{ seq, value }` or `{ seq, error }` once it is in force in that thread. */
export type TrafficCommand =
  /** Several at once, none of which opens or closes sockets: nothing else happens in the thread between them. Answer: null. */
  | { readonly kind: 'batch'; readonly commands: readonly TrafficCommand[] }
  | { readonly kind: 'chunk'; readonly chunk: CounterChunk }
  /** More memory for patterns, before anything is in it. */
  | { readonly kind: 'pattern-chunk'; readonly chunk: SharedArrayBuffer }
  /** All patterns that there are, for proxies that are put from now on. */
  | { readonly kind: 'patterns'; readonly references: readonly PatternReferenceView[] }
  /** Certificates, trust stores, ticket keys: what is new or another one. New handshakes have it when it is answered. */
  | { readonly kind: 'tls'; readonly update: TlsUpdate }
  /** What the thread's last `pattern-edits` or `proc-vars` asked for is in force. */
  | { readonly kind: 'made'; readonly what: 'pattern-edits' | 'proc-vars' | 'log' }
  /** All stick tables that there are, for proxies that are put from now on. */
  | { readonly kind: 'tables'; readonly tables: readonly TableView[] }
  /** Files of facts about addresses that are new, or other editions of those that are there. */
  | { readonly kind: 'databases'; readonly databases: readonly DatabaseView[] }
  /** Nothing: whoever asks wants to know that what the thread was doing is over. */
  | { readonly kind: 'turn' }
  | { readonly kind: 'servers'; readonly views: readonly ServerView[] }
  | { readonly kind: 'server.remove'; readonly proxy: number; readonly id: number }
  /** What proxies that are put from now on refer to, and what the global section says. */
  | { readonly kind: 'environment'; readonly environment: EnvironmentView }
  | { readonly kind: 'proxy.put'; readonly proxies: readonly ProxyView[] }
  | { readonly kind: 'proxy.remove'; readonly ids: readonly number[] }
  | { readonly kind: 'backend.publish'; readonly proxy: number; readonly published: boolean }
  | { readonly kind: 'dynamic-cookie'; readonly proxy: number; readonly enabled: boolean; readonly key: string | null }
  /** `start` binds (or rebinds) the listeners; `pause` and `stop` release their ports. An answer lists what failed. */
  | { readonly kind: 'listeners'; readonly op: 'start' | 'pause' | 'stop'; readonly listeners: readonly ListenerRef[] }
  /** Answer: [proxy, listener, descriptor] of each listening socket. */
  | { readonly kind: 'listeners.fds' }
  | { readonly kind: 'frontend.maxconn'; readonly proxy: number; readonly maxconn: number }
  | { readonly kind: 'limits'; readonly limits: LimitsView }
  /** Answer: StreamView[]. */
  | { readonly kind: 'streams.list'; readonly filter: StreamFilter }
  /** Answer: number of streams ended. `why` is HAProxy's termination: `K` killed, `D` server marked down, `U` backup server shut. */
  | {
      readonly kind: 'streams.kill';
      readonly filter: StreamFilter & { readonly proxy?: number; readonly serverId?: number };
      readonly why: 'K' | 'D' | 'U';
    }
  /** Answer: CapturedError[]. */
  | { readonly kind: 'errors.list' }
  /** Answer: per-thread figures for `show activity`, `show info`. */
  | { readonly kind: 'activity' }
  | { readonly kind: 'proc-vars'; readonly vars: readonly ProcVarEdit[] }
  /** A place on a server is free for the first stream that waits for it in this thread. */
  | { readonly kind: 'queue.wake'; readonly proxy: number; readonly server: number }
  /** An idle connection to a server ends, if there is one. */
  | { readonly kind: 'idle.close'; readonly proxy: number; readonly server: number }
  /** Answer: GaugeCount[], the thread's own share of the shared gauges. */
  | { readonly kind: 'gauges' }
  /** The answer to a `resolve` event: null when there is no address. */
  | { readonly kind: 'resolved'; readonly request: number; readonly address: string | null }
  /** The answer to a `render` event. */
  | { readonly kind: 'rendered'; readonly request: number; readonly view: RenderedView }
  /** Connections that were accepted so far, and others, are served from now on. */
  | { readonly kind: 'admit' }
  /** `keep`: the thread's rights outlast the next change of user; `limit`: only these are left of them. */
  | { readonly kind: 'rights'; readonly step: 'keep' | 'limit'; readonly rights: Config['global']['capabilities'] }
  /** Makes a folder the root of the file system for the thread. */
  | { readonly kind: 'confine'; readonly folder: string }
  /** Soft stop: close listeners, end idle connections; answered at once, `idle` follows when nothing is left. */
  | { readonly kind: 'stop'; readonly soft: boolean };

/** What a `render` event asks for. */
export type RenderRequest = Extract<TrafficEvent, { readonly kind: 'render' }>;

/** A response that the control thread made for a traffic thread. */
export interface RenderedView {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  /** Text is latin1. */
  readonly body: string | Uint8Array;
}

/** Answer of `activity`. */
export interface Activity {
  readonly thread: number;
  readonly connections: number;
  readonly streams: number;
  readonly loops: number;
  readonly idlePercent: number;
  readonly bytesOut: number;
  readonly timers: number;
}

/** From a traffic thread, unasked. */
export type TrafficEvent =
  | { readonly kind: 'ready' }
  /** Lines of the traffic log, batched: proxy id, syslog level 0..7, text, structured data. */
  | { readonly kind: 'log'; readonly lines: readonly LogLine[]; readonly dropped: number }
  /** A server failed or served a request, where it is observed (`observe`), or a connection to it failed. */
  | {
      readonly kind: 'server.error';
      readonly proxy: number;
      readonly server: number;
      readonly layer: 4 | 7;
      readonly count: number;
    }
  | { readonly kind: 'server.success'; readonly proxy: number; readonly server: number; readonly layer: 4 | 7 }
  /** A place is free on a server, and the stream that waits for it longest (or most urgently) is in thread `thread`. */
  | { readonly kind: 'queue.wake'; readonly proxy: number; readonly server: number; readonly thread: number }
  /** A server has as many connections as it may have, and another thread may have an idle one that can end (`strict-maxconn`). */
  | { readonly kind: 'idle.close'; readonly proxy: number; readonly server: number }
  /** An administrator's wish from the statistics page: applied as Changes by the control thread. */
  | {
      readonly kind: 'stats.admin';
      readonly proxy: number;
      readonly action: string;
      readonly servers: readonly string[];
      readonly source: string;
      readonly request: number;
    }
  /** A request for what only the control thread can render (statistics page, exporter); answered by `render` with the same `request`. `source`: the client's address. */
  | {
      readonly kind: 'render';
      readonly service: 'stats' | 'prometheus';
      readonly proxy: number;
      readonly request: number;
      readonly uri: string;
      readonly method: string;
      readonly body: string;
      readonly headers: readonly (readonly [string, string])[];
      readonly admin: boolean;
      readonly source: string;
    }
  /** Variables of the process that rules have set; answered by `made`. */
  | { readonly kind: 'proc-vars'; readonly vars: readonly ProcVarEdit[]; readonly dropped: number }
  /** What `debug` tells, for a ring; '' = the program's own error output. */
  | { readonly kind: 'debug'; readonly ring: string; readonly line: string }
  /** A rule wants the address of a host name, in a family if there is one (`do-resolve`); answered by `resolved`. */
  | {
      readonly kind: 'resolve';
      readonly request: number;
      readonly section: string;
      readonly name: string;
      readonly prefer: 4 | 6;
    }
  /** Edits of patterns by rules, answered by `made`; `dropped`: so many more were not taken since the last ones. */
  | { readonly kind: 'pattern-edits'; readonly edits: readonly PatternEdit[]; readonly dropped: number }
  /** Nothing of a reference to patterns that is no longer named is left in the thread. */
  | { readonly kind: 'patterns.released'; readonly header: number }
  | { readonly kind: 'idle' };

/** What a log line says. */
export interface LogText {
  readonly text: string;
  /** Structured data of RFC 5424; null: none. */
  readonly sd: string | null;
  /** The text holds bytes that were asked for as they are (`%{+bin}o`). */
  readonly binary: boolean;
}

export interface LogLine extends LogText {
  readonly proxy: number;
  readonly level: number;
  /** What targets with a profile get instead, by its name; null: nothing. */
  readonly profiles?: Readonly<Record<string, LogText | null>>;
  /** Date of the event, ms. */
  readonly date: number;
  /** When the line was made, ms since 1970: lines of all threads are told in this order. */
  readonly made: number;
}

/** The way from the control thread to all traffic threads. */
export interface TrafficLink {
  /** Sends to every thread; resolves with their answers, in thread order, when all have it in force. Rejects with the first error. */
  ask(command: TrafficCommand): Promise<unknown[]>;
  readonly threads: number;
}
