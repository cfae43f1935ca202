import { connect, type Socket } from 'node:net';
import { type Compiled, evaluateText } from '../../expr/compile.ts';
import type { ExprContext } from '../../expr/types.ts';
import { buildProxyV1, buildProxyV2 } from '../../net/proxy-protocol.ts';
import { errorText } from './errors.ts';
import type { CheckContext } from './facts.ts';
import { type HttpResponse, parseResponse } from './http-response.ts';
import { type Judgement, judge, type Received, success, waitsFor } from './judge.ts';
import type { CheckEnd, ConnectStep, ExpectStep, HttpSendStep, Program, SendStep, Step, VarStep } from './program.ts';

/** Where and how a check connects, and how long it may take. */
export interface CheckTarget {
  /** null while the server has no address. */
  readonly host: string | null;
  readonly family: 'inet' | 'inet6' | 'unix' | 'abns';
  readonly port: number;
  /** PROXY protocol version sent by connects that take the server's options; 0 = none. */
  readonly proxyProtocol: 0 | 1 | 2;
  readonly sourceHost: string | null;
  /** ms from the start to the end of connecting; from then on `checkTimeout` counts. */
  readonly connectTimeout: number;
  /** ms for all that comes after the connection; null: `connectTimeout` from the start covers it all. */
  readonly checkTimeout: number | null;
  /** Bytes of an answer that are looked at; what comes after is taken as its end. */
  readonly maxBytes: number;
}

/** What a run needs of the server it checks. */
export interface RunHooks {
  readonly serverIsUp: boolean;
  /** Context of expressions, made when first needed. */
  context(): CheckContext;
  /** Value of `X-Haproxy-Server-State`. */
  stateHeader(): string;
}

/**
 * One execution of a program. `done` is called once, never from inside the constructor; then nothing of it is left.
 * At most one connection is open at a time.
 */
export class CheckRun {
  readonly #program: Program;
  readonly #target: CheckTarget;
  readonly #hooks: RunHooks;
  readonly #done: (end: CheckEnd) => void;
  #step = 0;
  #socket: Socket | null = null;
  #connecting = false;
  #linger = false;
  #toHead = false;
  #bytes: Buffer = EMPTY;
  #ended = false;
  #timer: NodeJS.Timeout | null = null;
  #over = false;

  constructor(program: Program, target: CheckTarget, hooks: RunHooks, done: (end: CheckEnd) => void) {
    this.#program = program;
    this.#target = target;
    this.#hooks = hooks;
    this.#done = done;
    this.#arm(target.connectTimeout);
    setImmediate(() => this.#advance());
  }

  /** Gives up without a result. */
  abort(): void {
    this.#over = true;
    this.#close();
  }

  #arm(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTimeout(), ms);
  }

