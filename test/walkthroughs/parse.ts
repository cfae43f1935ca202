/** One fenced block of a walkthrough that the runner acts on. */
export type Step =
  | { kind: 'file'; name: string; text: string; line: number }
  | { kind: 'run' | 'commands'; text: string; expected: string | null; sluiceOnly: boolean; line: number }
  | { kind: 'terminal'; text: string; sluiceOnly: boolean; line: number };

/**
 * The steps of a Markdown file. Fences: `haproxy NAME` is a file to write; `sh run` starts the program; `sh` runs
 * commands; `text` is what the commands before it print; `terminal` is typed and read in a terminal. The word `sluice`
 * behind a fence's language marks what HAProxy has in another form or not at all.
 */
export function parse(markdown: string): Step[] {
  const steps: Step[] = [];
  const fence = /^```([^\n]+)\n([\s\S]*?)^```$/gm;
  for (const match of markdown.matchAll(fence)) {
    const [language, ...words] = (match[1] as string).trim().split(/\s+/);
    const text = match[2] as string;
    const line = markdown.slice(0, match.index).split('\n').length;
    const sluiceOnly = words.includes('sluice');
    if (language === 'haproxy') steps.push({ kind: 'file', name: words[0] ?? 'haproxy.cfg', text, line });
    else if (language === 'sh') {
      steps.push({ kind: words.includes('run') ? 'run' : 'commands', text, expected: null, sluiceOnly, line });
    } else if (language === 'terminal') steps.push({ kind: 'terminal', text, sluiceOnly, line });
    else if (language === 'text') {
      const last = steps.at(-1);
      if (last?.kind !== 'commands') throw new Error(`line ${line}: output without commands before it`);
      last.expected = text;
    }
  }
  return steps;
}

/**
 * True when `actual` is what `expected` describes, line by line: a line `...` stands for any number of lines, `…` for
 * any text within a line. Blanks at line ends do not count.
 */
export function matches(actual: string, expected: string): boolean {
  const lines = expected.replace(/\n$/, '').split('\n');
  let pattern = '';
  for (const line of lines) {
    if (line === '...') pattern += '(?:[^\n]*\n)*?';
    else pattern += `${line.trimEnd().split('…').map(escape).join('[^\n]*')}[ \t\r]*\n`;
  }
  return new RegExp(`^${pattern}$`).test(actual.endsWith('\n') ? actual : `${actual}\n`);
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
