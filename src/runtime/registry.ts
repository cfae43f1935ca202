import type { Control } from '../control/types.ts';
import type { Answer } from './answer.ts';
import { type FeatureMode, type Level, levelNumber } from './levels.ts';
import type { Session } from './session.ts';

/** What a handler is given. */
export interface Call {
  readonly control: Control;
  readonly session: Session;
  /** All words of the command, and those after the words of its row. Missing ones are ''. */
  readonly words: readonly string[];
  readonly args: readonly string[];
  readonly payload: string | null;
}

/** A command: one row. Dispatch, `help`, permissions, `-dKcli` and the reference page come from it. */
export interface Command {
  /** The words that select it. */
  readonly words: string;
  /** What follows them, as `help` shows it. */
  readonly args: string;
  /** One line for `help`; null keeps the command out of it. */
  readonly help: string | null;
  /** Lowest level that may use it. */
  readonly level: Level;
  /** Where it exists: on stats sockets (the worker), on the master CLI, or on both. */
  readonly where: 'worker' | 'master' | 'both';
  readonly mode?: FeatureMode;
  /** It makes Changes: in a transaction it sees what those before would leave, and adds to them. */
  readonly changes?: true;
  /** True for commands that HAProxy does not have. */
  readonly own?: boolean;
  /** A paragraph for the reference page, when the help line does not say it all. */
  readonly about?: string;
  readonly run: (call: Call) => Answer | Promise<Answer>;
}

/** Adds the category to rows, for the reference page. */
export interface CommandGroup {
  readonly category: string;
  readonly commands: readonly Command[];
}

/** All commands, ready to be looked up. */
export class Registry {
  readonly groups: readonly CommandGroup[];
  /** In the order of the groups. */
  readonly commands: readonly Command[];
  readonly #byFirstWord = new Map<string, { readonly words: readonly string[]; readonly command: Command }[]>();

  constructor(groups: readonly CommandGroup[]) {
    this.groups = groups;
    this.commands = groups.flatMap((group) => group.commands);
    for (const command of this.commands) {
      const words = command.words.split(' ');
      const rows = this.#byFirstWord.get(words[0]!) ?? [];
      rows.push({ words, command });
      this.#byFirstWord.set(words[0]!, rows);
    }
    for (const rows of this.#byFirstWord.values()) rows.sort((a, b) => b.words.length - a.words.length);
  }

  /** The command that `words` begin with (the longest, where several do), or null. */
  find(
    words: readonly string[],
    where: 'worker' | 'master',
  ): { readonly command: Command; readonly length: number } | null {
    for (const row of this.#byFirstWord.get(words[0] ?? '') ?? []) {
      if (row.command.where !== 'both' && row.command.where !== where) continue;
      if (row.words.every((word, i) => words[i] === word)) return { command: row.command, length: row.words.length };
    }
    return null;
  }

  /** What `-dKcli` prints: every command with where it exists and what it needs, in HAProxy's format. */
  listCommands(): string {
    const lines = this.commands.map((command) => {
      const where = command.where === 'both' ? '[MASTER] [WORKER] ' : `[${command.where.toUpperCase()}] `;
      const mode = command.mode === 'expert' ? '[EXPERT] ' : command.mode === 'experimental' ? '[EXPERIM] ' : '';
      return `${command.words} ${where}${mode}`;
    });
    return ['# List of registered CLI keywords:', ...lines.sort(), ''].join('\n');
  }
}

/** Why a session may not use a command, or null when it may. */
export function refusal(command: Command, session: Pick<Session, 'level' | 'expert' | 'experimental'>): string | null {
  if (command.mode === 'expert' && !session.expert) return 'This command is restricted to expert mode only.';
  if (command.mode === 'experimental' && !session.experimental)
    return 'This command is restricted to experimental mode only.';
  return levelNumber(session.level) < levelNumber(command.level) ? 'Permission denied' : null;
}
