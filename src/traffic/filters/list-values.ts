import type { Head } from '../h1/head.ts';

/** Values of a field that is a list, over all its lines: parted at commas outside of quotes, without the blanks around them. */
export function listValues(head: Head, name: string): string[] {
  const values: string[] = [];
  for (let i = head.findHeader(name, 0); i >= 0; i = head.findHeader(name, i + 1)) {
    const text = head.headerValue(i);
    if (!text.includes('"')) for (const part of text.split(',')) values.push(trim(part));
    else for (const [part] of text.matchAll(PARTS)) values.push(trim(part));
  }
  return values;
}

const PARTS = /(?:"(?:\\.|[^"\\])*"?|[^",])+/g;

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
