import { isIP } from 'node:net';
import { plainServerTls } from '../../config/keywords/server-tls.ts';
import type { Model } from '../../model/model.ts';
import { CheckResult, CheckState, type CheckView, isUsable, type Server } from '../../model/server.ts';
import type { TlsAccounts } from '../../traffic/tls/accounts.ts';
import type { TlsMaterial } from '../../traffic/tls/outgoing-context.ts';
import { ServerTls } from '../../traffic/tls/server-tls.ts';
import type { StateEffects } from '../servers/effects.ts';
import { socketFamily } from '../servers/view.ts';
import { applyAgentReply, parseAgentReply } from './agent-reply.ts';
import { plainExpect } from './expect-rule.ts';
import { runExternal } from './external.ts';
import { CheckContext } from './facts.ts';
import { checkInterval, spread } from './interval.ts';
import type { CheckTarget } from './outgoing.ts';
import type { CheckEnd, Program, Step, Verdict } from './program.ts';
import { recordResult, settleServer } from './result.ts';
import { CheckRun } from './run.ts';
import type { Job, Scheduler } from './scheduler.ts';
import { stateHeader } from './state-header.ts';
import { implicitConnect } from './step-rules.ts';
import { fixed } from './words.ts';

/** What a job needs of the process. */
export interface JobDeps {
  readonly model: Model;
  readonly states: StateEffects;
  readonly scheduler: Scheduler;
  /** Certificates and authorities as they are now. */
  readonly material: TlsMaterial;
  readonly accounts: TlsAccounts;
  /** The health check of the server's backend; null: an external command. */
  programOf(server: Server): Program | null;
}

/** One kind of checking of one server, again and again. */
export class CheckJob implements Job {
  due = 0;
  position = -1;
  stopped = false;
  readonly server: Server;
  readonly check: CheckView;
  readonly #deps: JobDeps;
  #tls: ServerTls | null = null;
  #abort: (() => void) | null = null;

  constructor(server: Server, check: CheckView, deps: JobDeps) {
    this.server = server;
    this.check = check;
    this.#deps = deps;
  }

  /** Ends the checking; what is under way is given up. */
  stop(): void {
    this.stopped = true;
    this.#deps.scheduler.remove(this);
    this.#abort?.();
  }

  start(release: () => void): void {
    if (!this.#isOn()) {
      release();
      this.#again();
      return;
    }
    const { check, server } = this;
    check.state |= CheckState.inProgress;
    check.result = CheckResult.unknown;
    check.startedAt = this.#deps.states.now();
    const begun = performance.now();
    const over = () => {
      check.state &= ~CheckState.inProgress;
      this.#abort = null;
      release();
    };
    const done = (end: CheckEnd) => {
      over();
      if (this.#isOn()) {
        recordResult(this.#deps.states, server, check, end, Math.floor(performance.now() - begun));
        settleServer(this.#deps.states, server, check);
      }
      this.#again();
    };
    const abort = this.#run(done);
    this.#abort = () => {
      abort();
      over();
    };
  }

  /** Switched on, not paused by maintenance, and with somewhere to connect to. */
  #isOn(): boolean {
    const { state } = this.check;
    if (this.stopped || !(state & CheckState.enabled) || state & CheckState.paused) return false;
    return this.#config.addr !== null || this.server.host !== null;
  }

