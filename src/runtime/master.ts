import type { BindConfig } from '../config/types.ts';
import type { Control } from '../control/types.ts';
import { messageText, Severity } from './answer.ts';
import { hasLevel } from './levels.ts';
import { type Part, splitLine, splitWords } from './line.ts';
import { type RuntimeApi, registry } from './server.ts';
import { Session } from './session.ts';
import { CliSockets } from './sockets.ts';

/** Clients of the master CLI at a time, as in HAProxy. */
const MAXCONN = 10;

/**
 * Opens the sockets of the master CLI (`-S`). One process plays the master and its worker here: `@1` and `@!<pid>` reach the
 * commands of the stats sockets. Rejects with an Error for operators when a socket cannot be opened.
 */
export async function startMasterCli(
  control: Control,
  binds: readonly BindConfig[],
  statsSockets: RuntimeApi['sockets'],
): Promise<Omit<RuntimeApi, 'finish'>> {
  const sockets = new CliSockets({
    maxconn: MAXCONN,
    tls: () => control.model.config.global.tls,
    session: (socket, bound) =>
      new MasterSession(socket, { ...bound, control, registry, timeout: 0, sockets: () => statsSockets }),
  });
  await sockets.open(binds);
  return {
    close: () => sockets.close(),
    sockets: sockets.sockets,
    reconfigure: (wanted) => sockets.reconfigure(wanted),
  };
}

type Context = 'worker' | 'master';

/** A client of the master CLI. It stays until it closes; each command for the worker runs as if in a session of its own. */
class MasterSession extends Session {
  override where: Context = 'master';
  override interactive = true;
  /** Where commands without prefix go. */
  #context: Context = 'master';
  /** After `@@1`: the connection is one of the worker's, for a line that is still to come, or that runs. */
  #piped: 'no' | 'waiting' | 'yes' = 'no';

  override async runLine(line: string): Promise<void> {
    if (this.#piped === 'waiting') {
      this.#piped = 'yes';
      this.interactive = false;
    }
    if (this.#piped === 'yes') return super.runLine(line);
    const parts = splitLine(line);
    for (const [i, part] of parts.entries()) {
      const target = prefixOf(part);
      const context = target === null ? this.#context : contextOf(target);
      if (context === null) return this.#refuse(`Can't find the target PID matching the prefix '${target}'`);
      const command = target === null ? part : { ...part, text: part.text.trimStart().slice(target.length) };
      if (target?.startsWith('@@')) return this.#pipe(context, [command, ...parts.slice(i + 1)]);
      await this.#runOne(command, context, target !== null);
      if (this.closing) return;
    }
  }

  override promptText(): string {
    if (this.#piped !== 'no') return super.promptText();
    const modes = (this.experimental ? 'x' : '') + (this.expert ? 'e' : '') + (this.workerCommands ? 'd' : '');
    const master = `master${lastReloadFailed(this.control.reloads) ? '[ReloadFailed]' : ''}`;
    return `${this.#context === 'worker' ? process.pid : master}${modes && `(${modes})`}${this.clock()}> `;
  }

  async #runOne(command: Part, context: Context, prefixed: boolean): Promise<void> {
    const words = splitWords(command.text);
    const payload = await this.payloadOf(command);
    if (this.closing) return;
    if (prefixed && words.length === 0) this.#context = context;
    else if (!prefixed && isKept(words)) return this.#runKept(command, words);
    else {
      const isOver =
        context === 'worker' ? await this.#inWorkerSession(command, payload) : await this.#inMaster(command, payload);
      if (!isOver) await this.write('\n');
    }
    if (!this.closing) await this.#prompt();
  }

  /** Commands about the connection itself change it without an answer. */
  async #runKept(command: Part, words: readonly string[]): Promise<void> {
    const [level] = words;
    if ((level === 'operator' || level === 'user') && !hasLevel(this.level, level))
      return this.#refuse('Permission denied!');
    const stays = this.interactive;
    await this.runPart(command, null);
    this.interactive = stays;
    if (!this.closing) await this.#prompt();
  }

  async #inMaster(command: Part, payload: string | null): Promise<boolean> {
    await this.runPart(command, payload);
    return false;
  }

  /** Runs a command with the master's level and modes; what it changes about its session is forgotten. True when it ended that. */
  async #inWorkerSession(command: Part, payload: string | null): Promise<boolean> {
    const { level, expert, experimental, severity, prompting, interactive, timed, anonKey } = this;
    this.where = 'worker';
    this.prompting = false;
    await this.runPart(command, payload);
    const isOver = this.closing;
    this.closing = false;
    Object.assign(this, {
      level,
      expert,
      experimental,
      severity,
      prompting,
      interactive,
      timed,
      anonKey,
      where: 'master',
    });
    return isOver;
  }

  /** Makes the connection one of the target's, until that one ends it. */
  async #pipe(context: Context, parts: readonly Part[]): Promise<void> {
    this.where = context;
    this.prompting = false;
    const isAlone = parts.length === 1 && splitWords(parts[0]!.text).length === 0;
    this.#piped = isAlone ? 'waiting' : 'yes';
    if (isAlone) return;
    this.interactive = false;
    await this.runParts(parts);
  }

  /** Tells what is wrong and drops the rest of what was sent. */
  async #refuse(text: string): Promise<void> {
    await this.write(messageText(Severity.error, text, this.severity));
    this.connection.dropInput();
    await this.#prompt();
  }

  async #prompt(): Promise<void> {
    if (this.prompting) await this.write(this.promptText());
  }
}

function prefixOf(part: Part): string | null {
  const [first] = splitWords(part.text);
  return first?.startsWith('@') ? first : null;
}

/** Which process a prefix names: `@1`, `@!<pid>`, `@master`, `@`; null for none that is there. */
function contextOf(prefix: string): Context | null {
  const target = prefix.replace(/^@@?/, '');
  if (target === '' || target === 'master' || target === '0') return 'master';
  return target === '1' || target === `!${process.pid}` ? 'worker' : null;
}

/** Commands that the master takes for itself in any context, and that answer nothing. */
function isKept([first, second]: readonly string[]): boolean {
  if (first === 'set') return second === 'severity-output';
  if (first === 'prompt') return second !== 'help';
  if (first === 'expert-mode' || first === 'experimental-mode' || first === 'mcli-debug-mode')
    return second !== undefined;
  return first === 'quit' || first === 'operator' || first === 'user';
}

/** Reloads that were counted when somebody last looked, and how the last one had ended. */
let seen = { done: 0, failed: 0, isFailed: false };

function lastReloadFailed({ done, failed }: Control['reloads']): boolean {
  if (done !== seen.done || failed !== seen.failed) seen = { done, failed, isFailed: failed !== seen.failed };
  return seen.isFailed;
}
