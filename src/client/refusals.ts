import type { Answer } from './answer.ts';

/** The program refused a command. Subclasses tell the kind of reason. */
export class RuntimeCommandError extends Error {
  /** The command, as words. Payloads are not kept: they may hold keys. */
  readonly command: readonly string[];
  /** What the program answered. */
  readonly answer: Answer;

  constructor(command: readonly string[], answer: Answer) {
    super(`${answer.text.split('\n', 1)[0] || 'refused without a word'} (${command.join(' ')})`);
    this.name = new.target.name;
    this.command = command;
    this.answer = answer;
  }
}

/** What the command names is not there. */
export class NotFoundError extends RuntimeCommandError {}
/** What is to be made is there already. */
export class AlreadyExistsError extends RuntimeCommandError {}
/** The level of the socket is too low, or a mode is needed. */
export class PermissionDeniedError extends RuntimeCommandError {}
/** Something still uses what is to go, or is in the way. */
export class InUseError extends RuntimeCommandError {}
/** A value is outside of what is possible. */
export class OutOfRangeError extends RuntimeCommandError {}
/** This version of the program has no such command. */
export class UnknownCommandError extends RuntimeCommandError {}
/** Refused for another reason; the answer's text tells it. */
export class RefusedError extends RuntimeCommandError {}
