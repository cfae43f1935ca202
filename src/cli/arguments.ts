/** HAProxy's command line (management guide, section 3), read into one object. */

import type { Config } from '../config/types.ts';
import { UsageError } from './usage-error.ts';

/** How a process stands: `worker` is the ordinary case; the two others are `-W` and `-Ws` (tells the service manager when it is ready). */
export type ProcessMode = 'worker' | 'master' | 'master-notify';

/** What the arguments ask for. Folders and files are as given. */
export interface Invocation {
  /** `-f` and what follows `--`, in order. */
  readonly files: readonly string[];
  /** `-v`, `-vv`; the first one ends the reading of arguments. */
  readonly version: 'none' | 'short' | 'build';
  /** `-c`: load the files, say whether they are valid, end. */
  readonly check: boolean;
  /** `-cc`: evaluate this condition and end. */
  readonly condition: string | null;
  readonly verbose: boolean;
  readonly quiet: boolean;
  /** `-d`, `-db`: in the foreground whatever the files say. */
  readonly foreground: boolean;
  /** `-D`. */
  readonly daemon: boolean;
  readonly mode: ProcessMode;
  /** `-S`: addresses of the master CLI with their bind options (`ADDR,level,admin`). */
  readonly masterSockets: readonly string[];
  readonly pidFile: string | null;
  readonly localPeer: string | null;
  /** `-m`: megabytes. */
  readonly memory: number | null;
  /** `-n` and `-N`: connections of the process, and of a proxy that does not say. */
  readonly maxconn: number | null;
  readonly proxyMaxconn: number | null;
  /** `-C`: folder to go to before files are read. */
  readonly folder: string | null;
  /** `-sf` / `-st`: processes to signal once this one serves. */
  readonly finish: { readonly signal: 'SIGUSR1' | 'SIGTERM'; readonly pids: readonly number[] } | null;
  /** `-x`: Runtime API socket of the process whose listening sockets are taken over. */
  readonly takeOver: string | null;
  /** `-dW`: a warning is an error. */
  readonly zeroWarning: boolean;
  /** `-dD`: diagnostic warnings too. */
  readonly diagnostics: boolean;
  /** `-dr`: server names that do not resolve at start leave the server without address. */
  readonly ignoreResolveFailures: boolean;
  /** `-dK`: classes of keywords to list after the files have been read. */
  readonly listings: readonly string[];
  /** `-dC`: print the configuration as read. */
  readonly dumpConfig: boolean;
  /** `check --report`: what becomes of each line. */
  readonly report: boolean;
  /** `-dL`: list the libraries in use. */
  readonly dumpLibraries: boolean;
  /** `--state-dir`: where Changes are recorded and kept over restarts; null: in memory, for the life of the process. */
  readonly stateDir: string | null;
  /** `--api`: where the Data Plane API listens (`HOST:PORT` or the path of a socket), or null. */
  readonly api: string | null;
  /** `--policy`: who may do what on the Runtime API. */
  readonly policy: string | null;
  /** `--journal-trouble`: whether Changes are refused or made when they cannot be recorded. */
  readonly journalTrouble: 'refuse' | 'go-on';
  /** `--journal-keep`, `--journal-keep-days`: newest entries that are kept, and days for which they are; 0: no limit. */
  readonly journalKeep: number;
  readonly journalKeepDays: number;
}

type Draft = { -readonly [K in keyof Invocation]: Invocation[K] };

/** Whether the process is operated with a master CLI: by `-W`, `-Ws` or the files. */
export function isMaster(invocation: Invocation, config: Config): boolean {
  return invocation.mode !== 'worker' || config.global.masterWorker;
}

/** Flags that are whole words and take no value. */
const switches: Readonly<Record<string, (draft: Draft) => void>> = {
  '-v': (draft) => (draft.version = 'short'),
  '-vv': (draft) => (draft.version = 'build'),
  '-c': (draft) => (draft.check = true),
  '-V': (draft) => (draft.verbose = true),
  '-q': (draft) => (draft.quiet = true),
  '-d': (draft) => (draft.foreground = true),
  '-db': (draft) => (draft.foreground = true),
  '-D': (draft) => (draft.daemon = true),
  '-W': (draft) => (draft.mode = draft.mode === 'worker' ? 'master' : draft.mode),
  '-Ws': (draft) => (draft.mode = 'master-notify'),
  '-dW': (draft) => (draft.zeroWarning = true),
  '-dD': (draft) => (draft.diagnostics = true),
  '-dr': (draft) => (draft.ignoreResolveFailures = true),
  '-dC': (draft) => (draft.dumpConfig = true),
  '--report': (draft) => (draft.report = true),
  '-dL': (draft) => (draft.dumpLibraries = true),
};

