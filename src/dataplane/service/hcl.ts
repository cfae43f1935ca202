/** The older form of the service's file, to be written as YAML; null when the text is not in that form. */
export function hclAsYaml(text: string): string | null {
  if (!/^\s*[\w-]+(\s+"[^"]*")?\s*\{\s*$/m.test(text)) return null;
  const lines: string[] = [];
  const open: string[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/^\s*(#|\/\/).*$/, '').trim();
    const indent = '  '.repeat(open.length);
    const block = /^([\w-]+)(?:\s+"([^"]*)")?\s*\{$/.exec(line);
    const setting = /^([\w-]+)\s*=\s*(.+?)\s*$/.exec(line);
    if (block !== null) {
      // Users are blocks with a name there, and a list here.
      const isUser = block[1] === 'user' && block[2] !== undefined;
      if (isUser) {
        if (!lines.includes(`${indent}user:`)) lines.push(`${indent}user:`);
        lines.push(`${indent}- name: ${block[2]}`);
      } else lines.push(`${indent}${block[1]}:`);
      open.push(isUser ? 'user' : block[1]!);
    } else if (line === '}') open.pop();
    else if (setting !== null) lines.push(`${indent}${setting[1]}: ${setting[2]}`);
  }
  return `${lines.join('\n')}\n`;
}
