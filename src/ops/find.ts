/** Finding what the command line names in the state of the target; what is not there is answered with what is. */

import { nearestWord } from '../config/suggest.ts';
import { OperationError } from './errors.ts';
import type { ServerName } from './kinds.ts';
import type { BackendState, FrontendState, ServerState, TargetState } from './state.ts';

/** The backend of that name or `#id`. */
export function findBackend(state: TargetState, name: string): BackendState {
  const found = state.backends.find((backend) => backend.name === name || `#${backend.id}` === name);
  return found ?? missing(`there is no backend '${name}'`, name, state.backends);
}

/** The server of that name or `#id`. */
export function findServer(state: TargetState, { backend: backendName, server }: ServerName): ServerState {
  const backend = findBackend(state, backendName);
  const found = backend.servers.find(({ name, id }) => name === server || `#${id}` === server);
  return found ?? missing(`backend '${backend.name}' has no server '${server}'; it has`, server, backend.servers);
}

/** The server of that name, or null when it is gone. */
export function serverIn(state: TargetState, backend: string, server: string): ServerState | null {
  return state.backends.find(({ name }) => name === backend)?.servers.find(({ name }) => name === server) ?? null;
}

/** The frontend of that name. */
export function findFrontend(state: TargetState, name: string): FrontendState {
  const found = state.frontends.find((frontend) => frontend.name === name);
  return found ?? missing(`there is no frontend '${name}'`, name, state.frontends);
}

/** Names beyond so many are counted, not listed. */
const LISTED = 12;

function missing(problem: string, name: string, there: readonly { readonly name: string }[]): never {
  const names = there.map((one) => one.name);
  const near = nearestWord(name, names);
  const listed = names.slice(0, LISTED).join(', ');
  const list =
    names.length === 0 ? 'none' : names.length > LISTED ? `${listed} and ${names.length - LISTED} more` : listed;
  const has = problem.endsWith('it has') ? ` ${list}` : `; there are ${list}`;
  throw new OperationError('unknown', `${problem}${has}${near === null ? '' : `; did you mean '${near}'?`}`);
}
