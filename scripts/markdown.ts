/** Pieces of generated pages. */
import type { Option } from '../src/ops/operation.ts';

/** A table of options. */
export function optionTable(options: Readonly<Record<string, Option>>): string {
  const rows = Object.entries(options).map(([name, { kind, about }]) => {
    const form = kind === null ? `--${name}` : `--${name} ${kind.placeholder}`;
    return `| \`${cell(form)}\` | ${cell(kind === null ? about : `${about}; ${kind.about}`)} |`;
  });
  return `| option | |\n|---|---|\n${rows.join('\n')}\n`;
}

/** With a capital and a full stop. */
export function sentence(text: string): string {
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`;
}

/** Text for a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
