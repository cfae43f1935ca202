import type { RunningRenewals } from '../change/acme/running.ts';
import type { Change, Origin, Outcome } from '../change/change.ts';
import type { Journal } from '../change/journal/journal.ts';
import type { Keeper } from '../change/journal/keeper.ts';
import type { Operations } from '../change/operations.ts';
import type { PolicyInForce } from '../change/policy/in-force.ts';
import type { Config, Diagnostic } from '../config/types.ts';
import type { RenderedView, RenderRequest, TrafficLink } from '../model/messages.ts';
import type { Model } from '../model/model.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import type { OcspUpdates } from './certificates/ocsp-updates.ts';
import type { Peers } from './peers/peers.ts';
import type { SavedTable } from './tables/state-files.ts';

/**
 * The control thread as the surfaces (Runtime API, statistics page, operations) see it: the model to read, and one way to change it.
 * Assembled in `control-thread.ts`.
 */
export interface Control {
  readonly model: Model;
  readonly traffic: TrafficLink;
  readonly logs: Logs;
  readonly resolvers: Resolvers;
  readonly health: Health;
  readonly peers: Peers;
  /** Messages that `log-forward` sections have received. */
  readonly logForwards: { readonly received: number };
  /** Fetches OCSP responses. */
  readonly ocsp: OcspUpdates;
  /** Validates and applies a Change; resolves when all traffic threads have it. Never rejects: failures are outcomes. */
  apply(change: Change, origin: Origin): Promise<Outcome>;
  /** Transactions, and what was changed before. */
  readonly operations: Operations;
  /** Certificates that are ordered from ACME servers. */
  readonly renewals: Pick<RunningRenewals, 'list' | 'renew' | 'challengeReady'>;
  /** Reads the configuration files again and applies the differences. `text`: what a start would have printed. */
  reload(origin: Origin): Promise<{ readonly ok: boolean; readonly text: string }>;
  /** Saves stick tables that have a `state-file` now. */
  saveTables(): Promise<readonly SavedTable[]>;
  /** Number of reloads since start, and of failed ones. */
  readonly reloads: { done: number; failed: number };
  /** `soft`: close listeners and wait for streams to end (SIGUSR1); else stop now. */
  stop(soft: boolean): Promise<void>;
  /** Event-loop figures of the control thread. */
  readonly idlePercent: number;
}

/** Log targets and rings (control/logs/). */
export interface Logs {
  /** Sends a line to the targets of a proxy (or the global ones when null). Level in syslog numbers. Never throws or blocks. */
  send(proxy: Proxy | null, level: number, text: string, sd?: string | null, dateMs?: number): void;
  readonly rings: ReadonlyMap<string, Ring>;
  /** Lines that could not be delivered. */
  readonly dropped: number;
}

/** An in-memory ring of log lines (section `ring`, `show events`). */
export interface Ring {
  readonly name: string;
  readonly type: 'buffer' | 'fd';
  readonly description: string;
  readonly dropped: number;
  /** Lines kept now, oldest first, as stored (formatted). */
  lines(): string[];
  /** Calls back for every new line until the returned function is called. */
  follow(listener: (line: string) => void): () => void;
  write(line: string): void;
}

/** DNS (control/resolvers/). */
export interface Resolvers {
  /** Counters of every name server: section -> name server -> counters in HAProxy's order (`show resolvers`). */
  statistics(): readonly {
    readonly section: string;
    readonly nameserver: string;
    readonly pid: number;
    readonly counters: Readonly<Record<string, number>>;
  }[];
  readonly sections: readonly string[];
  /** Starts or restarts following the name of a server (`set server fqdn`). */
  watch(server: Server): void;
  unwatch(server: Server): void;
}

/** Health and agent checks (control/checks/), and the server state machine (control/servers/). */
export interface Health {
  /** Starts checking a server (boot, `add server`, `enable health`), stops it. */
  start(server: Server): void;
  stop(server: Server): void;
  /** Errors reported by traffic threads (`observe`, failed connections). */
  report(server: Server, layer: 4 | 7, failed: boolean, count: number): void;
}

/** What configuration files say, by their names, in their order. */
export type Texts = readonly { readonly name: string; readonly text: string }[];

/** What one load of the configuration files gave. `config` is null when an alert was raised. */
export interface Loaded {
  readonly config: Config | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Prints a line as HAProxy does on stderr: `[WARNING]  (pid) : text`. */
export type Print = (severity: 'NOTICE' | 'WARNING' | 'ALERT', text: string) => void;

/** How a control thread is started. */
export interface ControlOptions {
  readonly config: Config;
  /** Reads the configuration files again, for a reload; or these texts in their place. */
  load(texts?: Texts): Promise<Loaded>;
  readonly print: Print;
  /** Formats diagnostics as a start prints them. */
  format(diagnostics: readonly Diagnostic[]): string;
  /** Makes the answers of services that traffic threads pass on (statistics page, exporter); null: there are none. */
  readonly render: ((control: Control, request: RenderRequest) => Promise<RenderedView>) | null;
  /** Listening sockets taken over from another process, by address. */
  readonly inherited?: ReadonlyMap<string, readonly number[]>;
  /** Called when a reload has put another configuration in force. Resolves to what operators should know. */
  reconfigure?(config: Config): Promise<readonly string[]>;
  /** Clients wait until `admit`. */
  readonly hold?: boolean;
  /** Another process is told to end once this one serves: it may teach stick tables before. */
  readonly replaces?: boolean;
  /** What the start printed before (`show startup-logs`). */
  readonly startupLogs: string;
  /** Where Changes are recorded; by itself in memory. */
  readonly journal?: Journal;
  /** Keeps keys beside the journal; in memory unless told. */
  readonly keeper?: Keeper;
  /**
   * Gets the journal from the process that this one replaces; false while that one has it still. Until then it can be read.
   * Rejects with JournalError.
   */
  takeJournal?(): Promise<boolean>;
  /** Changes are made although they cannot be recorded. */
  readonly goOn?: boolean;
  /** What people may do; left out, nobody is asked for more than the level of his socket. */
  readonly policy?: PolicyInForce;
}

/** The control thread at work. */
export interface RunningControl extends Control {
  /** What the configuration files would give if they said this. */
  check(texts: Texts): Promise<Loaded>;
  /** There is a policy. */
  readonly isPoliced: boolean;
  /** Why the policy, where there is one, does not let somebody make Changes; null when it does. Nothing is recorded. */
  permits(changes: readonly Change[], origin: Origin): Promise<string | null>;
  /** Spares the next reload the reading of files that say this: `loaded` is what they give. */
  prepare(texts: Texts, loaded: Loaded): void;
  /** Resolves when a soft stop has come to its end. */
  readonly ended: Promise<void>;
  /** Makes `folder` the root of the file system for all traffic threads, now and later. Rejects with the system's error. */
  confine(folder: string): Promise<void>;
  /** Serves the clients that wait, and others from now on. */
  admit(): Promise<void>;
  /** Ends everything at once. */
  close(): Promise<void>;
}
