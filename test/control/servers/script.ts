import type { ProxyConfig, ServerConfig } from '../../../src/config/types.ts';
import { setAdminState } from '../../../src/control/servers/admin-state.ts';
import type { StateEffects } from '../../../src/control/servers/effects.ts';
import { setRunning, setStopped, setStopping, setUserWeight, warmUp } from '../../../src/control/servers/oper-state.ts';
import { resolveWeight } from '../../../src/control/servers/weight.ts';
import type { Model } from '../../../src/model/model.ts';
import type { Server } from '../../../src/model/server.ts';
import { checkConfig, modelOf, proxyConfig, serverAt, serverConfig } from '../fixture.ts';

/** What transitions did: lines of the log (`5 Server ...`), of the terminal, kills, and a clock that the test moves. */
export interface Recorder extends StateEffects {
  readonly lines: string[];
  readonly terminal: string[];
  readonly kills: string[];
  readonly changedServers: Set<Server>;
  readonly warming: Server[];
  clock: number;
  queued: number;
}

export function recorder(clock = 1_000_000): Recorder {
  const fx: Recorder = {
    lines: [],
    terminal: [],
    kills: [],
    changedServers: new Set(),
    warming: [],
    clock,
    queued: 0,
    now: () => fx.clock,
    load: () => ({ current: 0, queued: fx.queued }),
    log: (_proxy, level, text) => fx.lines.push(`${level} ${text}`),
    console: (severity, text) => fx.terminal.push(`[${severity}] ${text}`),
    changed: (server) => fx.changedServers.add(server),
    kill: (server, why) => fx.kills.push(`${server.path} ${why}`),
    warm: (server) => fx.warming.push(server),
  };
  return fx;
}

/** Model of the first part of a case: `backend` and `server` lines with the options that the state machine knows. */
export function modelFrom(text: string): Model {
  const proxies: {
    name: string;
    kind: ProxyConfig['kind'];
    servers: ServerConfig[];
    options: string[];
    balance: string;
  }[] = [];
  for (const line of text.split('\n')) {
    const words = line.trim().split(/\s+/);
    const last = proxies.at(-1);
    if (words[0] === 'backend' || words[0] === 'listen')
      proxies.push({ name: words[1]!, kind: words[0], servers: [], options: [], balance: 'roundrobin' });
    else if (words[0] === 'option') last!.options.push(words[1]!);
    else if (words[0] === 'balance') last!.balance = words[1]!;
    else if (words[0] === 'server') last!.servers.push(serverLine(words.slice(1)));
    else if (words[0] !== '') throw new Error(`the case has an unknown line '${line}'`);
  }
  return modelOf(
    proxies.map((p, i) => {
      const base = proxyConfig(p.name, i + 2, { kind: p.kind, servers: p.servers, options: p.options });
      return { ...base, balance: { ...base.balance, algorithm: p.balance as ProxyConfig['balance']['algorithm'] } };
    }),
  );
}

function serverLine(words: string[]): ServerConfig {
  const over: Partial<Record<keyof ServerConfig, unknown>> = {};
  for (let i = 1; i < words.length; i++) {
    const word = words[i]!;
    if (word === 'check') over.check = checkConfig({ rise: 2, fall: 2 });
    else if (word === 'backup') over.backup = true;
    else if (word === 'disabled') over.disabled = true;
    else if (word === 'track') over.track = words[++i];
    else if (word === 'weight') over.weight = Number(words[++i]);
    else if (word === 'slowstart') over.slowstart = Number(words[++i]);
    else if (word === 'init-state') over.initState = words[++i];
    else if (word === 'on-marked-down') over.onMarkedDown = words[++i];
    else if (word === 'on-marked-up') over.onMarkedUp = words[++i];
    else throw new Error(`the case has an unknown server option '${word}'`);
  }
  return serverConfig(words[0]!, over as Partial<ServerConfig>);
}

/** Runs one command of a case on the model. */
export function run(model: Model, fx: Recorder, command: string): void {
  const words = command.split(' ');
  const verb = words.slice(0, 2).join(' ');
  if (verb === 'disable server') setAdminState(fx, serverAt(model, words[2]!), 'maint');
  else if (verb === 'enable server') setAdminState(fx, serverAt(model, words[2]!), 'ready');
  else if (verb === 'set server' && words[3] === 'state')
    setAdminState(fx, serverAt(model, words[2]!), words[4] as 'ready');
  else if (verb === 'set server' && words[3] === 'health') setHealth(fx, serverAt(model, words[2]!), words[4]!);
  else if (verb === 'set weight')
    setUserWeight(fx, serverAt(model, words[2]!), weightFor(serverAt(model, words[2]!), words[3]!));
  else if (words[0] === 'wait') fx.clock += Number(words[1]);
  else if (words[0] === 'tick') warmUp(fx, serverAt(model, words[1]!));
  else if (words[0] === 'queue') fx.queued = Number(words[1]);
  else throw new Error(`the case has an unknown command '${command}'`);
}

function setHealth(fx: Recorder, server: Server, to: string): void {
  const check = server.check;
  if (check) check.health = to === 'down' ? 0 : check.rise + check.fall - 1;
  const set = to === 'down' ? setStopped : to === 'stopping' ? setStopping : setRunning;
  set(fx, server, ', changed from CLI');
}

function weightFor(server: Server, text: string): number {
  const weight = resolveWeight(server, { weight: Number.parseInt(text, 10), percent: text.endsWith('%') });
  if (typeof weight !== 'number') throw new Error(weight.error);
  return weight;
}
