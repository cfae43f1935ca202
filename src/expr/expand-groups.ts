/** Puts the groups of a match in place of `\0`..`\9`; `\xHH` is a byte, any other escaped char itself. */
export function expandGroups(template: string, match: RegExpExecArray): string {
  if (!template.includes('\\')) return template;
  let text = '';
  for (let i = 0; i < template.length; i++) {
    const char = template[i]!;
    const next = template[i + 1];
    if (char !== '\\' || next === undefined) {
      text += char;
      continue;
    }
    i++;
    if (next >= '0' && next <= '9') {
      text += match[Number(next)] ?? '';
    } else if (next === 'x' && /^[0-9A-Fa-f]{2}$/.test(template.slice(i + 1, i + 3))) {
      text += String.fromCharCode(Number.parseInt(template.slice(i + 1, i + 3), 16));
      i += 2;
    } else {
      text += next;
    }
  }
  return text;
}
