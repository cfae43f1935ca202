/** `sluice check --report`: for each line of somebody's file what becomes of it here. */

import { formatDiagnostic } from './diagnostics.ts';
import type { LoadResult } from './load.ts';
import type { Diagnostic } from './types.ts';

/** `left out`: by a condition (`.if`). */
export type LineStatus = 'works' | 'noticed' | 'refused' | 'left out';

export interface ReportRow {
  readonly file: string;
  readonly line: number;
  /** The line as written, without indentation and comment. */
  readonly text: string;
  readonly status: LineStatus;
  /** For `noticed` why it has no effect; for `refused` what is wrong and what to do instead; warnings too. */
  readonly notes: readonly string[];
}

export interface Report {
  /** One row for each line with a statement, in the order of the files. */
  readonly rows: readonly ReportRow[];
  readonly counts: Readonly<Record<LineStatus, number>>;
  /** What concerns no single line, as HAProxy would print it. */
  readonly general: readonly string[];
}

/**
 * The report on what `loadConfig` (with `exhaustive`) found. `diagnostics` may have more than the load itself: what other
 * rooms said of rules and expressions.
 */
export function makeReport(loaded: LoadResult, diagnostics: readonly Diagnostic[] = loaded.diagnostics): Report {
  const notes = new Map<string, { status: LineStatus; notes: string[] }>();
  const note = (key: string) => {
    const known = notes.get(key) ?? { status: 'works' as LineStatus, notes: [] };
    notes.set(key, known);
    return known;
  };
  for (const at of loaded.skipped) note(`${at.file}:${at.line}`).status = 'left out';
  for (const { at, status, keyword, why } of loaded.remarks) {
    const entry = note(`${at.file}:${at.line}`);
    if (entry.status !== 'refused') entry.status = status;
    entry.notes.push(
      status === 'noticed' ? `'${keyword}' has no effect: ${why}` : `'${keyword}' is not supported. ${why}`.trimEnd(),
    );
  }
  for (const { at, severity, text, verbose } of diagnostics) {
    if (at === null || verbose || severity === 'notice' || severity === 'diag') continue;
    const entry = note(`${at.file}:${at.line}`);
    if (severity === 'alert') entry.status = 'refused';
    if (!entry.notes.includes(text)) entry.notes.push(text);
  }
  const rows = loaded.documents.flatMap((document) =>
    document.lines
      .filter((line) => line.words.length > 0)
      .map((line): ReportRow => {
        const { status, notes: found } = notes.get(`${document.name}:${line.number}`) ?? { status: 'works', notes: [] };
        const text = line.raw.slice(line.indent.length, line.raw.length - line.comment.length).trim();
        return { file: document.name, line: line.number, text, status, notes: found };
      }),
  );
  return { rows, counts: count(rows), general: generalNotes(diagnostics) };
}

function count(rows: readonly ReportRow[]): Record<LineStatus, number> {
  const counts = { works: 0, noticed: 0, refused: 0, 'left out': 0 };
  for (const row of rows) counts[row.status]++;
  return counts;
}

/** Alerts and warnings about no line, without the closing ones that only say that there were some. */
function generalNotes(diagnostics: readonly Diagnostic[]): string[] {
  const closing = /^(Error\(s\) found in configuration file|Fatal errors found in configuration)/;
  return diagnostics.filter((d) => d.at === null && !closing.test(d.text)).map((d) => formatDiagnostic(d, process.pid));
}

/** The report as text: the lines that do not simply work, then the counts. */
export function formatReport(report: Report): string {
  const lines: string[] = [];
  for (const row of report.rows) {
    if (row.status === 'works' && row.notes.length === 0) continue;
    lines.push(
      `${row.file}:${row.line}: ${row.status}: ${row.text}`,
      ...row.notes.map((text) => `    ${text.replaceAll('\n', '\n    ')}`),
    );
  }
  lines.push(...report.general);
  const { works, noticed, refused } = report.counts;
  const leftOut = report.counts['left out'];
  lines.push(
    `${works} lines work, ${noticed} have no effect here, ${refused} are refused${leftOut > 0 ? `, ${leftOut} are left out by conditions` : ''}.`,
  );
  return `${lines.join('\n')}\n`;
}
