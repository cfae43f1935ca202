import type { JournalReader } from '../../change/journal/reader.ts';
import { shown, shownJson } from '../../util/shown.ts';
import type { AuditOptions } from './options.ts';

/** Whether the chain is whole. Resolves to 0 when it is, to 1 when it is broken. */
export async function verify(reader: JournalReader, { heads, json }: AuditOptions): Promise<number> {
  const verdict = reader.verify(heads);
  const { intact, links, first, head, problem } = verdict;
  const end = `${head.seq}:${head.hash}`;
  if (json) process.stdout.write(`${shownJson(verdict)}\n`);
  else if (problem !== null) process.stdout.write(`broken at entry ${problem.seq}: ${shown(problem.text)}\n`);
  else
    process.stdout.write(
      `intact: ${links} entries, ${first} to ${head.seq}; keep the end elsewhere and check it later: --head ${end}\n`,
    );
  return intact ? 0 : 1;
}
