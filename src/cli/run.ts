/** HAProxy's command line at work: check, list, or serve until a signal ends it. */
import type { LoadResult } from '../config/load.ts';
import type { Config } from '../config/types.ts';
import { type Invocation, isMaster } from './arguments.ts';
import { conditionStatus } from './condition.ts';
import { isDaemon, startDaemon } from './daemon.ts';
import { libraries, normalised } from './dumps.ts';
import { listingText } from './listings.ts';
import { load } from './load.ts';
import { StartupMessages } from './messages.ts';
import { report } from './report.ts';
import { usageText } from './usage.ts';

/** Exit status of `-c` for files that are valid and have nothing to listen on. */
const NO_LISTENER = 2;

/** Does what the arguments ask for. Resolves to the exit status, or to null when it serves and the process goes on. */
export async function runBalancer(invocation: Invocation): Promise<number | null> {
  const messages = new StartupMessages(invocation, (text) => process.stderr.write(text));
  if (invocation.condition !== null) return conditionStatus(invocation.condition, messages);
  if (invocation.files.length === 0) {
    process.stderr.write(usageText());
    return 1;
  }
  if (invocation.folder !== null) {
    const problem = goTo(invocation.folder);
    if (problem !== null) return failed(messages, problem);
  }
  if (invocation.daemon && !staysInForeground(invocation)) return startDaemon();
  const loaded = await load(invocation, { exhaustive: invocation.report });
  if (invocation.report) return reported(loaded);
  const { config, diagnostics } = loaded;
  messages.configuration(diagnostics);
  if (config === null) return 1;
  if (invocation.masterSockets.length > 0 && !isMaster(invocation, config))
    messages.warning('config : a master CLI socket was defined, but master-worker mode (-W) is not enabled.');
  process.stdout.write(shown(loaded, invocation));
  if (invocation.zeroWarning && messages.warnings > 0) {
    return failed(messages, "config : Some warnings were found and 'zero-warning' is set. Aborting.");
  }
  if (invocation.check) return checked(config, invocation, messages);
  if (!listens(config))
    return failed(messages, "[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.");
  if (config.global.daemon && !staysInForeground(invocation)) return startDaemon();
  // Loaded only now: checking a file, or telling the version, needs none of the traffic.
  const { serve } = await import('./serve.ts');
  return serve(config, invocation, messages);
}

/** Whether this process is not to leave for another one: asked for, or already that other one, or only checking. */
function staysInForeground({ check, foreground }: Invocation): boolean {
  return check || foreground || isDaemon();
}

function goTo(folder: string): string | null {
  try {
    process.chdir(folder);
    return null;
  } catch (error) {
    return `Could not change to directory ${folder} : ${(error as Error).message}`;
  }
}

/** `check --report`: 1 when something is refused. */
function reported(loaded: LoadResult): number {
  const { text, refused } = report(loaded);
  process.stdout.write(text);
  return refused ? 1 : 0;
}

/** What `-dC`, `-dK` and `-dL` ask to be shown of a start. */
function shown({ documents }: LoadResult, { dumpConfig, listings, dumpLibraries }: Invocation): string {
  return [
    dumpConfig ? documents.map(normalised).join('') : '',
    listingText(listings),
    dumpLibraries ? libraries() : '',
  ].join('');
}

function failed(messages: StartupMessages, text: string): number {
  messages.alert(text);
  return 1;
}

/** `-c`: what is said of files without errors. */
function checked(config: Config, { verbose }: Invocation, messages: StartupMessages): number {
  if (verbose && messages.warnings > 0) process.stdout.write('Warnings were found.\n');
  if (listens(config)) {
    if (verbose) process.stdout.write('Configuration file is valid\n');
    return 0;
  }
  if (verbose) process.stdout.write('Configuration file has no error but will not start (no listener) => exit(2).\n');
  return NO_LISTENER;
}

/** Whether there is anything to listen on. A socket of the Runtime API is enough: backends can be worked on over it. */
function listens({ proxies, peers, logForwards, global }: Config): boolean {
  const bound = proxies.some((proxy) => !proxy.disabled && proxy.binds.length > 0);
  const receives = logForwards.some(({ binds, datagramBinds }) => binds.length + datagramBinds.length > 0);
  return bound || receives || peers.length > 0 || global.statsSockets.length > 0;
}
