/** Start-up messages on stderr, in HAProxy's form. */
import { formatDiagnostic } from '../config/diagnostics.ts';
import type { Diagnostic } from '../config/types.ts';
import { HAPROXY_VERSION } from '../util/version.ts';
import { programPath } from './paths.ts';

/** Which messages are printed. */
export interface Verbosity {
  readonly verbose: boolean;
  readonly quiet: boolean;
  /** `-dD`. */
  readonly diagnostics: boolean;
}

/** Prints the messages of a start. The first alert or warning is preceded by what is running, as HAProxy does. */
export class StartupMessages {
  readonly #verbosity: Verbosity;
  readonly #write: (text: string) => void;
  #text: string;
  #keeping: boolean;
  #introduced: boolean;
  #warnings: number;

  constructor(verbosity: Verbosity, write: (text: string) => void) {
    this.#verbosity = verbosity;
    this.#write = write;
    this.#text = '';
    this.#keeping = true;
    this.#introduced = false;
    this.#warnings = 0;
  }

  /** Warnings said so far, printed or not. */
  get warnings(): number {
    return this.#warnings;
  }

  /** Ends the start: returns all that was said, printed or not (`show startup-logs`); what follows is not kept. */
  finish(): string {
    const text = this.#text;
    this.#text = '';
    this.#keeping = false;
    return text;
  }

  /** Messages about the configuration. */
  configuration(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) {
      if (!this.#wanted(diagnostic)) continue;
      const { severity } = diagnostic;
      if (severity === 'warning' || severity === 'diag') this.#warnings += 1;
      this.#say(formatDiagnostic(diagnostic, process.pid), severity === 'alert' || severity === 'warning');
    }
  }

  /** The same messages as text, not printed: the answer to a reload. */
  format(diagnostics: readonly Diagnostic[]): string {
    return diagnostics
      .filter((diagnostic) => this.#wanted(diagnostic))
      .map((diagnostic) => `${formatDiagnostic(diagnostic, process.pid)}\n`)
      .join('');
  }

  alert(text: string): void {
    this.#say(`[ALERT]    (${process.pid}) : ${text}`, true);
  }

  warning(text: string): void {
    this.#warnings += 1;
    this.#say(`[WARNING]  (${process.pid}) : ${text}`, true);
  }

  notice(text: string): void {
    this.#say(`[NOTICE]   (${process.pid}) : ${text}`, false);
  }

  #wanted({ severity, verbose }: Diagnostic): boolean {
    if (severity === 'diag') return this.#verbosity.diagnostics;
    return verbose !== true || this.#verbosity.verbose;
  }

  #say(line: string, grave: boolean): void {
    if (grave && !this.#introduced) {
      this.#introduced = true;
      this.notice(`haproxy version is ${HAPROXY_VERSION}`);
      this.notice(`path to executable is ${programPath()}`);
    }
    if (this.#keeping) this.#text += `${line}\n`;
    if (!this.#verbosity.quiet || this.#verbosity.verbose) this.#write(`${line}\n`);
  }
}
