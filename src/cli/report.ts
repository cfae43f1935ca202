/** `sluice check --report`: what becomes of each line of somebody's configuration here. */
import type { LoadResult } from '../config/load.ts';
import type { Diagnostic } from '../config/types.ts';

/** What a line does here, from best to worst. */
type Verdict = 'works' | 'skipped' | 'noticed' | 'warned' | 'refused';

interface Line {
  readonly verdict: Verdict;
  readonly why: readonly string[];
}

export interface Report {
  readonly text: string;
  /** Whether anything is refused: such files do not start. */
  readonly refused: boolean;
}

/** Lines longer than this are shown by their beginning. */
const MAX_SHOWN = 72;

/** The report on loaded files: every line that is no comment, with what it does here and why. */
export function report({ documents, diagnostics, remarks, skipped }: LoadResult): Report {
  const counts: Record<Verdict, number> = { works: 0, skipped: 0, noticed: 0, warned: 0, refused: 0 };
  const noticed = new Map(
    remarks.filter(({ status }) => status === 'noticed').map(({ at, why }) => [`${at.file}:${at.line}`, why]),
  );
  const passedOver = new Set(skipped.map(({ file, line }) => `${file}:${line}`));
  const said = Map.groupBy(diagnostics, ({ at }) => `${at?.file}:${at?.line}`);
  const parts: string[] = [];
  for (const document of documents) {
    parts.push(`${document.name}:\n`);
    for (const { number, words, raw } of document.lines) {
      if (words.length === 0) continue;
      const place = `${document.name}:${number}`;
      const line: Line = passedOver.has(place)
        ? { verdict: 'skipped', why: [] }
        : judge(said.get(place) ?? [], noticed.get(place));
      counts[line.verdict] += 1;
      parts.push(lineText(number, raw, line));
    }
  }
  const general = diagnostics
    .filter(({ at, severity }) => at === null && severity !== 'notice')
    .map(({ text }) => `${text}\n`);
  const refused = counts.refused > 0 || diagnostics.some(({ severity }) => severity === 'alert');
  parts.push(
    '\n',
    ...general,
    `${counts.works} lines work,${counts.skipped > 0 ? ` ${counts.skipped} are in conditions that do not hold,` : ''} ${counts.noticed} have no effect here, ${counts.warned} earn a warning, ${counts.refused} are refused\n`,
  );
  return { text: parts.join(''), refused };
}

function judge(diagnostics: readonly Diagnostic[], noticed: string | undefined): Line {
  const texts = (severity: Diagnostic['severity']) =>
    diagnostics.filter((d) => d.severity === severity).map((d) => d.text);
  const alerts = texts('alert');
  if (alerts.length > 0) return { verdict: 'refused', why: alerts };
  const warnings = texts('warning');
  if (warnings.length > 0) return { verdict: 'warned', why: warnings };
  return noticed === undefined ? { verdict: 'works', why: [] } : { verdict: 'noticed', why: [noticed] };
}

function lineText(number: number, raw: string, { verdict, why }: Line): string {
  const text = raw.replaceAll(/\\?\r?\n\s*/g, ' ').trimEnd();
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
  const reasons = why.map((reason) => `${' '.repeat(19)}-> ${reason.replaceAll('\n', ' ')}\n`);
  return `${String(number).padStart(6)}  ${verdict.padEnd(8)} ${shown}\n${reasons.join('')}`;
}