  /** Runs steps until one has to wait. */
  #advance(): void {
    while (!this.#over) {
      const step = this.#program.steps[this.#step];
      if (!step) return this.#finish(this.#allPassed());
      if (step.kind === 'connect') return this.#connect(step);
      if (step.kind === 'expect') {
        const judgement = this.#judge(step);
        if (judgement === 'wait') return;
        if (judgement !== 'ok') return this.#finish(judgement);
      } else if (step.kind === 'var') this.#setVar(step);
      else this.#send(step);
      this.#step++;
    }
  }

  #connect(step: ConnectStep): void {
    this.#drop();
    const target = this.#destination(step);
    if (!target) return this.#finish({ status: 'SOCKERR', description: this.#where('').trimStart(), code: null });
    this.#connecting = true;
    this.#linger = step.linger;
    const socket = connect(
      'path' in target
        ? target
        : { ...target, ...(this.#target.sourceHost ? { localAddress: this.#target.sourceHost } : {}) },
    );
    this.#socket = socket;
    socket.on('connect', () => this.#onConnect(step));
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('end', () => this.#onEnd());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onEnd());
  }

  #destination(step: ConnectStep): { host: string; port: number } | { path: string } | null {
    const { addr } = step;
    const family = addr ? addr.family : this.#target.family;
    const host = addr ? ('host' in addr ? addr.host : 'path' in addr ? addr.path : null) : this.#target.host;
    if (host === null) return null;
    if (family === 'unix') return { path: host };
    if (family === 'abns') return { path: `\0${host}` };
    const port = this.#port(step) || (addr && 'port' in addr && addr.port) || this.#target.port;
    return port > 0 && port < 65536 ? { host, port } : null;
  }

  #port(step: ConnectStep): number {
    if (step.port === null || typeof step.port === 'number') return step.port ?? 0;
    return Number.parseInt(evaluateText(step.port, this.#context()) ?? '', 10) || 0;
  }

  #onConnect(step: ConnectStep): void {
    this.#connecting = false;
    if (this.#target.checkTimeout !== null) this.#arm(this.#target.checkTimeout);
    const header = this.#proxyHeader(step);
    if (header !== null) this.#socket!.write(header);
    this.#step++;
    this.#advance();
  }

  #proxyHeader(step: ConnectStep): string | Uint8Array | null {
    const version = step.sendProxy ? 1 : step.useDefaults ? this.#target.proxyProtocol : 0;
    if (version === 0) return null;
    if (version === 2) return buildProxyV2(null, null);
    const { localAddress, localPort, remoteAddress, remotePort } = this.#socket!;
    if (localAddress === undefined || remoteAddress === undefined) return buildProxyV1(null, null);
    return buildProxyV1({ host: localAddress, port: localPort! }, { host: remoteAddress, port: remotePort! });
  }

  #send(step: SendStep | HttpSendStep): void {
    this.#bytes = EMPTY;
    const text = step.kind === 'send' ? this.#payload(step) : this.#request(step);
    if (this.#socket && !this.#ended) this.#socket.write(text, 'latin1');
  }

  #payload(step: SendStep): string {
    const text = step.data.constant ?? step.data.format(this.#context());
    return step.hex ? Buffer.from(text, 'hex').toString('latin1') : text;
  }

  #request(step: HttpSendStep): string {
    const text = (format: HttpSendStep['uri']) => format.constant ?? format.format(this.#context());
    const keepsAlive = step.version.toUpperCase() === 'HTTP/1.1';
    const body = step.body ? text(step.body) : '';
    let request = `${step.method} ${text(step.uri) || '/'} ${step.version}\r\n`;
    let connection: string | null = keepsAlive ? 'close' : null;
    for (const [name, value] of step.headers) {
      if (name === 'connection') connection = text(value);
      else if (name !== 'content-length') request += `${name}: ${text(value)}\r\n`;
    }
    if (step.sendState) request += `x-haproxy-server-state: ${this.#hooks.stateHeader()}\r\n`;
    if (body !== '') request += `content-length: ${body.length}\r\n`;
    if (connection !== null) request += `connection: ${connection}\r\n`;
    this.#toHead = step.method === 'HEAD';
    return `${request}\r\n${body}`;
  }

  #setVar(step: VarStep): void {
    const vars = this.#context().vars(step.scope);
    if (step.value === null) vars.delete(step.name);
    else if ('format' in step.value) vars.set(step.name, { type: 'str', value: step.value.format(this.#context()) });
    else this.#setFromExpression(step, step.value);
  }

  #setFromExpression(step: VarStep, expression: Compiled): void {
    const value = expression.evaluate(this.#context());
    if (value !== undefined)
      this.#context()
        .vars(step.scope)
        .set(step.name, { type: expression.typeOf(value), value });
  }

  #judge(step: ExpectStep): Judgement {
    return judge(step, this.#received(), this.#program, this.#hooks.serverIsUp);
  }

  #received(): Received {
    const text = this.#bytes.toString('latin1');
    const ended = this.#ended || this.#bytes.length >= this.#target.maxBytes;
    let response: HttpResponse | 'invalid' | null = null;
    if (this.#program.flavour === 'http') response = parseResponse(text, ended, this.#toHead);
    const run = this;
    return {
      text,
      bytes: this.#bytes,
      ended,
      response,
      get ctx(): ExprContext {
        const ctx = run.#context();
        ctx.payload = text;
        ctx.responseHead = response && response !== 'invalid' ? response.head : null;
        return ctx;
      },
    };
  }

  #context(): CheckContext {
    const ctx = this.#hooks.context();
    ctx.now = Date.now();
    if (this.#socket) {
      ctx.source = { host: this.#socket.localAddress ?? '', port: this.#socket.localPort ?? 0 };
      ctx.destination = { host: this.#socket.remoteAddress ?? '', port: this.#socket.remotePort ?? 0 };
    }
    return ctx;
  }

  #onData(bytes: Buffer): void {
    const room = this.#target.maxBytes - this.#bytes.length;
    const taken = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(taken) : Buffer.concat([this.#bytes, taken]);
    if (this.#waiting()) this.#advance();
  }

  #onEnd(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#waiting()) this.#advance();
  }

  #waiting(): boolean {
    return !this.#over && this.#program.steps[this.#step]?.kind === 'expect';
  }

  #onError(error: NodeJS.ErrnoException): void {
    if (this.#over) return;
    if (this.#connecting)
      return this.#finish({ status: 'L4CON', description: this.#where(errorText(error)), code: null });
    this.#ended = true;
    const step = this.#program.steps[this.#step];
    const failure: CheckEnd = { status: 'L7RSP', description: this.#where(errorText(error)), code: null };
    if (step?.kind !== 'expect' || this.#bytes.length === 0) return this.#finish(failure);
    this.#advance();
    if (!this.#over) this.#finish(failure);
  }

  #onTimeout(): void {
    const description = this.#where('');
    if (this.#connecting) return this.#finish({ status: 'L4TOUT', description, code: null });
    const step = this.#program.steps[this.#step];
    const status = step?.kind === 'expect' ? (step.timeoutStatus ?? 'L7TOUT') : 'L7TOUT';
    this.#finish({ status, description, code: null });
  }

  /** Adds to an error where in a `tcp-check` it happened. */
  #where(error: string): string {
    if (this.#program.flavour !== 'tcp-check') return error;
    const step = this.#program.steps[this.#step];
    if (!step || step.number === 0) return `${error} at initial connection step of tcp-check`;
    const comment = step.comment === null ? '' : ` comment: '${step.comment}'`;
    return `${error} at step ${step.number} of tcp-check${doing(step)}${comment}`;
  }

  #allPassed(): CheckEnd {
    const last = this.#program.steps.at(-1)!;
    const received = this.#received();
    if (
      this.#program.disableOn404 &&
      received.response &&
      received.response !== 'invalid' &&
      received.response.head.status === 404 &&
      this.#hooks.serverIsUp
    ) {
      return { status: 'L7OKC', description: '', code: 404 };
    }
    if (last.kind === 'expect') return success(last, received, this.#program);
    const told = this.#program.flavour === 'tcp-check' && !(last.kind === 'connect' && last.implicit);
    return { status: last.kind === 'connect' ? 'L4OK' : 'L7OK', description: told ? '(tcp-check)' : '', code: null };
  }

  #finish(end: CheckEnd): void {
    if (this.#over) return;
    this.#over = true;
    this.#close();
    this.#done(end);
  }

  #close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#drop();
    this.#bytes = EMPTY;
  }

  /** Closes the connection of the steps so far: checks reset theirs, so that no port is left in TIME_WAIT, unless `linger` is asked for. */
  #drop(): void {
    const socket = this.#socket;
    const established = !this.#connecting;
    this.#socket = null;
    this.#ended = false;
    this.#connecting = false;
    if (!socket) return;
    socket.removeAllListeners();
    socket.on('error', () => undefined);
    if (this.#linger) socket.destroySoon();
    else if (established && socket.remotePort !== undefined) socket.resetAndDestroy();
    else socket.destroy();
  }
}

const EMPTY = Buffer.alloc(0);

function doing(step: Step): string {
  switch (step.kind) {
    case 'connect':
      return typeof step.port === 'number' ? ` (connect port ${step.port})` : ' (connect)';
    case 'expect':
      return waitsFor(step.pattern);
    case 'send':
    case 'http-send':
      return ' (send)';
    case 'var':
      return '';
  }
}
