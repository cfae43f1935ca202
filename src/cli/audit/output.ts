import { once } from 'node:events';

/** Writes lines to the standard output, as fast as they are taken. Resolves to false when nobody reads any more. */
export async function writeLines(lines: Iterable<string>): Promise<boolean> {
  const { stdout } = process;
  let gone = false;
  stdout.on('error', () => {
    gone = true;
  });
  let text = '';
  for (const line of lines) {
    text += `${line}\n`;
    if (text.length < 65_536) continue;
    if (!stdout.write(text)) await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]).catch(() => {});
    text = '';
    if (gone) return false;
  }
  if (text !== '') await new Promise((resolve) => stdout.write(text, resolve));
  return !gone;
}
