import type { Socket } from 'node:net';
import type { Origin } from '../change/change.ts';
import type { Control } from '../control/types.ts';
import { type Answer, error, info, messageText, nothing } from './answer.ts';
import { unknownText } from './help.ts';
import { Input } from './input.ts';
import type { Level } from './levels.ts';
import { MAX_WORDS, type Part, splitLine, splitWords } from './line.ts';
import { hintFor } from './mistakes.ts';
import { Output } from './output.ts';
import { type Registry, refusal } from './registry.ts';
import { clockText } from './time.ts';

/** What a session needs to know of its socket. */
export interface SessionOptions {
  readonly control: Control;
  readonly registry: Registry;
  readonly level: Level;
  readonly severity: 'none' | 'number' | 'string';
  /** Idle timeout in ms, 0 = none. */
  readonly timeout: number;
  /** `socket path` or `address:port` of the client, for the audit. */
  readonly from: string;
  /** All CLI sockets, for `show cli sockets`. */
  readonly sockets: () => readonly { readonly name: string; readonly level: Level }[];
}

const LINGER_MS = 1000;
const LINE_TOO_LONG =
  "The command line is too big for the buffer size. Please change 'tune.bufsize' in the configuration to use a bigger command.\n";
const PAYLOAD_TOO_LONG =
  "The payload is too big. Please change 'tune.cli.max-payload-size' in the configuration to use a bigger payload.\n";
const TOO_MANY_WORDS = `Too many arguments. Commands must have at most ${MAX_WORDS} arguments.`;

/** Ids of CLI sessions do not meet those of streams. */
const FIRST_ID = 0x7f0000000000;
let created = 0;

/**
 * One connection to the Runtime API: reads lines, runs their commands one after the other, writes the answers.
 * Nothing more is read while a command runs or an answer is not yet taken by the client.
 */
export class Session {
  readonly control: Control;
  readonly registry: Registry;
  readonly socket: Socket;
  readonly output: Output;
  readonly sockets: SessionOptions['sockets'];
  readonly from: string;
  /** Level of the socket, and of this connection now (`operator`, `user` lower it). */
  readonly socketLevel: Level;
  level: Level;
  severity: 'none' | 'number' | 'string';
  timeout: number;
  /** Stay open after a line; print a prompt; with the time of day in it. */
  interactive = false;
  prompting = false;
  timed = false;
  expert = false;
  experimental = false;
  /** Key that hides names in dumps, 0 = none. */
  anonKey = 0;
  /** The master CLI answers more than stats sockets do. */
  where: 'worker' | 'master' = 'worker';
  /** Text that the prompt begins with on the master CLI. */
  promptPrefix: () => string = () => '';
  /** Called with each line instead of `runLine` (master CLI). */
  lineHandler: ((session: Session, line: string) => Promise<void>) | null = null;
  closing = false;
  /** Names the session in `show sess`. */
  readonly id: string;
  readonly startedAt = Date.now();
  readonly #input = new Input();
  #ended = false;
  #wake: (() => void) | null = null;
  #onInput: (() => void) | null = null;
  #onEnd: (() => void) | null = null;

  constructor(socket: Socket, options: SessionOptions) {
    this.socket = socket;
    this.id = `0x${(FIRST_ID + ++created).toString(16)}`;
    this.control = options.control;
    this.registry = options.registry;
    this.socketLevel = options.level;
    this.level = options.level;
    this.severity = options.severity;
    this.timeout = options.timeout;
    this.from = options.from;
    this.sockets = options.sockets;
    this.output = new Output(socket);
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', () => socket.destroy());
    socket.on('timeout', () => socket.destroy());
    socket.setTimeout(this.timeout);
  }

  /** Who makes the Changes of this session. */
  get origin(): Origin {
    return { surface: 'cli-socket', from: this.from, level: this.level };
  }

  /** Serves the connection; resolves when it is over. */
  async run(): Promise<void> {
    try {
      while (!this.closing) {
        const line = await this.#nextLine();
        if (line === null) break;
        if (this.lineHandler) await this.lineHandler(this, line);
        else await this.runLine(line);
        if (!this.interactive) break;
      }
    } finally {
      await this.#close();
    }
  }

  /** Runs all commands of a line. */
  async runLine(line: string): Promise<void> {
    const parts = splitLine(line);
    for (const [i, part] of parts.entries()) {
      const payload = part.pattern === null ? null : await this.#payload(part.pattern);
      if (this.closing) return;
      await this.runPart(part, payload);
      if (this.closing) return;
      await this.output.write(this.prompting && i === parts.length - 1 ? this.promptText() : '\n');
    }
  }

