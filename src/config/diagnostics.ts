/** Messages about the configuration: gathered while it is read, printed as HAProxy prints them. */

import type { Diagnostic, Location, Severity } from './types.ts';

/**
 * How the place is written before the text, because HAProxy has three ways:
 * `parsing [file:line] : text`, `parsing [file:line]: text` (the reader itself), `[file:line] : text` (servers).
 */
export type PlaceForm = 'parsing' | 'reader' | 'server';

const LABELS: Readonly<Record<Severity, string>> = {
  alert: '[ALERT]    ',
  warning: '[WARNING]  ',
  notice: '[NOTICE]   ',
  diag: '[DIAG]     ',
};

/** One message in HAProxy's form, without the end of line: `[ALERT]    (pid) : config : parsing [file:line] : text`. */
export function formatDiagnostic(diagnostic: Diagnostic, pid: number): string {
  return `${LABELS[diagnostic.severity]}(${pid}) : ${diagnosticLine(diagnostic)}`;
}

/** The same without severity and process: `config : parsing [file:line] : text`. */
export function diagnosticLine(diagnostic: Diagnostic): string {
  return `config : ${place(diagnostic)}${diagnostic.text}`;
}

function place({ at, form = 'parsing' }: Diagnostic): string {
  if (at === null) return '';
  const where = `[${at.file}:${at.line}]`;
  if (form === 'server') return `${where} : `;
  return form === 'reader' ? `parsing ${where}: ` : `parsing ${where} : `;
}

/** What was said so far; alerts are counted because the first one means that there will be no configuration. */
export class Diagnostics {
  readonly list: Diagnostic[];
  #alerts: number;

  constructor() {
    this.list = [];
    this.#alerts = 0;
  }

  get alerts(): number {
    return this.#alerts;
  }

  add(severity: Severity, at: Location | null, text: string, form: PlaceForm = 'parsing'): void {
    if (severity === 'alert') this.#alerts++;
    this.list.push(form === 'parsing' ? { severity, at, text } : { severity, at, text, form });
  }

  alert(at: Location | null, text: string, form?: PlaceForm): void {
    this.add('alert', at, text, form);
  }

  warning(at: Location | null, text: string, form?: PlaceForm): void {
    this.add('warning', at, text, form);
  }

  /** A notice that is printed under `-V` only. */
  verbose(at: Location, text: string): void {
    this.list.push({ severity: 'notice', at, text, verbose: true });
  }
}
