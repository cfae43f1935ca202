import { ERRORS } from '../../ops/errors.ts';
import type { Operation, Option } from '../../ops/operation.ts';
import { optionsOf } from '../../ops/options.ts';
import { usageLine } from '../../ops/parse.ts';
import { findOperation, GROUPS, OPERATIONS } from '../../ops/registry.ts';
import { table } from '../../ops/text.ts';
import { subCommandsText } from '../sub-commands.ts';
import { complain, unknownOperation } from './complain.ts';
import type { Terminal } from './terminal.ts';

/** Widest line of help. */
const WIDTH = 100;

/** `sluice OPERATION --help`. */
export function operationHelp(operation: Operation): string {
  const { name, summary, parameters, about, guards, inverse, examples, page } = operation;
  const words = Object.values(parameters).map(({ kind, about: meaning }) => [
    kind.placeholder,
    `${meaning}; ${kind.about}`,
  ]);
  const options = Object.entries(optionsOf(operation)).map(([option, row]) => [optionForm(option, row), row.about]);
  const sections = [
    [`sluice ${usageLine(operation)}`, ...wrap(`${name}: ${summary}`, 2)],
    about.flatMap((paragraph) => wrap(paragraph, 2)),
    words.length > 0 ? ['Words', ...columns(words)] : [],
    ['Options', ...columns(options)],
    guards.length > 0
      ? ['Refused, unless --force is given, when', ...guards.flatMap((guard) => wrap(guard.about, 2))]
      : [],
    operation.danger === 'reads' ? [] : ['Taken back by', `  sluice undo: ${inverse}`],
    ['Examples', ...examples.flatMap((example) => [`  sluice ${example.command}`, `      ${example.about}`])],
    [...wrap(`Exit status: 0 done, ${exitStatuses()}`, 0), ...(page === null ? [] : [`More: docs/${page}`])],
  ];
  const shown = sections.filter((lines) => lines.length > 0).map((lines) => lines.map(plain).join('\n'));
  return `${shown.join('\n\n')}\n`;
}

/** `sluice help [OPERATION]`. Returns the exit status. */
export function printHelp(words: readonly string[], terminal: Terminal, subCommands: readonly string[]): number {
  if (words.length === 0) {
    terminal.out.write(`${subCommandsText()}\n${operationsText()}`);
    return 0;
  }
  const found = findOperation(words);
  if (found === null) return complain(terminal, unknownOperation(words, subCommands));
  terminal.out.write(operationHelp(found.operation));
  return 0;
}

/** The part of `sluice help` that lists the operations. */
function operationsText(): string {
  const groups = Object.entries(GROUPS).flatMap(([group, heading]) => {
    const rows = OPERATIONS.filter((operation) => operation.group === group);
    return rows.length === 0
      ? []
      : [
          '',
          heading,
          ...table(
            rows.map(({ name, summary }) => [name, summary]),
            2,
          ),
        ];
  });
  return `Operations on a running Sluice or HAProxy; sluice OPERATION --help tells more\n${groups.join('\n')}\n`;
}

/** `--for DURATION`. */
function optionForm(name: string, { kind }: Option): string {
  return kind === null ? `--${name}` : `--${name} ${kind.placeholder}`;
}

function exitStatuses(): string {
  const byStatus = Map.groupBy(Object.entries(ERRORS), ([, { status }]) => status);
  return [...byStatus].map(([status, errors]) => `${status} ${errors.map(([code]) => code).join(' or ')}`).join(', ');
}

/** Text of the reference without its marks. */
function plain(text: string): string {
  return text.replaceAll('`', '');
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left!.length)));
  return rows.flatMap(([left, right]) => {
    const lines = wrap(right!, width + 4);
    if (left!.length > width) return [`  ${left}`, ...lines];
    return [`  ${left!.padEnd(width)}  ${lines[0]!.trimStart()}`, ...lines.slice(1)];
  });
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(' '.repeat(indent) + word);
  }
  return lines;
}
