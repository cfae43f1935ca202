import type { Compiled } from '../../expr/compile.ts';
import type { ExprContext } from '../../expr/types.ts';
import { writeVar } from '../../expr/vars.ts';
import { CheckConnection, type ConnectionEvents } from './connection.ts';
import type { CheckContext } from './facts.ts';
import { type HttpResponse, parseResponse } from './http-response.ts';
import { type Judgement, judge, type Received, success } from './judge.ts';
import { type CheckTarget, connectionFor, payloadText, requestOf, requestText } from './outgoing.ts';
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
export class CheckRun implements ConnectionEvents {
  readonly #program: Program;
  readonly #target: CheckTarget;
  readonly #hooks: RunHooks;
  readonly #done: (end: CheckEnd) => void;
  #step = 0;
  #connection: CheckConnection | null = null;
  #toHead = false;
  #bytes: Buffer = EMPTY;
  #timer: NodeJS.Timeout | null = null;
  #over = false;

  constructor(program: Program, target: CheckTarget, hooks: RunHooks, done: (end: CheckEnd) => void) {
    this.#program = program;
    this.#target = target;
    this.#hooks = hooks;
    this.#done = done;
    setImmediate(() => {
      if (this.#over) return;
      this.#arm(target.connectTimeout);
      this.#advance();
    });
  }

  /** Gives up without a result. */
  abort(): void {
    this.#over = true;
    this.#close();
  }

  #arm(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer);
    const timer = setTimeout(() => {
      // What came in time is looked at first, though this process was held up: a turn of the loop begins with the timers.
      setImmediate(() => {
        if (this.#timer === timer) this.#onTimeout();
      });
    }, ms);
    this.#timer = timer;
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
    const setup = connectionFor(step, this.#program, this.#step, this.#target, () => this.#context());
    if (setup === null)
      return this.#finish({
        status: 'SOCKERR',
        description: where(this.#program, this.#step, '').trimStart(),
        code: null,
      });
    this.#connection = new CheckConnection(setup, this);
  }

  onOpen(): void {
    if (this.#target.checkTimeout !== null) this.#arm(this.#target.checkTimeout);
    this.#step++;
    this.#advance();
  }

  #send(step: SendStep | HttpSendStep): void {
    this.#bytes = EMPTY;
    if (step.kind === 'send') this.#connection?.write(payloadText(step, () => this.#context()));
    else this.#request(step);
  }

  #request(step: HttpSendStep): void {
    this.#toHead = step.method === 'HEAD';
    const request = requestOf(step, () => this.#context(), step.sendState ? this.#hooks.stateHeader() : null);
    const connection = this.#connection;
    if (connection?.h2 != null) connection.h2.send(request);
    else connection?.write(requestText(request));
  }

  #setVar(step: VarStep): void {
    const vars = this.#context().vars(step.scope);
    if (step.value === null) vars.delete(step.name);
    else if ('format' in step.value) writeVar(this.#context(), step, step.value.format(this.#context()), 'str');
    else this.#setFromExpression(step, step.value);
  }

  #setFromExpression(step: VarStep, expression: Compiled): void {
    const value = expression.evaluate(this.#context());
    if (value !== undefined) writeVar(this.#context(), step, value, expression.typeOf(value));
  }

  #judge(step: ExpectStep): Judgement {
    return judge(step, this.#received(), this.#program, this.#hooks.serverIsUp);
  }

  #received(): Received {
    const text = this.#bytes.toString('latin1');
    const connection = this.#connection;
    const ended = connection?.ended === true || this.#bytes.length >= this.#target.maxBytes;
    let response: HttpResponse | 'invalid' | null = null;
    if (this.#program.flavour === 'http')
      response = connection?.h2 == null ? parseResponse(text, ended, this.#toHead) : connection.h2.response(text);
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
    if (this.#connection !== null) {
      ctx.serverTls = this.#connection.session;
      ctx.source = this.#connection.source;
      ctx.destination = this.#connection.destination;
    }
    return ctx;
  }

  onData(bytes: Buffer): void {
    const room = this.#target.maxBytes - this.#bytes.length;
    const taken = bytes.length > room ? bytes.subarray(0, room) : bytes;
    this.#bytes = this.#bytes.length === 0 ? taken : Buffer.concat([this.#bytes, taken]);
    if (this.#waiting()) this.#advance();
  }

  onEnd(): void {
    if (this.#waiting()) this.#advance();
  }

  #waiting(): boolean {
    return !this.#over && this.#program.steps[this.#step]?.kind === 'expect';
  }

  onFailure(text: string): void {
    if (this.#over) return;
    const { stage } = this.#connection!;
    const description = where(this.#program, this.#step, text);
    if (stage === 'handshake') return this.#finish({ status: 'L6RSP', description, code: null });
    if (stage === 'connecting') {
      const status = this.#connection!.isLocal ? 'SOCKERR' : 'L4CON';
      return this.#finish({ status, description, code: null });
    }
    // What came is all that a text will be; a message says itself where it ends.
    if (this.#program.flavour !== 'http' && this.#waiting() && this.#bytes.length > 0) {
      this.#connection!.ended = true;
      this.#advance();
    }
    this.#finish({ status: 'SOCKERR', description, code: null });
  }

  #onTimeout(): void {
    this.#finish({ status: this.#timeoutStatus(), description: where(this.#program, this.#step, ''), code: null });
  }

  #timeoutStatus(): CheckEnd['status'] {
    const stage = this.#connection?.stage;
    if (stage === 'connecting') return 'L4TOUT';
    if (stage === 'handshake') return 'L6TOUT';
    const step = this.#program.steps[this.#step];
    return step?.kind === 'expect' ? (step.timeoutStatus ?? 'L7TOUT') : 'L7TOUT';
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
    const connected = this.#connection?.secured === true ? 'L6OK' : 'L4OK';
    return { status: last.kind === 'connect' ? connected : 'L7OK', description: told ? '(tcp-check)' : '', code: null };
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

  /** Closes the connection of the steps so far. */
  #drop(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}

const EMPTY = Buffer.alloc(0);
