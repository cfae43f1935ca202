import type { Model } from '../../model/model.ts';
import { resolveInitialAddresses } from '../resolvers/initial-addresses.ts';
import { printOrThrow, StartError } from '../start-error.ts';
import { readSavedStates, type SavedStates } from '../state-file/load.ts';
import { restoreName, restoreServer } from '../state-file/restore.ts';
import type { Logs, Print } from '../types.ts';
import type { StateEffects } from './effects.ts';
import type { ServerStates } from './server-states.ts';
import { startServers } from './start.ts';
import { linkTracking } from './tracking.ts';

/** Syslog levels. */
const NOTICE = 5;
const EMERGENCY = 0;

/** Makes all servers of the configuration ready to be used. Resolves to what files have of them; rejects with a StartError. */
export async function prepareServers(model: Model, logs: Logs, print: Print): Promise<SavedStates> {
  linkServers(model);
  const saved = savedStates(model, logs, print);
  await resolveServers(model, saved, print);
  startServers(model);
  return saved;
}

function linkServers(model: Model): void {
  const problems: string[] = [];
  for (const proxy of model.proxies) {
    for (const server of proxy.servers) {
      const problem = linkTracking(model, server);
      if (problem !== null)
        problems.push(`[${server.config.at.file}:${server.config.at.line}] : '${server.path}' : ${problem}`);
    }
  }
  if (problems.length > 0) throw new StartError(problems);
}

function savedStates(model: Model, logs: Logs, print: Print): SavedStates {
  const saved = readSavedStates(model);
  for (const { severity, text, proxy } of saved.remarks) {
    const owner = proxy === undefined ? '' : `Proxy '${proxy.name}': `;
    print(severity, `config : ${owner}${text}`);
    if (proxy !== undefined) logs.send(proxy, NOTICE, text);
  }
  return saved;
}

async function resolveServers({ proxies }: Model, { lines }: SavedStates, print: Print): Promise<void> {
  const servers = proxies.flatMap((proxy) => proxy.servers);
  const addresses = new Map([...lines].map(([server, line]) => [server, restoreName(server, line)]));
  printOrThrow(await resolveInitialAddresses(servers, { last: (server) => addresses.get(server) ?? null }), print);
}

/** Puts servers into the states that files have from a process before this one. */
export function restoreServers({ lines }: SavedStates, states: ServerStates, print: Print): void {
  const warn = (text: string) => print('WARNING', `config : ${text}`);
  const fx: StateEffects = {
    ...states,
    // Nobody can miss a backend before the start is over.
    console: (severity, text) => severity === 'WARNING' && warn(text),
    log: (proxy, level, text) => level > EMERGENCY && states.log(proxy, level, text),
  };
  for (const [server, line] of lines) {
    const problem = restoreServer(fx, server, line);
    if (problem !== null) warn(problem);
  }
}
