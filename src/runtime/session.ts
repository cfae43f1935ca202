import type { Socket } from 'node:net';
import type { Actor, Origin } from '../change/change.ts';
import type { Control } from '../control/types.ts';
import { actorOf } from './actor.ts';
import { type Answer, error, info, messageText, nothing } from './answer.ts';
import { CliConnection } from './connection.ts';
import { unknownText } from './help.ts';
import type { Level } from './levels.ts';
import { MAX_WORDS, type Part, splitLine, splitWords } from './line.ts';
import { hintFor } from './mistakes.ts';
import { type Registry, refusal } from './registry.ts';
import { clockText } from './time.ts';
import { trace } from './trace/trace.ts';
import type { Transaction } from './transaction.ts';

/** What a session needs to know of its socket. */
export interface SessionOptions {
  readonly control: Control;
  readonly registry: Registry;
  readonly level: Level;
  readonly severity: 'none' | 'number' | 'string';
  /** Idle timeout in ms, 0 = none. */
  readonly timeout: number;
  /** Name of the socket or address of the client, for the audit. */
  readonly from: string;
  /** `expose-fd listeners` is on the socket. */
  readonly exposesListeners?: boolean;
  /** All stats sockets, for `show cli sockets`. */
  readonly sockets: () => readonly { readonly name: string; readonly level: Level }[];
}

const LINE_TOO_LONG =
  "The command line is too big for the buffer size. Please change 'tune.bufsize' in the configuration to use a bigger command.";
const PAYLOAD_TOO_LONG =
  "The payload is too big. Please change 'tune.cli.max-payload-size' in the configuration to use a bigger payload.";
const TOO_MANY_WORDS = `Too many arguments. Commands must have at most ${MAX_WORDS} arguments.`;

/** Ids of CLI sessions do not meet those of streams. */
const FIRST_ID = 0x560000000000;
let created = 0;

/** An answer, and whether the command that it is for was to change something (or cannot be understood). */
interface Judged {
  readonly answer: Answer;
  readonly meantToChange: boolean;
}

/** One client of the Runtime API: reads lines, runs their commands one after the other, writes the answers. */
export class Session {
  readonly control: Control;
  readonly registry: Registry;
  readonly connection: CliConnection;
  readonly sockets: SessionOptions['sockets'];
  readonly from: string;
  /** Names the session in `show sess`. */
  readonly id: string;
  readonly startedAt = Date.now();
  /** Level of the socket, and of this connection now (`operator`, `user` lower it). */
  readonly socketLevel: Level;
  level: Level;
  severity: 'none' | 'number' | 'string';
  /** Listening sockets may be asked for (`expose-fd listeners`). */
  readonly exposesListeners: boolean;
  /** Stay open after a line; print a prompt; with the uptime in it. */
  interactive = false;
  prompting = false;
  timed = false;
  expert = false;
  experimental = false;
  /** Key that hides names in dumps, 0 = none. */
  anonKey = 0;
  /** The worker's commands are on the master CLI, too (`mcli-debug-mode`). */
  workerCommands = false;
  /** Which commands there are: those of stats sockets, or those of the master CLI. */
  where: 'worker' | 'master' = 'worker';
  /** Between `begin` and `commit`: the Changes so far. */
  transaction: Transaction | null = null;
  readonly #actor: () => Actor;
  /** The connection ends when the command that runs now is over. */
  closing = false;

  constructor(socket: Socket, options: SessionOptions) {
    this.id = `0x${(FIRST_ID + ++created).toString(16)}`;
    this.control = options.control;
    this.registry = options.registry;
    this.socketLevel = options.level;
    this.level = options.level;
    this.severity = options.severity;
    this.from = options.from;
    this.sockets = options.sockets;
    this.exposesListeners = options.exposesListeners ?? false;
    this.#actor = actorOf(socket, options.from, options.level);
    this.connection = new CliConnection(socket, options.timeout);
  }

