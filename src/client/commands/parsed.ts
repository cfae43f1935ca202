/** The lines of a text that `parse` makes something of. */
export function parsed<T>(text: string, parse: (line: string) => T | null): T[] {
  const found: T[] = [];
  for (const line of text.split('\n')) {
    const one = parse(line);
    if (one !== null) found.push(one);
  }
  return found;
}
