import type { TestContext } from 'node:test';
import type { AgentConfig, CheckConfig, ProxyConfig, ServerConfig } from '../../../src/config/types.ts';
import { createHealth } from '../../../src/control/checks/health.ts';
import type { Health } from '../../../src/control/types.ts';
import type { Model } from '../../../src/model/model.ts';
import { agentConfig, checkConfig, modelOf, proxyConfig, serverConfig } from '../fixture.ts';
import { type Recorder, recorder } from '../servers/script.ts';

/** Checks at work on a model, with everything they do recorded. */
export interface Watched {
  readonly model: Model;
  readonly health: Health & { close(): void };
  readonly fx: Recorder;
  /** Resolves with the first line of the log that contains `text`. */
  line(text: string): Promise<string>;
}

export function watch(t: TestContext, proxies: readonly ProxyConfig[], limit = 256): Watched {
  const model = modelOf(proxies, Date.now());
  const fx = recorder();
  fx.now = Date.now;
  const waiting: { text: string; resolve: (line: string) => void }[] = [];
  fx.log = (_proxy, level, text) => {
    const line = `${level} ${text}`;
    fx.lines.push(line);
    for (const wait of waiting.splice(0))
      if (line.includes(wait.text)) wait.resolve(line);
      else waiting.push(wait);
  };
  const health = createHealth({ model, states: fx, limit });
  t.after(() => health.close());
  for (const proxy of model.proxies) for (const server of proxy.servers) health.start(server);
  const line = (text: string) => {
    const seen = fx.lines.find((l) => l.includes(text));
    return seen !== undefined
      ? Promise.resolve(seen)
      : new Promise<string>((resolve) => waiting.push({ text, resolve }));
  };
  return { model, health, fx, line };
}

/** A server at a port of 127.0.0.1, checked every 20 ms. */
export function checked(
  name: string,
  port: number,
  over: Partial<ServerConfig> = {},
  check: Partial<CheckConfig> = {},
): ServerConfig {
  return at(name, port, { check: checkConfig({ inter: 20, rise: 2, fall: 2, ...check }), ...over });
}

/** A server with an agent, asked every 20 ms. */
export function withAgent(
  name: string,
  port: number,
  agent: Partial<AgentConfig>,
  over: Partial<ServerConfig> = {},
): ServerConfig {
  return at(name, port, { agent: agentConfig({ inter: 20, ...agent }), ...over });
}

function at(name: string, port: number, over: Partial<ServerConfig>): ServerConfig {
  return serverConfig(name, {
    address: { family: 'inet', host: '127.0.0.1', port, portEnd: port, portMap: '' },
    ...over,
  });
}

export function backend(name: string, servers: readonly ServerConfig[], over: Partial<ProxyConfig> = {}): ProxyConfig {
  return proxyConfig(name, 2, { servers, ...over });
}