  /** Who makes the Changes of this session. */
  get origin(): Origin {
    return { surface: 'cli-socket', from: this.from, level: this.level, actor: this.#actor() };
  }

  /** Serves the connection; resolves when it is over. Never rejects. */
  async run(): Promise<void> {
    trace('cli', 'session_new', () => `${this.id} ${this.from} ${this.level}`);
    try {
      while (!this.closing && !this.connection.output.closed) {
        const line = await this.#nextLine();
        if (line === null) break;
        await this.runLine(line);
        if (!this.interactive) break;
      }
    } catch (problem) {
      this.control.logs.send(null, 3, `Runtime API: ${problem instanceof Error ? problem.message : String(problem)}`);
    }
    this.closing = true;
    trace('cli', 'session_end', () => this.id);
    await this.connection.close();
  }

  /** Runs all commands of a line. */
  runLine(line: string): Promise<void> {
    return this.runParts(splitLine(line));
  }

  /** Runs commands and writes their answers, the prompt after the last. */
  protected async runParts(parts: readonly Part[]): Promise<void> {
    for (const [i, part] of parts.entries()) {
      const payload = await this.payloadOf(part);
      if (this.closing) return;
      await this.runPart(part, payload);
      if (this.closing) return;
      await this.write(this.prompting && i === parts.length - 1 ? this.promptText() : '\n');
    }
  }

  /** Reads the payload that a command announces; null when there is none, or when the connection has to end. */
  async payloadOf(part: Part): Promise<string | null> {
    if (part.pattern === null) return null;
    const limit = this.control.model.config.global.tune.cliMaxPayloadSize;
    const onMissing = async () => {
      if (this.prompting) await this.write('+ ');
    };
    const taken = await this.connection.payload(part.pattern, limit, onMissing);
    if (taken?.kind === 'got') return taken.value;
    if (taken?.kind === 'too-long') await this.#refuse(PAYLOAD_TOO_LONG);
    this.closing = true;
    return null;
  }

  /** Runs one command and writes its answer, without what separates it from the next. */
  async runPart(part: Part, payload: string | null): Promise<void> {
    const words = splitWords(part.text);
    if (words.length === 0) return;
    trace('cli', 'command', () => `${this.id} ${part.text}`);
    const answer = await this.connection.untimed(() => this.answer(words, payload));
    trace('cli', 'answer', () => `${this.id} ${answer.kind === 'message' ? answer.text : answer.kind}`);
    await this.send(answer);
  }

  /** The answer to a command. What is refused in a transaction refuses all of it. */
  async answer(words: readonly string[], payload: string | null): Promise<Answer> {
    const { transaction } = this;
    const collected = transaction?.changes.length;
    const { answer, meantToChange } = await this.#answer(words, payload);
    if (transaction !== null && meantToChange && transaction.changes.length === collected)
      transaction.refused ??= { command: words.join(' '), text: answer.kind === 'message' ? answer.text : '' };
    return answer;
  }

  async #answer(words: readonly string[], payload: string | null): Promise<Judged> {
    if (words.length > MAX_WORDS) return { answer: error(TOO_MANY_WORDS), meantToChange: true };
    const found =
      this.registry.find(words, this.where) ?? (this.workerCommands ? this.registry.find(words, 'worker') : null);
    if (!found) {
      const hint = hintFor(words);
      const text = unknownText(this.registry, this, words) + (hint === null ? '' : `${hint}\n`);
      return { answer: info(text), meantToChange: true };
    }
    const { command, length } = found;
    const meantToChange = command.changes ?? false;
    const refused = refusal(command, this);
    if (refused !== null) return { answer: error(refused), meantToChange };
    const control = command.changes && this.transaction ? this.transaction.control : this.control;
    const call = { control, session: this, words: [...words], args: words.slice(length), payload };
    try {
      return { answer: await command.run(call), meantToChange };
    } catch (problem) {
      return { answer: error(`Internal error in '${command.words}': ${(problem as Error).message}`), meantToChange };
    }
  }

  /** Writes an answer. */
  async send(answer: Answer): Promise<void> {
    if (answer.kind === 'message') await this.write(messageText(answer.severity, answer.text, this.severity));
    else if (answer.kind === 'dump') await this.connection.output.pipe(answer.pieces);
  }

  write(text: string): Promise<void> {
    return this.connection.output.write(text);
  }

  /** What is printed after the last command of a line in prompt mode. */
  promptText(): string {
    return `\n${this.clock()}> `;
  }

  /** `[d:hh:mm:ss]` with `prompt timed`, else ''. */
  clock(): string {
    return this.timed ? `[${clockText(Date.now() - this.control.model.startedAt)}]` : '';
  }

  /** Ends the connection after what was written so far; the rest of the line is dropped. */
  quit(): Answer {
    this.closing = true;
    return nothing;
  }

  async #nextLine(): Promise<string | null> {
    const taken = await this.connection.line(this.control.model.config.global.tune.bufsize - 1);
    if (taken?.kind === 'too-long') await this.#refuse(LINE_TOO_LONG);
    return taken?.kind === 'got' ? taken.value : null;
  }

  async #refuse(text: string): Promise<void> {
    this.connection.dropInput();
    this.closing = true;
    await this.send(error(text));
  }
}
