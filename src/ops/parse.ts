import { nearestWord } from '../config/suggest.ts';
import { OperationError } from './errors.ts';
import type { Kind } from './kinds.ts';
import type { Operation, Option, Parameter, Values } from './operation.ts';
import { optionsOf } from './options.ts';

/** What the words behind an operation's name say. */
export interface Parsed {
  readonly values: Values;
  readonly help: boolean;
}

/** Reads words and options of an operation, in any order; after `--` all are words. Throws OperationError `usage`. */
export function parseWords(operation: Operation, args: readonly string[]): Parsed {
  const options = optionsOf(operation);
  const values: Record<string, unknown> = {};
  for (const [name, { kind, many }] of Object.entries(options))
    values[camel(name)] = many ? [] : kind === null ? false : null;
  const words: string[] = [];
  const left = [...args];
  for (let arg = left.shift(); arg !== undefined; arg = left.shift()) {
    if (arg === '--') words.push(...left.splice(0));
    else if (arg === '--help' || arg === '-h') return { values, help: true };
    else if (arg.startsWith('--')) readOption(operation, options, arg, left, values);
    else if (/^-[a-z]/i.test(arg))
      throw new OperationError('usage', `unknown option '${arg}'; options begin with two dashes`);
    else words.push(arg);
  }
  readParameters(operation, words, values);
  return { values, help: false };
}

function readOption(
  operation: Operation,
  options: Readonly<Record<string, Option>>,
  arg: string,
  left: string[],
  values: Record<string, unknown>,
): void {
  const [, name, inline] = /^--([^=]*)(?:=(.*))?$/s.exec(arg)!;
  const option = Object.hasOwn(options, name!) ? options[name!]! : null;
  if (option === null) throw new OperationError('usage', unknownOption(operation, name!, Object.keys(options)));
  const before = values[camel(name!)];
  if (!option.many && before !== null && before !== false)
    throw new OperationError('usage', `--${name} is given twice`);
  if (option.kind === null) {
    if (inline !== undefined) throw new OperationError('usage', `--${name} takes no value`);
    values[camel(name!)] = true;
    return;
  }
  const word = inline ?? left.shift();
  if (word === undefined || (inline === undefined && word.startsWith('--')))
    throw new OperationError('usage', `--${name} needs a value: ${option.kind.placeholder}, ${option.kind.about}`);
  const value = readWord(`--${name}`, option.kind, word);
  values[camel(name!)] = option.many ? [...(before as unknown[]), value] : value;
}

function unknownOption(operation: Operation, name: string, known: readonly string[]): string {
  const near = nearestWord(name, known);
  const meant = near === null ? '' : `; did you mean --${near}?`;
  return `'${operation.name}' has no option --${name}${meant}`;
}

function readParameters(operation: Operation, words: string[], values: Record<string, unknown>): void {
  for (const [name, parameter] of Object.entries(operation.parameters)) {
    const key = camel(name);
    const { kind } = parameter;
    if (parameter.many) values[key] = words.splice(0).map((word) => readWord(name, kind, word));
    else if (words.length > 0) values[key] = readWord(name, kind, words.shift()!);
    else values[key] = null;
    const lacking = values[key] === null || (parameter.many === true && (values[key] as unknown[]).length === 0);
    if (lacking && !parameter.optional) throw new OperationError('usage', lackingText(operation, name, parameter));
  }
  if (words.length > 0)
    throw new OperationError(
      'usage',
      `'${words[0]}' is one word too many; the form is: sluice ${usageLine(operation)}`,
    );
}

function lackingText(operation: Operation, name: string, parameter: Parameter): string {
  return `${name} is missing (${parameter.about}); the form is: sluice ${usageLine(operation)}`;
}

function readWord(name: string, kind: Kind<unknown>, word: string): unknown {
  try {
    return kind.parse(word);
  } catch (error) {
    if (!(error instanceof OperationError)) throw error;
    throw new OperationError(error.code, `${name}: ${error.message}`);
  }
}

/** `drain BACKEND/SERVER... [OPTIONS]`. */
export function usageLine(operation: Operation): string {
  const words = Object.values(operation.parameters).map(({ kind, optional, many }) => {
    const word = `${kind.placeholder}${many ? '...' : ''}`;
    return optional ? `[${word}]` : word;
  });
  return [operation.name, ...words, '[OPTIONS]'].join(' ');
}

/** `dry-run` -> `dryRun`. */
function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