  get #isAgent(): boolean {
    return this.check === this.server.agent;
  }

  get #config(): { readonly inter: number; readonly addr: string | null } {
    return this.#isAgent ? this.server.agentConfig! : this.server.checkConfig!;
  }

  /** The port that the configuration names for this check, or 0. */
  get #port(): number {
    const { checkConfig, agentConfig } = this.server;
    return this.#isAgent ? agentConfig!.port : checkConfig!.port || checkConfig!.addrPort;
  }

  #again(): void {
    if (this.stopped) return;
    const interval = checkInterval(this.server, this.check);
    const delay = interval + spread(interval, this.#deps.model.config.global.spreadChecks ?? 0);
    this.#deps.scheduler.at(this, Date.now() + Math.max(1, delay));
  }

  /** Begins a check; the result gives it up. */
  #run(done: (end: CheckEnd) => void): () => void {
    const { server } = this;
    const { model } = this.#deps;
    const program = this.#isAgent ? this.#agentProgram() : this.#deps.programOf(server);
    if (!program) return runExternal(model, server, server.proxy.config.timeouts.check ?? this.#config.inter, done);
    let context: CheckContext | null = null;
    const hooks = {
      serverIsUp: isUsable(server),
      context: () => (context ??= new CheckContext(model, server)),
      stateHeader: () => stateHeader(model, server),
    };
    const run = new CheckRun(program, this.#target(), hooks, done);
    return () => run.abort();
  }

  /** How the server is spoken to over TLS. Checks begin anew each time. */
  #serverTls(): ServerTls {
    const { model, material, accounts } = this.#deps;
    const settings = { ...(this.server.config.tls ?? plainServerTls(model.config.global)), reuse: false };
    if (this.#tls?.isAs(settings) !== true)
      this.#tls = new ServerTls(material, settings, () => model.config.global.tls, accounts);
    return this.#tls!;
  }

  #target(): CheckTarget {
    const { server } = this;
    const { inter, addr } = this.#config;
    const { counters } = this.#deps.model;
    const { connect, check } = server.proxy.config.timeouts;
    return {
      host: addr ?? server.host,
      family: addr === null ? socketFamily(server) : isIP(addr) === 6 ? 'inet6' : 'inet',
      port: this.#port || (server.portMap === '' ? server.port : 0),
      proxyProtocol: this.#isAgent ? 0 : proxyProtocol(server),
      neverLocal: this.#deps.model.config.global.pp2NeverLocal,
      sourceHost: sourceHost(server),
      namespace: server.config.namespace,
      md5Key: server.config.md5Key,
      socks4: server.config.socks4,
      viaSocks4: !this.#isAgent && server.config.checkViaSocks4,
      tls: this.#serverTls(),
      tlsRows: [server.slot, server.proxy.backendSlot].map((slot) => counters.row(slot, counters.rows - 1)),
      secure: !this.#isAgent && isSecure(server),
      proto: this.#isAgent
        ? null
        : (server.checkConfig!.proto ?? (server.config.proto === 'none' ? null : server.config.proto)),
      connectTimeout: check !== null && connect !== null ? Math.min(inter, connect) : inter,
      checkTimeout: check,
      maxBytes: this.#deps.model.config.global.tune.bufsize ?? 16384,
    };
  }

  /** Connect, send the agent's string, read one line. */
  #agentProgram(): Program {
    const { server, check } = this;
    const { send } = server.agentConfig!;
    const steps: Step[] = [implicitConnect()];
    if (send) steps.push({ kind: 'send', number: 1, comment: null, data: fixed(send), hex: false });
    const judge = (bytes: Buffer, ended: boolean): Verdict => {
      const line = /^([^\r\n]*)[\r\n]/.exec(bytes.toString('latin1'));
      if (line) return applyAgentReply(this.#deps.states, server, check, parseAgentReply(line[1]!));
      return ended ? { status: 'L7RSP', description: 'Ignoring incomplete line from agent', code: null } : 'wait';
    };
    steps.push(plainExpect(2, { on: 'custom', judge }));
    return { flavour: 'canned', steps, disableOn404: false };
  }
}

/** Version of the PROXY protocol on checks: `check-send-proxy`, or that of traffic unless the check goes elsewhere. */
function proxyProtocol(server: Server): 0 | 1 | 2 {
  const { sendProxy, port, addr } = server.checkConfig!;
  if (sendProxy) return server.config.sendProxy || 1;
  return port === 0 && addr === null && inheritsTraffic(server) ? server.config.sendProxy : 0;
}

/**
 * Without a word on it, checks speak TLS where the server's line says that traffic does, unless they go elsewhere. `set server ssl`
 * changes traffic only (management guide).
 */
function isSecure(server: Server): boolean {
  const { tls } = server.config;
  const { port, addr } = server.checkConfig!;
  return tls?.checkSsl ?? (tls?.on === true && port === 0 && addr === null && inheritsTraffic(server));
}

/** Checks speak as traffic does, but for servers that were added live with words of their own: those say all, as in HAProxy. */
function inheritsTraffic({ added }: Server): boolean {
  return added === null || (added.from !== null && added.from !== 'none');
}

function sourceHost(server: Server): string | null {
  const host = (server.config.source ?? server.proxy.config.source)?.host ?? null;
  return host !== null && isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::' ? host : null;
}
