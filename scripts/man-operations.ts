/** The manual page packaging/man/sluice-operations.1, from the registry of operations and the errors. */
import { ERRORS } from '../src/ops/errors.ts';
import type { Operation, Option } from '../src/ops/operation.ts';
import { usageLine } from '../src/ops/parse.ts';
import { GROUPS, OPERATIONS } from '../src/ops/registry.ts';
import { commonOptions } from './common-options.ts';

const HEAD = `.TH SLUICE-OPERATIONS 1 "November 21, 2026" "Sluice" "User commands"
.SH NAME
sluice-operations \\- operations on a running load balancer, Sluice or HAProxy
.SH SYNOPSIS
.B sluice
.I operation
.RI [ word " ...] [" option " ...]"
.SH DESCRIPTION
An operation looks at a running load balancer or changes it, over its Runtime
API. Changes are checked before anything is touched, recorded, and can be taken
back. The load balancer is the one that
.B \\-\\-target
or
.B SLUICE_TARGET
names.`;

/** The page's text. */
export function operationsManual(): string {
  return [
    HEAD,
    ...Object.entries(GROUPS).flatMap(([group, heading]) => [
      `.SH ${heading.toUpperCase()}`,
      ...OPERATIONS.filter((operation) => operation.group === group).flatMap(entry),
    ]),
    '.SH OPTIONS',
    text(
      'Where an operation changes something it has those about changes, too; where it has guards, those about guards.',
    ),
    ...Object.entries(commonOptions()).flatMap(([name, option]) => optionEntry(name, option)),
    '.SH EXIT STATUS',
    '.TP',
    '.B 0',
    'Done, or so already, or a dry run shown.',
    ...Object.entries(ERRORS).flatMap(([code, { status, means }]) => [
      '.TP',
      `.B ${status}`,
      text(`${code}: ${means}`),
    ]),
    '.SH SEE ALSO',
    '.BR sluice (1)',
    '',
  ].join('\n');
}

function entry(operation: Operation): string[] {
  const { summary, options } = operation;
  return [
    '.TP',
    `.B ${escaped(usageLine(operation))}`,
    text(`${summary[0]!.toUpperCase()}${summary.slice(1)}.`),
    ...Object.entries(options).map(([name, { kind, about }]) =>
      text(`--${name}${kind === null ? '' : ` ${kind.placeholder}`}: ${about}.`),
    ),
  ];
}

function optionEntry(name: string, { kind, about }: Option): string[] {
  return [
    '.TP',
    `.B ${escaped(`--${name}${kind === null ? '' : ` ${kind.placeholder}`}`)}`,
    text(`${about[0]!.toUpperCase()}${about.slice(1)}.`),
  ];
}

/** Widest line of the source. */
const WIDTH = 79;

/** Without marks of Markdown; dashes that can be copied. */
function escaped(words: string): string {
  return words.replaceAll('`', '').replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

/** The same in lines that are not too long, and none that troff takes for a request. */
function text(words: string): string {
  const lines: string[] = [];
  for (const word of escaped(words).split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => line.replace(/^([.'])/, '\\&$1')).join('\n');
}
