import type { Session } from '../session.ts';
import { requireFeature } from '../versions.ts';

/** Limits of the whole process that `set rate-limit` sets. */
export type RateLimit = 'connections' | 'sessions' | 'ssl-sessions' | 'http-compression';

/** Commands for the process, frontends and backends. */
export function processCommands(session: Session) {
  const { run } = session;
  const perform = async (...words: string[]) => {
    await run(words);
  };
  return {
    setMaxconnGlobal: (maxconn: number) => perform('set', 'maxconn', 'global', String(maxconn)),
    setMaxconnFrontend: (frontend: string, maxconn: number) =>
      perform('set', 'maxconn', 'frontend', frontend, String(maxconn)),
    /** Sets a limit a second; 0 for none. `http-compression`: kilobytes. */
    setRateLimit: (what: RateLimit, limit: number) => perform('set', 'rate-limit', what, 'global', String(limit)),
    /** Sets the greatest values back; with `all` all counters. */
    clearCounters: (which?: 'all') => perform('clear', 'counters', ...(which === undefined ? [] : [which])),
    /** Frontends: that one is so already is no error. */
    enableFrontend: (frontend: string) => perform('enable', 'frontend', frontend),
    disableFrontend: (frontend: string) => perform('disable', 'frontend', frontend),
    /** Ends a frontend for good. */
    shutdownFrontend: (frontend: string) => perform('shutdown', 'frontend', frontend),
    enableDynamicCookie: (backend: string) => perform('enable', 'dynamic-cookie', 'backend', backend),
    disableDynamicCookie: (backend: string) => perform('disable', 'dynamic-cookie', 'backend', backend),
    setDynamicCookieKey: (backend: string, key: string) =>
      perform('set', 'dynamic-cookie-key', 'backend', backend, key),
    /** Adds a backend (HAProxy 3.4); it takes no traffic until `publishBackend`. `defaults`: a named defaults section. */
    async addBackend(backend: string, defaults: string, mode?: 'http' | 'tcp'): Promise<void> {
      requireFeature(session.identity, 'add backend', "'add backend'");
      await run(['add', 'backend', backend, 'from', defaults, ...(mode === undefined ? [] : ['mode', mode])]);
    },
    delBackend: (backend: string) => perform('del', 'backend', backend),
    publishBackend: (backend: string) => perform('publish', 'backend', backend),
    unpublishBackend: (backend: string) => perform('unpublish', 'backend', backend),
    /** The variables of the environment, or one. A value with line ends counts up to the first. */
    async showEnv(name?: string): Promise<Record<string, string>> {
      const text = await run(['show', 'env', ...(name === undefined ? [] : [name])]);
      const pairs = [...text.matchAll(/^([A-Za-z_]\w*)=(.*)$/gm)];
      return Object.fromEntries(pairs.map((match) => [match[1]!, match[2]!]));
    },
    /** Type and value of a variable of the process (`proc.name`). */
    async getVar(name: string): Promise<{ readonly type: string; readonly value: string }> {
      const [, type, value] = /: type=(\S+) value=<([\s\S]*)>$/.exec(await run(['get', 'var', name])) ?? [];
      return { type: type ?? '', value: value ?? '' };
    },
    /** Sets a variable of the process from an expression (`int(3)`). */
    async setVar(name: string, expression: string): Promise<void> {
      await run(['set', 'var', name, expression], { mode: 'experimental' });
    },
  };
}
