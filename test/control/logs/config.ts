import type { Config, LogTargetConfig, ProxyConfig, RingConfig, ServerConfig } from '../../../src/config/types.ts';
import type { Proxy } from '../../../src/model/proxy.ts';

const at = { file: 'test.cfg', line: 7 };

/** A `log` line: local0 in the local format, all levels, unless said otherwise. */
export function logTarget(target: LogTargetConfig['target'], settings: Partial<LogTargetConfig> = {}): LogTargetConfig {
  return {
    at,
    target,
    format: 'local',
    facility: 'local0',
    level: '',
    minLevel: '',
    maxLength: 1024,
    sample: null,
    profile: null,
    ...settings,
  };
}

export function udp(port: number, host = '127.0.0.1'): LogTargetConfig['target'] {
  return { family: host.includes(':') ? 'inet6' : 'inet', host, port, portEnd: port, portMap: '' };
}

export function named(host: string, port = 514): LogTargetConfig['target'] {
  return { family: 'name', host, port, portEnd: port, portMap: '', prefer: 0 };
}

/** A `ring` section; its servers are given by port. */
export function ring(
  name: string,
  settings: Partial<Omit<RingConfig, 'servers'>> & { servers?: Partial<ServerConfig>[] } = {},
): RingConfig {
  const { servers = [], ...rest } = settings;
  return {
    name,
    at,
    description: '',
    format: 'raw',
    maxLength: 1024,
    size: 16384,
    timeoutConnect: 1000,
    timeoutServer: 1000,
    servers: servers.map((server, i) => ({ at, name: `s${i}`, ssl: null, ...server }) as ServerConfig),
    ...rest,
  };
}

/** As much of a configuration as logs read. */
export function logConfig(
  globalLogs: LogTargetConfig[],
  rings: RingConfig[] = [],
  proxies: { name: string; logs: LogTargetConfig[]; logTag?: string }[] = [],
  global: Partial<Config['global']> = {},
): Config {
  return {
    global: { logs: globalLogs, logTag: null, logSendHostname: null, ...global },
    proxies: proxies.map(({ name, logs, logTag = null }) => ({ name, logs, logTag }) as unknown as ProxyConfig),
    rings,
    logForwards: [],
  } as unknown as Config;
}

/** A proxy of that configuration as the logs see it. */
export function logProxy(config: Config, name: string): Proxy {
  return { name, config: config.proxies.find((proxy) => proxy.name === name)! } as Proxy;
}
