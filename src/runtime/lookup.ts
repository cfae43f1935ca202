import { findProxy, findServer } from '../model/model.ts';
import type { Proxy } from '../model/proxy.ts';
import type { Server } from '../model/server.ts';
import { type Answer, error } from './answer.ts';
import type { Call } from './registry.ts';

/** Either what was looked for, or the answer that says why it is not there. */
export type Found<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly answer: Answer };

function found<T>(value: T): Found<T> {
  return { ok: true, value };
}

function missing(text: string): { readonly ok: false; readonly answer: Answer } {
  return { ok: false, answer: error(text) };
}

/** The server of a `backend/server` argument; either half may be `#id`. */
export function serverArgument(call: Call, path: string | undefined): Found<Server> {
  const names = splitServerPath(path);
  if (!names) return missing("Require 'backend/server'.");
  const proxy = findProxy(call.control.model, names.backend, 'backend');
  if (!proxy) return missing('No such backend.');
  const server = findServer(proxy, names.server);
  return server ? found(server) : missing('No such server.');
}

/** `backend/server` taken apart, null when it is not of that form. */
export function splitServerPath(
  path: string | undefined,
): { readonly backend: string; readonly server: string } | null {
  const slash = path?.indexOf('/') ?? -1;
  if (path === undefined || slash < 0 || slash === path.length - 1) return null;
  return { backend: path.slice(0, slash), server: path.slice(slash + 1) };
}

/** The frontend of an argument: its name or `#id`. */
export function frontendArgument(call: Call, name: string | undefined): Found<Proxy> {
  if (!name) return missing('A frontend name is expected.');
  const proxy = findProxy(call.control.model, name, 'frontend');
  return proxy ? found(proxy) : missing('No such frontend.');
}

/** The backend of an argument: its name or `#id`. */
export function backendArgument(call: Call, name: string | undefined): Found<Proxy> {
  if (!name) return missing('A backend name is expected.');
  const proxy = findProxy(call.control.model, name, 'backend');
  return proxy ? found(proxy) : missing('No such backend.');
}

/** A number as C's atoi reads it: digits at the start, 0 when there are none. */
export function atoi(text: string): number {
  return Number(/^\s*[+-]?\d+/.exec(text)?.[0] ?? 0);
}