/** Flags that take the next argument. */
const valued: Readonly<Record<string, (draft: Draft, value: string) => void>> = {
  '-f': (draft, value) => (draft.files = [...draft.files, value]),
  '-cc': (draft, value) => (draft.condition = value),
  '-S': (draft, value) => (draft.masterSockets = [...draft.masterSockets, value]),
  '-p': (draft, value) => (draft.pidFile = value),
  '-L': (draft, value) => (draft.localPeer = value),
  '-C': (draft, value) => (draft.folder = value),
  '-x': (draft, value) => (draft.takeOver = value),
  '-m': (draft, value) => (draft.memory = count('-m', value)),
  '-n': (draft, value) => (draft.maxconn = count('-n', value)),
  '--state-dir': (draft, value) => (draft.stateDir = value),
  '--api': (draft, value) => (draft.api = value),
  '--policy': (draft, value) => (draft.policy = value),
  '--journal-trouble': (draft, value) => {
    if (value !== 'refuse' && value !== 'go-on')
      throw new UsageError(`'--journal-trouble' expects 'refuse' or 'go-on', not '${value}'`);
    draft.journalTrouble = value;
  },
  '--journal-keep': (draft, value) => (draft.journalKeep = count('--journal-keep', value)),
  '--journal-keep-days': (draft, value) => (draft.journalKeepDays = count('--journal-keep-days', value)),
  '-N': (draft, value) => (draft.proxyMaxconn = count('-N', value)),
};

/** What the arguments after the program's name ask for. Throws UsageError. */
export function parseArguments(argv: readonly string[]): Invocation {
  const draft: Draft = {
    files: [],
    version: 'none',
    check: false,
    condition: null,
    verbose: false,
    quiet: false,
    foreground: false,
    daemon: false,
    mode: 'worker',
    masterSockets: [],
    pidFile: null,
    localPeer: null,
    memory: null,
    maxconn: null,
    proxyMaxconn: null,
    folder: null,
    finish: null,
    takeOver: null,
    zeroWarning: false,
    diagnostics: false,
    ignoreResolveFailures: false,
    listings: [],
    dumpConfig: false,
    report: false,
    dumpLibraries: false,
    stateDir: null,
    api: null,
    policy: null,
    journalTrouble: 'refuse',
    journalKeep: 1_000_000,
    journalKeepDays: 0,
  };
  for (let i = 0; i < argv.length && draft.version === 'none'; ) i = readFlag(draft, argv, i);
  return draft;
}

/** `[flags] FILE...` as HAProxy's flags. */
export function withFiles(args: readonly string[]): string[] {
  let files = 0;
  while (files < args.length && args[files]!.startsWith('-')) files += Object.hasOwn(valued, args[files]!) ? 2 : 1;
  return files >= args.length ? [...args] : [...args.slice(0, files), '--', ...args.slice(files)];
}

/** Reads the flag at `i` with what belongs to it; returns the position of the next one. */
function readFlag(draft: Draft, argv: readonly string[], i: number): number {
  const flag = argv[i]!;
  if (flag === '--') {
    draft.files = [...draft.files, ...argv.slice(i + 1)];
    return argv.length;
  }
  if (!flag.startsWith('-') || flag === '-')
    throw new UsageError(`unexpected argument '${flag}'; files are named with -f or after --`);
  const set = switches[flag];
  if (set !== undefined) {
    set(draft);
    return i + 1;
  }
  if (flag === '-sf' || flag === '-st') return readPids(draft, argv, i);
  const take = valued[flag];
  if (take !== undefined) {
    const value = argv[i + 1];
    if (value === undefined) throw new UsageError(`missing value for '${flag}'`);
    take(draft, value);
    return i + 2;
  }
  if (flag.startsWith('-dK')) draft.listings = [...draft.listings, ...flag.slice(3).split(',').filter(Boolean)];
  else if (flag.startsWith('-dC'))
    throw new UsageError(`not supported: '${flag}'; -dC without a key prints the configuration as it is`);
  // The rest of the -d family tunes memory, polling, splicing and tracing of a process unlike this one: accepted without effect.
  else if (!flag.startsWith('-d')) throw new UsageError(`unknown flag '${flag}'`);
  return i + 1;
}

/** `-sf`/`-st` take all that follows up to the next flag: process ids, maybe none. */
function readPids(draft: Draft, argv: readonly string[], i: number): number {
  const pids: number[] = [];
  let next = i + 1;
  for (; next < argv.length && !argv[next]!.startsWith('-'); next++) {
    for (const word of argv[next]!.split(/\s+/).filter(Boolean)) pids.push(count(argv[i]!, word));
  }
  draft.finish = { signal: argv[i] === '-sf' ? 'SIGUSR1' : 'SIGTERM', pids };
  return next;
}

function count(flag: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`'${flag}' expects a number, not '${value}'`);
  return Number(value);
}
