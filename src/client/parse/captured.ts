/** A malformed message that a proxy has kept, from `show errors`. */
export interface CapturedError {
  readonly date: string;
  /** Which kind of proxy has it, its name and id. */
  readonly side: string;
  readonly proxy: string;
  readonly proxyId: number;
  readonly message: 'request' | 'response';
  /** Offset of the offending byte, null when it is not told. */
  readonly position: number | null;
  /** The facts about it, a line each. */
  readonly facts: readonly string[];
  /** The bytes as the dump writes them (`\r\n`, `\x01`), its line breaks taken out. */
  readonly dump: string;
}

/** What `show errors` answers. */
export interface CapturedErrors {
  readonly date: string;
  /** All that were ever captured; only the last of each proxy and direction is kept. */
  readonly total: number;
  readonly errors: readonly CapturedError[];
}

/** Reads `show errors`. */
export function parseErrors(text: string): CapturedErrors {
  const head = /^Total events captured on \[(.*?)\] : (\d+)/.exec(text);
  const errors = text
    .split(/\n \n/)
    .slice(1)
    .flatMap((block) => parseError(block) ?? []);
  return { date: head?.[1] ?? '', total: Number(head?.[2] ?? 0), errors };
}

function parseError(block: string): CapturedError | null {
  const [first, ...lines] = block.split('\n');
  const match = /^\[(.*?)\] (\w+) (.*) \(#(-?\d+)\): invalid (request|response)/.exec(first!);
  if (match === null) return null;
  const facts = lines.filter((line) => line.trim() !== '' && !/^ {2}\d{5}/.test(line)).map((line) => line.trim());
  const position = /error at position (\d+)/.exec(facts.join('\n'));
  return {
    date: match[1]!,
    side: match[2]!,
    proxy: match[3]!,
    proxyId: Number(match[4]),
    message: match[5] as 'request' | 'response',
    position: position === null ? null : Number(position[1]),
    facts,
    dump: lines.map((line) => /^ {2}\d{5}[ +] (.*)$/.exec(line)?.[1] ?? '').join(''),
  };
}
