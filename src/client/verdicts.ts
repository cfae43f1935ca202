import type { Answer } from './answer.ts';
import {
  AlreadyExistsError,
  InUseError,
  NotFoundError,
  OutOfRangeError,
  PermissionDeniedError,
  RefusedError,
  type RuntimeCommandError,
  UnknownCommandError,
} from './refusals.ts';

type Refusal = new (command: readonly string[], answer: Answer) => RuntimeCommandError;

/** Texts of refusals that any command may answer, whatever severity a version gives them. */
const anyCommand: readonly (readonly [RegExp, Refusal])[] = [
  [/^Permission denied$/, PermissionDeniedError],
  [/^This command is restricted to (expert|experimental) mode only\./, PermissionDeniedError],
  [/^Unknown command(:|,|\.)/, UnknownCommandError],
];

/** Texts that tell the kind of a refusal. */
const kinds: readonly (readonly [RegExp, Refusal])[] = [
  [/^No such |not found|doesn't exist|does not exist|^Can't find |^Unknown (map|ACL) identifier/i, NotFoundError],
  [/already exists/i, AlreadyExistsError],
  [/\bin use\b|in maintenance|still has|is referenced/i, InUseError],
  [/out of range/i, OutOfRangeError],
];

const ERR = 3;

/** The refusal that an answer is, null when it is none. */
export function verdict(command: readonly string[], answer: Answer): RuntimeCommandError | null {
  for (const [pattern, Kind] of anyCommand) if (pattern.test(answer.text)) return new Kind(command, answer);
  if (answer.severity === null || answer.severity > ERR) return null;
  for (const [pattern, Kind] of kinds) if (pattern.test(answer.text)) return new Kind(command, answer);
  return new RefusedError(command, answer);
}
