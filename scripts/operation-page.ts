/** The page of one operation: docs/operations/NAME.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KINDS } from '../src/change/kinds.ts';
import { ERRORS } from '../src/ops/errors.ts';
import type { Operation } from '../src/ops/operation.ts';
import { usageLine } from '../src/ops/parse.ts';
import type { Played, Product, Told } from '../test/ops/examples/play.ts';
import { haproxyFacts } from './docs-haproxy.ts';
import { cell, optionTable, sentence } from './markdown.ts';

/** What the examples told when they were recorded (scripts/record-operations.ts). */
const TOLD = JSON.parse(readFileSync(join(import.meta.dirname, '../test/ops/examples/told.json'), 'utf8')) as Readonly<
  Record<Product, Played>
>;

/** `frontend disable` -> `frontend-disable.md`. */
export function pageOf(name: string): string {
  return `${name.replaceAll(' ', '-')}.md`;
}

/** The page's text. */
export function operationPage(operation: Operation): string {
  const { name, summary, about } = operation;
  return [
    `# sluice ${name}\n`,
    `    sluice ${usageLine(operation)}\n`,
    `${sentence(summary)}\n`,
    ...about.map((paragraph) => `${paragraph}\n`),
    ...parameters(operation),
    ...checks(operation),
    ...effects(operation),
    ...examples(operation),
    ...statuses(operation),
    ...more(operation),
  ].join('\n');
}

function parameters({ parameters, options }: Operation): string[] {
  const words = Object.values(parameters).map(
    ({ kind, about }) => `| \`${cell(kind.placeholder)}\` | ${cell(`${about}; ${kind.about}`)} |`,
  );
  return [
    ...(words.length > 0 ? [`| word | |\n|---|---|\n${words.join('\n')}\n`] : []),
    ...(Object.keys(options).length > 0 ? [optionTable(options)] : []),
    'It has [the options of all operations](../reference/operations.md#options-of-all-operations), too.\n',
  ];
}

function checks({ guards, danger }: Operation): string[] {
  const lines = [
    ...(danger === 'dangerous' ? ['It asks before it acts; `--yes` answers.\n'] : []),
    ...(guards.length > 0
      ? [
          'Guards refuse it, unless `--force` is given with a `--reason`, when\n',
          ...guards.map(({ name, about }) => `- \`${name}\`: ${about}`),
          '',
        ]
      : []),
  ];
  return lines.length > 0 ? ['## Checks\n', ...lines] : [];
}

function effects({ makes, danger, inverse }: Operation): string[] {
  if (danger === 'reads') return [];
  const rows = makes.map((kind) => {
    const facts = haproxyFacts(kind);
    const told =
      facts === null
        ? 'it is not told: a program does it | |'
        : `\`${facts.commands}\` | ${facts.since} | ${facts.level}`;
    return `| ${kind} | ${KINDS[kind].effect} | ${told} |`;
  });
  const table = [
    'What it changes, when that shows, and what a HAProxy is told. Sluice makes it itself, all of a step or nothing.\n',
    '| Change | shows | commands to HAProxy | since | level of the socket |\n|---|---|---|---|---|',
    ...rows,
    '',
  ];
  return ['## Effect\n', ...(rows.length > 0 ? table : []), `Taken back by \`sluice undo\`: ${inverse}.\n`];
}

function examples({ name, examples }: Operation): string[] {
  const [sluice, haproxy] = [TOLD.sluice[name], TOLD.haproxy[name]];
  const others = examples
    .filter(({ command }) => !sluice?.some((told) => told.command.startsWith(command)))
    .map(({ command, about }) => `    sluice ${command}\n        # ${about}\n`);
  return [
    '## Examples\n',
    ...(sluice ? ['On Sluice:\n', ...sluice.map(transcript)] : []),
    ...(haproxy ? ['On HAProxy 2.6:\n', ...haproxy.map(transcript)] : []),
    ...(others.length > 0 && sluice ? ['More:\n'] : []),
    ...others,
  ];
}

function transcript({ command, output }: Told): string {
  const lines = output.trimEnd().split('\n');
  return [`    $ sluice ${command}`, ...lines.map((line) => `    ${line}`.trimEnd()), ''].join('\n');
}

function statuses(operation: Operation): string[] {
  const rows = Object.entries(ERRORS)
    .filter(([code]) => mayEnd(operation, code as keyof typeof ERRORS))
    .map(([code, { status, means }]) => `| ${status} | \`${code}\` | ${means} |`);
  const done = '| 0 | | It is done, or was so already, or is shown. |';
  return ['## Exit status\n', '| status | code | when |\n|---|---|---|', done, ...rows, ''];
}

/** Whether an operation can end so. */
function mayEnd({ danger, guards, options }: Operation, code: keyof typeof ERRORS): boolean {
  const changes = danger !== 'reads';
  switch (code) {
    case 'guarded':
      return guards.length > 0;
    case 'unconfirmed':
      return danger === 'dangerous';
    case 'timeout':
    case 'overtaken':
      return 'timeout' in options;
    case 'usage':
    case 'unknown':
    case 'unreachable':
    case 'failed':
    case 'interrupted':
      return true;
    default:
      return changes;
  }
}

function more({ page }: Operation): string[] {
  const task = page === null ? [] : [`See [${page}](../${page}).\n`];
  return [
    ...task,
    'Generated by `scripts/docs-operations.ts`; the examples are played by `test/ops/examples.test.ts`.\n',
  ];
}
