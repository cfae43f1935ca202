import { connect, type Socket } from 'node:net';
import type { Compiled } from '../../expr/compile.ts';
import type { ExprContext } from '../../expr/types.ts';
import { errorText } from './errors.ts';
import type { CheckContext } from './facts.ts';
import { type HttpResponse, parseResponse } from './http-response.ts';
import { type Judgement, judge, type Received, success } from './judge.ts';
import { type CheckTarget, destination, payloadText, proxyHeader, requestText } from './outgoing.ts';
import type { CheckEnd, ConnectStep, ExpectStep, HttpSendStep, Program, SendStep, VarStep } from './program.ts';
import { where } from './where.ts';

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
    const target = destination(step, this.#target, () => this.#context());
    if (!target)
      return this.#finish({
        status: 'SOCKERR',
        description: where(this.#program, this.#step, '').trimStart(),
        code: null,
      });
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

  #onConnect(step: ConnectStep): void {
    this.#connecting = false;
    if (this.#target.checkTimeout !== null) this.#arm(this.#target.checkTimeout);
    const header = proxyHeader(step, this.#target, this.#socket!);
    if (header !== null) this.#socket!.write(header);
    this.#step++;
    this.#advance();
  }

  #send(step: SendStep | HttpSendStep): void {
    this.#bytes = EMPTY;
    const text = step.kind === 'send' ? payloadText(step, () => this.#context()) : this.#request(step);
    if (this.#socket && !this.#ended) this.#socket.write(text, 'latin1');
  }

  #request(step: HttpSendStep): string {
    this.#toHead = step.method === 'HEAD';
    return requestText(step, () => this.#context(), step.sendState ? this.#hooks.stateHeader() : null);
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
      return this.#finish({
        status: 'L4CON',
        description: where(this.#program, this.#step, errorText(error)),
        code: null,
      });
    this.#ended = true;
    const step = this.#program.steps[this.#step];
    const failure: CheckEnd = {
      status: 'L7RSP',
      description: where(this.#program, this.#step, errorText(error)),
      code: null,
    };
    if (step?.kind !== 'expect' || this.#bytes.length === 0) return this.#finish(failure);
    this.#advance();
    if (!this.#over) this.#finish(failure);
  }

  #onTimeout(): void {
    const description = where(this.#program, this.#step, '');
    if (this.#connecting) return this.#finish({ status: 'L4TOUT', description, code: null });
    const step = this.#program.steps[this.#step];
    const status = step?.kind === 'expect' ? (step.timeoutStatus ?? 'L7TOUT') : 'L7TOUT';
    this.#finish({ status, description, code: null });
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
