/** The `defaults` of HTTP proxies, with all timeouts; `settings` are more lines of it, or other timeouts. */
export function httpDefaults(...settings: readonly string[]): string {
  const lines = ['mode http', 'timeout connect 5s', 'timeout client 10s', 'timeout server 10s', ...settings];
  return ['defaults', ...lines].join('\n    ');
}

/**
 * The beginning of a configuration whose proxies log as `option httplog` has it to `{addr:log}`, with one traffic thread and a Runtime
 * API at `{sock:admin}`; `settings` are more lines of its `defaults`.
 */
export function loggingProxies(...settings: readonly string[]): string {
  return `
global
    stats socket {sock:admin} level admin
    log {addr:log} local0
    nbthread 1
${httpDefaults('log global', 'option httplog', ...settings)}`;
}
