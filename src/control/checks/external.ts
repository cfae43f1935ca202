import { spawn } from 'node:child_process';
import type { ProxyConfig } from '../../config/types.ts';
import { G } from '../../model/counters.ts';
import type { Model } from '../../model/model.ts';
import type { Server } from '../../model/server.ts';
import { healthCheckOf } from './definition.ts';
import type { CheckEnd } from './program.ts';

/** What stands for an address or a port that there is none of. */
const NOT_USED = 'NOT_USED';

/** The command of an external check: its four arguments, and all of its environment (manual, section 4.2 "external-check command"). */
function externalCommand(
  model: Model,
  server: Server,
): { readonly file: string; readonly args: string[]; readonly env: Record<string, string> } {
  const { proxy } = server;
  const { externalCommand: file, externalPath } = healthCheckOf(server).healthCheck;
  const [proxyAddr, proxyPort] = listenerAddress(proxy.config);
  const isPath = server.family === 'unix' || server.family === 'abns';
  const addr = server.host || NOT_USED;
  const port = isPath ? NOT_USED : String(server.port);
  const env: Record<string, string> = {
    PATH: externalPath ?? '',
    HAPROXY_PROXY_NAME: proxy.name,
    HAPROXY_PROXY_ID: String(proxy.id),
    HAPROXY_PROXY_ADDR: proxyAddr,
    HAPROXY_PROXY_PORT: proxyPort,
    HAPROXY_SERVER_NAME: server.name,
    HAPROXY_SERVER_ID: String(server.id),
    HAPROXY_SERVER_ADDR: addr,
    HAPROXY_SERVER_PORT: port,
    HAPROXY_SERVER_MAXCONN: String(server.maxconn),
    HAPROXY_SERVER_CURCONN: String(Atomics.load(model.counters.gauges(server.slot), G.current)),
    HAPROXY_SERVER_SSL: server.useSsl ? '1' : '0',
    HAPROXY_SERVER_PROTO: protocol(server),
  };
  return { file: file ?? '', args: [proxyAddr, proxyPort, addr, port], env };
}

function listenerAddress(config: ProxyConfig): [string, string] {
  const address = config.binds[0]?.address;
  if (!address) return [NOT_USED, NOT_USED];
  if ('path' in address) return [address.path, NOT_USED];
  return 'host' in address ? [address.host, String(address.port)] : [NOT_USED, NOT_USED];
}

function protocol(server: Server): string {
  if (server.proxy.config.mode === 'log') return 'syslog';
  if (server.proxy.config.mode !== 'http') return 'tcp';
  return server.config.proto ?? 'h1';
}

/**
 * Runs the command of an external check. Without `insecure-fork-wanted` no command is run, and the check says so. `done` is called
 * once, never before this returns; the returned function gives up without a result.
 */
export function runExternal(
  model: Model,
  server: Server,
  timeoutMs: number,
  done: (end: CheckEnd) => void,
): () => void {
  if (!model.config.global.insecureForkWanted) {
    const refusal = setImmediate(done, { status: 'SOCKERR', description: NO_FORK, code: null } as const);
    return () => clearImmediate(refusal);
  }
  const { file, args, env } = externalCommand(model, server);
  const child = spawn(file, args, { env, stdio: 'ignore' });
  let over = false;
  const finish = (status: CheckEnd['status'], code: number) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    done({ status, description: '', code });
  };
  const timer = setTimeout(() => {
    finish('PROCTOUT', 0);
    child.kill('SIGKILL');
  }, timeoutMs);
  child.on('error', () => finish('PROCERR', CANNOT_START));
  child.on('exit', (code) => finish(code === 0 ? 'PROCOK' : 'PROCERR', code ?? KILLED));
  return () => {
    over = true;
    clearTimeout(timer);
    child.kill('SIGKILL');
  };
}

const NO_FORK = "external checks need 'insecure-fork-wanted' in the global section";

/** Codes of commands that could not be started, and of those that a signal ended. */
const CANNOT_START = 255;
const KILLED = -1;
