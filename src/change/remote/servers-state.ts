/** One line of `show servers state` (format version 1, HAProxy's state file). Bits are as there; what is `-` there is ''. */
export interface ServerLine {
  readonly backendId: number;
  readonly backend: string;
  readonly serverId: number;
  readonly server: string;
  readonly address: string;
  /** 0 stopped, 1 starting, 2 running, 3 stopping. */
  readonly operState: number;
  readonly adminState: number;
  /** What is set now, and what the configuration says. */
  readonly weight: number;
  readonly fileWeight: number;
  readonly checkState: number;
  readonly agentState: number;
  readonly fqdn: string;
  readonly port: number;
  readonly srvRecord: string;
  /** 1 TLS, 0 clear, -1 explicitly without. */
  readonly useSsl: number;
  readonly checkPort: number;
  readonly checkAddr: string;
  readonly agentAddr: string;
  readonly agentPort: number;
}

/** The lines of `show servers state`. Throws when the text is something else. HAProxy before 2.5 does not have the last three columns. */
export function serverLines(text: string): ServerLine[] {
  const lines = text.split('\n');
  if (lines[0] !== '1') throw new Error(`no state of servers in format 1: ${JSON.stringify(text.slice(0, 200))}`);
  const found: ServerLine[] = [];
  for (const line of lines) {
    if (line === '' || line === '1' || line.startsWith('#')) continue;
    const words = line.split(' ');
    if (words.length < 18) throw new Error(`a line of the servers' state was cut: ${JSON.stringify(line)}`);
    found.push(read(words));
  }
  return found;
}

function read(words: readonly string[]): ServerLine {
  const text = (column: number) => (words[column - 1] === '-' ? '' : (words[column - 1] ?? ''));
  const number = (column: number) => Number(words[column - 1] ?? 0);
  return {
    backendId: number(1),
    backend: text(2),
    serverId: number(3),
    server: text(4),
    address: text(5),
    operState: number(6),
    adminState: number(7),
    weight: number(8),
    fileWeight: number(9),
    checkState: number(14),
    agentState: number(15),
    fqdn: text(18),
    port: number(19),
    srvRecord: text(20),
    useSsl: number(21),
    checkPort: number(22),
    checkAddr: text(23),
    agentAddr: text(24),
    agentPort: number(25),
  };
}