  /** Runs one command and writes its answer, without what separates it from the next. */
  async runPart(part: Part, payload: string | null): Promise<void> {
    const words = splitWords(part.text);
    if (words.length === 0) return;
    this.socket.setTimeout(0);
    const answer = words.length > MAX_WORDS ? error(TOO_MANY_WORDS) : await this.answer(words, payload);
    this.socket.setTimeout(this.timeout);
    await this.send(answer);
  }

  /** The answer to a command. */
  async answer(words: readonly string[], payload: string | null): Promise<Answer> {
    const found = this.registry.find(words, this.where);
    if (!found) {
      const hint = hintFor(words);
      return info(unknownText(this.registry, this, words) + (hint === null ? '' : `${hint}\n`));
    }
    const { command, length } = found;
    const refused = refusal(command, this);
    if (refused !== null) return error(refused);
    try {
      return await command.run({
        control: this.control,
        session: this,
        words: [...words],
        args: words.slice(length),
        payload,
      });
    } catch (problem) {
      return error(
        `Internal error in '${command.words}': ${problem instanceof Error ? problem.message : String(problem)}`,
      );
    }
  }

  /** Writes an answer. */
  async send(answer: Answer): Promise<void> {
    if (answer.kind === 'message') await this.output.write(messageText(answer.severity, answer.text, this.severity));
    else if (answer.kind === 'dump') await this.output.pipe(answer.pieces);
  }

  /** LF and prompt, as printed after the last command of a line. */
  promptText(): string {
    const time = this.timed ? `[${clockText(Date.now() - this.control.model.startedAt)}]` : '';
    return `\n${this.promptPrefix()}${time}> `;
  }

  /** Ends the connection after what was written so far; the rest of the line is dropped. */
  quit(): Answer {
    this.closing = true;
    return nothing;
  }

  /** Changes the idle timeout of this connection, ms. */
  setIdleTimeout(ms: number): void {
    this.timeout = ms;
    this.socket.setTimeout(ms);
  }

  /** Calls back when the peer has closed its sending side, or already has. The returned function gives up waiting. */
  onceEnded(callback: () => void): () => void {
    if (this.#ended) callback();
    else this.socket.resume();
    this.#onEnd = callback;
    return () => {
      this.#onEnd = null;
    };
  }

  /**
   * Resolves when the client sends anything; that input is swallowed. Also when the connection is gone. Calling the returned
   * function gives up waiting.
   */
  anyInput(callback: () => void): () => void {
    this.#onInput = () => {
      this.#input.clear();
      callback();
    };
    this.socket.once('close', callback);
    if (this.#input.length > 0) this.#onInput();
    else this.socket.resume();
    return () => {
      this.#onInput = null;
      this.socket.off('close', callback);
    };
  }

  async #nextLine(): Promise<string | null> {
    const limit = this.control.model.config.global.tune.bufsize - 1;
    for (;;) {
      const taken = this.#input.line(limit);
      if (taken.kind === 'got') return taken.value;
      if (taken.kind === 'too-long') return this.#refuse(LINE_TOO_LONG);
      if (!(await this.#moreInput())) return null;
    }
  }

  async #payload(pattern: string): Promise<string | null> {
    const limit = this.control.model.config.global.tune.cliMaxPayloadSize;
    for (;;) {
      const taken = this.#input.payload(pattern, limit);
      if (taken.kind === 'got') return taken.value;
      if (taken.kind === 'too-long') return this.#refuse(PAYLOAD_TOO_LONG);
      if (this.prompting) await this.output.write('+ ');
      if (!(await this.#moreInput())) {
        this.closing = true;
        return null;
      }
    }
  }

  async #refuse(text: string): Promise<null> {
    this.#input.clear();
    this.closing = true;
    await this.output.write(messageText(3, text, this.severity));
    return null;
  }

  /** False when nothing more will come. */
  #moreInput(): Promise<boolean> {
    if (this.#ended) return Promise.resolve(false);
    this.socket.resume();
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        this.socket.pause();
        resolve(!this.#ended || this.#input.length > 0);
      };
    });
  }

  #received(bytes: Buffer): void {
    if (this.closing) return;
    this.#input.push(bytes);
    if (this.#onInput) this.#onInput();
    else if (this.#wake) this.#wake();
    else this.socket.pause();
  }

  #end(): void {
    this.#ended = true;
    this.#onEnd?.();
    this.#wake?.();
  }

  /** FIN, then waits shortly for the client's, so that unread input does not turn into a reset that destroys the answer. */
  async #close(): Promise<void> {
    this.closing = true;
    const { socket } = this;
    if (socket.destroyed) return;
    this.#input.clear();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      if (this.#ended) socket.destroySoon();
      else {
        socket.end();
        socket.resume();
        socket.once('end', () => socket.destroySoon());
      }
    });
  }
}
