/** The global section. */

import type { TokenRules } from '../token-algorithms.ts';
import type { BindConfig } from './bind.ts';
import type { LogTargetConfig } from './logs.ts';
import type { Location, WordsAt } from './place.ts';
import type { GlobalTlsConfig } from './tls.ts';

/** The merged `global` sections. */
export interface GlobalConfig {
  /** Where each keyword of the section was read last. */
  readonly at: Readonly<Record<string, Location>>;
  readonly maxconn: number | null;
  readonly nbthread: number | null;
  /** Connections go over io_uring where the system has it. */
  readonly uring: boolean;
  readonly maxconnrate: number;
  readonly maxsessrate: number;
  readonly maxsslrate: number;
  /** kB per second, 0 = no limit. */
  readonly maxcomprate: number;
  /** Percent of a thread's time above which nothing is compressed. */
  readonly maxcompcpuusage: number;
  /** What streams cost is timed (`profiling.tasks on`). */
  readonly profileTasks: boolean;
  readonly daemon: boolean;
  readonly masterWorker: boolean;
  readonly user: string | null;
  readonly group: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly chroot: string | null;
  /** Rights of root that outlast the change of user (`setcap`). */
  readonly capabilities: readonly ('cap_net_raw' | 'cap_net_admin' | 'cap_net_bind_service' | 'cap_sys_admin')[];
  readonly pidfile: string | null;
  readonly node: string | null;
  /** Statuses that count as errors of clients, and as failures of servers (`http-err-codes`, `http-fail-codes`). */
  readonly errCodes: readonly number[];
  readonly failCodes: readonly number[];
  /** What of tokens is taken (`jwt.decrypt_alg_list`, `jwt.decrypt_enc_list`, `jwt.allow_none_alg`). */
  readonly tokens: TokenRules;
  readonly description: string | null;
  readonly localpeer: string | null;
  readonly logs: readonly LogTargetConfig[];
  readonly logTag: string | null;
  readonly logSendHostname: string | null;
  readonly statsSockets: readonly BindConfig[];
  readonly statsTimeout: number;
  readonly statsMaxconn: number;
  readonly ulimitN: number | null;
  readonly hardStopAfter: number | null;
  readonly grace: number;
  readonly serverStateBase: string | null;
  readonly serverStateFile: string | null;
  readonly spreadChecks: number;
  readonly maxSpreadChecks: number | null;
  readonly externalCheck: boolean;
  /** Clients are not told that WebSockets may go over HTTP/2. */
  readonly h2WithoutWebSockets: boolean;
  /** Health checks are announced with their addresses, where PROXY protocol 2 has LOCAL for them. */
  readonly pp2NeverLocal: boolean;
  readonly insecureForkWanted: boolean;
  /** Programs that are run may gain rights by their owner's (setuid). */
  readonly insecureSetuidWanted: boolean;
  readonly crtBase: string | null;
  readonly caBase: string | null;
  /** How servers are verified that are asked over HTTPS (ACME): with a file of authorities, null = those of the system, or not. */
  readonly httpClient: { readonly caFile: string | null; readonly verify: boolean };
  /** Certificates are renewed without being asked (`acme.scheduler`). */
  readonly acmeScheduler: boolean;
  readonly tls: GlobalTlsConfig;
  readonly setVars: readonly WordsAt[];
  readonly defaultPath: readonly string[];
  readonly tune: Tunables;
  /** Every other accepted `global` line that some room reads by name (`ssl-default-bind-options`, `h1-case-adjust`, ...): keyword -> lines of arguments. */
  readonly other: Readonly<Record<string, readonly WordsAt[]>>;
  /** Environment after `setenv` and its family: what `show env` prints. */
  readonly env: Readonly<Record<string, string>>;
}

/** `tune.*` values that have a meaning here, with HAProxy's defaults. */
export interface Tunables {
  /** tune.bufsize: the largest message head + what is kept of a body; default 16384. */
  readonly bufsize: number;
  /** tune.maxrewrite: what rewriting may add to a head; default 1024. */
  readonly maxrewrite: number;
  /** tune.http.maxhdr; default 101. */
  readonly maxhdr: number;
  readonly logurilen: number;
  readonly cookielen: number;
  readonly cliMaxPayloadSize: number;
  readonly h2InitialWindowSize: number;
  /** `tune.h2.be.*` and `tune.h2.fe.*`: null = as the setting for both sides says. */
  readonly h2BeInitialWindowSize: number | null;
  readonly h2BeMaxConcurrentStreams: number | null;
  readonly h2FeInitialWindowSize: number | null;
  readonly h2FeMaxConcurrentStreams: number | null;
  readonly h2MaxConcurrentStreams: number;
  readonly h2HeaderTableSize: number;
  readonly poolHighFdRatio: number;
  readonly poolLowFdRatio: number;
  readonly maxaccept: number;
  readonly rcvbufClient: number | null;
  readonly rcvbufServer: number | null;
  readonly sndbufClient: number | null;
  readonly sndbufServer: number | null;
  readonly stickCounters: number;
  /** Bytes for the variables of a scope and of those inside of it, 0 = no limit. */
  readonly varsProc: number;
  readonly varsSess: number;
  readonly varsTxn: number;
  readonly varsReqres: number;
  readonly varsCheck: number;
  readonly patternCacheSize: number;
  readonly comp_maxlevel: number;
}
